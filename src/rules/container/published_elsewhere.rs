//! # published-elsewhere
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD502.
pub static RULE: Rule = Rule {
    code: "DD502",
    name: "published-elsewhere",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("published_elsewhere.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
