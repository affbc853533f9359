//! # container-restarting
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD508.
pub static RULE: Rule = Rule {
    code: "DD508",
    name: "container-restarting",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("container_restarting.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
