//! # host-not-allowed
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD606.
pub static RULE: Rule = Rule {
    code: "DD606",
    name: "host-not-allowed",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("host_not_allowed.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
