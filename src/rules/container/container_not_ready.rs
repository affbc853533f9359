//! # container-not-ready
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD510.
pub static RULE: Rule = Rule {
    code: "DD510",
    name: "container-not-ready",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("container_not_ready.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
