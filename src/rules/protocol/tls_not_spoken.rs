//! # tls-not-spoken
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD602.
pub static RULE: Rule = Rule {
    code: "DD602",
    name: "tls-not-spoken",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("tls_not_spoken.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
