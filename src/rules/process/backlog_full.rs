//! # backlog-full
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD404.
pub static RULE: Rule = Rule {
    code: "DD404",
    name: "backlog-full",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("backlog_full.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
