//! # busy
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD403.
pub static RULE: Rule = Rule {
    code: "DD403",
    name: "busy",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("busy.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
