//! # hosts-entry
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD103.
pub static RULE: Rule = Rule {
    code: "DD103",
    name: "hosts-entry",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("hosts_entry.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
