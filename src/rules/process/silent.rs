//! # silent
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD407.
pub static RULE: Rule = Rule {
    code: "DD407",
    name: "silent",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("silent.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
