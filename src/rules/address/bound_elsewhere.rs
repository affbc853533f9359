//! # bound-elsewhere
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD304.
pub static RULE: Rule = Rule {
    code: "DD304",
    name: "bound-elsewhere",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("bound_elsewhere.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
