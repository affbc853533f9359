//! # remote-refuses
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD911.
pub static RULE: Rule = Rule {
    code: "DD911",
    name: "remote-refuses",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("remote_refuses.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
