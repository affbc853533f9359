//! # proxy-unreachable
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD711.
pub static RULE: Rule = Rule {
    code: "DD711",
    name: "proxy-unreachable",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("proxy_unreachable.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
