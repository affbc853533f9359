//! # remote-silent
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD912.
pub static RULE: Rule = Rule {
    code: "DD912",
    name: "remote-silent",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("remote_silent.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
