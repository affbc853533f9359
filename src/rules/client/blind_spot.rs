//! # blind-spot
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD990.
pub static RULE: Rule = Rule {
    code: "DD990",
    name: "blind-spot",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("blind_spot.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
