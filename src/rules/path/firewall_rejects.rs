//! # firewall-rejects
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD701.
pub static RULE: Rule = Rule {
    code: "DD701",
    name: "firewall-rejects",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("firewall_rejects.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
