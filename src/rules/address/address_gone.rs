//! # address-gone
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD305.
pub static RULE: Rule = Rule {
    code: "DD305",
    name: "address-gone",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("address_gone.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
