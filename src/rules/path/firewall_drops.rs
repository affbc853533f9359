//! # firewall-drops
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD702.
pub static RULE: Rule = Rule {
    code: "DD702",
    name: "firewall-drops",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("firewall_drops.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
