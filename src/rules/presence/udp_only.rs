//! # udp-only
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD209.
pub static RULE: Rule = Rule {
    code: "DD209",
    name: "udp-only",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("udp_only.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
