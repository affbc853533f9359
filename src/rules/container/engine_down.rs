//! # engine-down
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD511.
pub static RULE: Rule = Rule {
    code: "DD511",
    name: "engine-down",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("engine_down.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
