//! # proxy-in-the-way
//!
//! ## What happened
//!
//! ## Why
//!
//! ## What to do

use crate::findings::{Finding, Severity};
use crate::rules::{Case, Rule};

/// DD712.
pub static RULE: Rule = Rule {
    code: "DD712",
    name: "proxy-in-the-way",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("proxy_in_the_way.rs"),
};

fn check(_case: &Case) -> Option<Finding> {
    None
}
