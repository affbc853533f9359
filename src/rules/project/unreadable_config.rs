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
    let broken = survey.claims.broken.first()?;
    Some(of(&survey, broken))
}

pub(in crate::rules) fn all(survey: &Survey) -> Vec<Finding> {
    let broken = survey.claims.broken.iter();
    broken.map(|broken| of(survey, broken)).collect()
}

fn of(survey: &Survey, broken: &BrokenFile) -> Finding {
    let file = &broken.origin.file;
    let what = &broken.what;
    let place = survey.place(&broken.origin).to_string();
    let says = format!("{file} cannot be read: {what}");
    let fact = match broken.origin.line {
        0 => format!("{file}: {what}"),
        _ => format!("{}: {what}", broken.origin),
    };
    Finding::new(Confidence::Certain, says)
        .at(&broken.origin)
        .because(Evidence::new(fact, survey.place(&broken.origin)))
        .fix(Fix::read(
            format!("mend {place}"),
            format!("what {file} says of ports is not known until it can be read"),
        ))
}
