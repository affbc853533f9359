//! # crash-looping
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD213.
pub static RULE: Rule = Rule {
    code: "DD213",
    name: "crash-looping",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("crash_looping.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
