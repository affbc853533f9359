//! # tls-expected
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD601.
pub static RULE: Rule = Rule {
    code: "DD601",
    name: "tls-expected",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("tls_expected.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
