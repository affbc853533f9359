//! # not-published
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD501.
pub static RULE: Rule = Rule {
    code: "DD501",
    name: "not-published",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("not_published.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
