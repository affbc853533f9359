//! # unsafe-port
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD901.
pub static RULE: Rule = Rule {
    code: "DD901",
    name: "unsafe-port",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("unsafe_port.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
