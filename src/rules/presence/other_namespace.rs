//! # other-namespace
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD212.
pub static RULE: Rule = Rule {
    code: "DD212",
    name: "other-namespace",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("other_namespace.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
