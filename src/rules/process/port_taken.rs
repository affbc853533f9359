//! # port-taken
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD409.
pub static RULE: Rule = Rule {
    code: "DD409",
    name: "port-taken",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("port_taken.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
