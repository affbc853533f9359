//! # container-exited
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD506.
pub static RULE: Rule = Rule {
    code: "DD506",
    name: "container-exited",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("container_exited.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
