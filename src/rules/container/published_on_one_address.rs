//! # published-on-one-address
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD505.
pub static RULE: Rule = Rule {
    code: "DD505",
    name: "published-on-one-address",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("published_on_one_address.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
