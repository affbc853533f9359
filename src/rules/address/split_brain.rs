//! # split-brain
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD306.
pub static RULE: Rule = Rule {
    code: "DD306",
    name: "split-brain",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("split_brain.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
