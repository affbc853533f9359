//! # loopback-inside
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD503.
pub static RULE: Rule = Rule {
    code: "DD503",
    name: "loopback-inside",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("loopback_inside.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
