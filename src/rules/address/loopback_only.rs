//! # loopback-only
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD302.
pub static RULE: Rule = Rule {
    code: "DD302",
    name: "loopback-only",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("loopback_only.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
