//! # not-http
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD605.
pub static RULE: Rule = Rule {
    code: "DD605",
    name: "not-http",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("not_http.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
