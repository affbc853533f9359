//! # closes-at-once
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD408.
pub static RULE: Rule = Rule {
    code: "DD408",
    name: "closes-at-once",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("closes_at_once.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
