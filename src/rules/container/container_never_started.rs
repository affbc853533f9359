//! # container-never-started
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD507.
pub static RULE: Rule = Rule {
    code: "DD507",
    name: "container-never-started",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("container_never_started.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
