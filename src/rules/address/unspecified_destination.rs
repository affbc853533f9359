//! # unspecified-destination
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD308.
pub static RULE: Rule = Rule {
    code: "DD308",
    name: "unspecified-destination",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("unspecified_destination.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
