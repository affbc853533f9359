//! # ipv6-disabled
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD307.
pub static RULE: Rule = Rule {
    code: "DD307",
    name: "ipv6-disabled",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("ipv6_disabled.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
