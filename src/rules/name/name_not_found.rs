//! # name-not-found
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD101.
pub static RULE: Rule = Rule {
    code: "DD101",
    name: "name-not-found",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("name_not_found.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
