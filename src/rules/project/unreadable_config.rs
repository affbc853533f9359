//! # A file of the project cannot be read
//!
//! ## What happened
//!
//! A file that says which ports your servers have could not be read, or not to
//! its end: what it says, devdoctor does not know, and the tool that needs it
//! will stumble over it, too.
//!
//! ## Why
//!
//! Mostly a bracket or a quote is missing, an indent is wrong, or the file was
//! left half merged. Some files are no text, are too large, or may not be read by
//! this user.
//!
//! ## What to do
//!
//! Open the file at the line that is named and mend it, then ask again.

use crate::facts::BrokenFile;
use crate::findings::{Confidence, Evidence, Finding, Fix, Severity};
use crate::rules::{Case, Rule, Survey};

use super::{fails, survey};

/// DD805.
pub static RULE: Rule = Rule {
    code: "DD805",
    name: "unreadable-config",
    severity: Severity::Warning,
    since: "0.1.0",
    unless: &[],
    settle: 5,
    check,
    source: include_str!("unreadable_config.rs"),
};

/// Where the broken file may be the one that says who should be here.
fn check(case: &Case) -> Option<Finding> {
    let survey = survey(case)?;
    let said = survey.claims.expecting(case.port()).next().is_some();
    if said || !fails(case) {
        return None;
    }
    survey.claims.broken.first().map(of)
}

pub(in crate::rules) fn all(survey: &Survey) -> Vec<Finding> {
    survey.claims.broken.iter().map(of).collect()
}

fn of(broken: &BrokenFile) -> Finding {
    let file = &broken.origin.file;
    let place = match broken.origin.line {
        0 => file.clone(),
        _ => broken.origin.to_string(),
    };
    Finding::new(
        Confidence::Certain,
        format!("{file} cannot be read: {}", broken.what),
    )
    .at(&broken.origin)
    .because(Evidence::new(
        format!("{place}: {}", broken.what),
        Survey::seen_at(&broken.origin),
    ))
    .fix(Fix::read(
        format!("mend {place}"),
        format!(
            "{}; until then it is not known what {file} says of ports",
            broken.what
        ),
    ))
}
