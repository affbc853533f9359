//! # error-status
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD607.
pub static RULE: Rule = Rule {
    code: "DD607",
    name: "error-status",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("error_status.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
