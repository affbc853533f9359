//! # out-of-file-descriptors
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD405.
pub static RULE: Rule = Rule {
    code: "DD405",
    name: "out-of-file-descriptors",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("out_of_file_descriptors.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
