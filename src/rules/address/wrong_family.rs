//! # wrong-family
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD301.
pub static RULE: Rule = Rule {
    code: "DD301",
    name: "wrong-family",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("wrong_family.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
