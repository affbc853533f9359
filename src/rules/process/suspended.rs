//! # suspended
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD401.
pub static RULE: Rule = Rule {
    code: "DD401",
    name: "suspended",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("suspended.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
