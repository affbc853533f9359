//! # v6-only-wildcard
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD303.
pub static RULE: Rule = Rule {
    code: "DD303",
    name: "v6-only-wildcard",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("v6_only_wildcard.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
