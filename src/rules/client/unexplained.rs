//! # It fails, and devdoctor cannot say why
//!
//! ## What happened
//!
//! The connection failed, and none of the causes that devdoctor knows fits
//! everything that was seen.
//!
//! ## Why
//!
//! Either the cause is one that devdoctor does not know yet, or a fact that
//! would give it away could not be seen. The report lists what was ruled out,
//! and by which fact.
//!
//! ## What to do
//!
//! Run `devdoctor why -v` to see every look that was made. If you find the
//! cause, a report with the output of `devdoctor snapshot` attached makes it a
//! cause that devdoctor knows.

use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity, Verdict};
use crate::rules::{Case, Rule, evidence, ruled_out};

/// DD999.
pub static RULE: Rule = Rule {
    code: "DD999",
    name: "unexplained",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 5,
    check,
    source: include_str!("unexplained.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let verdict = case.verdict();
    if case.explained() || matches!(verdict, Verdict::Reachable | Verdict::NotDialled) {
        return None;
    }
    let there = case.target.authority();
    let says = match verdict {
        Verdict::Unresolved => format!("the name {} could not be resolved", case.target.host),
        _ => format!(
            "{there} fails ({}), and no cause that devdoctor knows fits",
            verdict.word()
        ),
    };
    let excluded = ruled_out::all(case).into_iter().map(|ruled_out| {
        Evidence::new(
            format!("not the {}: {}", ruled_out.what, ruled_out.by),
            Seen::Kernel {
                what: ruled_out.what.clone(),
            },
        )
    });
    let finding = Finding::new(Confidence::Possible, says)
        .because_all(case.probes().map(evidence::probe))
        .because_all(excluded)
        .fix(Fix::safe(
            "see every look that was made",
            ["devdoctor", "why", "-v", &case.target.input],
        ));
    Some(finding)
}
