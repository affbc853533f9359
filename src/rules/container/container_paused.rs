//! # container-paused
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD509.
pub static RULE: Rule = Rule {
    code: "DD509",
    name: "container-paused",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("container_paused.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
