//! # wrong-container-port
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD504.
pub static RULE: Rule = Rule {
    code: "DD504",
    name: "wrong-container-port",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("wrong_container_port.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
