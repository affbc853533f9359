//! # orphan
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD410.
pub static RULE: Rule = Rule {
    code: "DD410",
    name: "orphan",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("orphan.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
