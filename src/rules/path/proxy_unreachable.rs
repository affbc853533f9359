//! # The proxy of the environment does not answer
//!
//! ## What happened
//!
//! A proxy variable (`http_proxy`, `HTTPS_PROXY`, `ALL_PROXY`) sends requests for
//! this target through a proxy, and nothing answers at the proxy's address. Programs
//! that obey the variable fail with an error that names the proxy, not the target.
//!
//! ## Why
//!
//! The proxy was stopped, or its tunnel ended, and the variable stayed. curl, Python
//! and many others obey it even for `localhost`. Browsers and Go do not, so the same
//! URL works there.
//!
//! ## What to do
//!
//! Start the proxy, or unset the variable where it is set: shell profile, IDE, CI.

use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity, Verdict};
use crate::rules::{Case, Rule, evidence};

use crate::rules::proxies::{
    authority, except_localhost, proxy, setting_authority, setting_evidence, settings, unset,
    unset_setting, variable_evidence, web, who_obeys,
};

/// DD711.
pub static RULE: Rule = Rule {
    code: "DD711",
    name: "proxy-unreachable",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("proxy_unreachable.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let here = case.on_this_machine();
    let direct = matches!(case.verdict(), Verdict::Reachable | Verdict::ErrorStatus);
    // A failure on this machine has its own cause, proxy or not.
    if here && !direct {
        return None;
    }
    let severity = if direct {
        Severity::Warning
    } else {
        Severity::Error
    };
    dead(case)
        .or_else(|| no_address(case))
        .map(|finding| finding.severity(severity))
        // What one program is told of is no matter of the others.
        .or_else(|| by_setting(case).map(|finding| finding.severity(Severity::Warning)))
}

/// A tool, or the desktop, was told of a proxy that does not answer.
fn by_setting(case: &Case) -> Option<Finding> {
    if !case.probes().any(Case::content) {
        return None;
    }
    let one = settings(case).find(|one| one.reachable == Some(false))?;
    let there = setting_authority(one);
    let says = format!(
        "{} sends requests for {} through {there}, where no proxy answers",
        one.by.words(),
        case.target.host
    );
    Some(
        Finding::new(Confidence::Likely, says)
            .because(setting_evidence(one))
            .because_all(case.probes().map(evidence::probe))
            .fix(Fix::read(
                "start the proxy",
                format!("start what should listen at {there}, then try again"),
            ))
            .fix(unset_setting(one)),
    )
}

/// The proxy was knocked at, and does not answer.
fn dead(case: &Case) -> Option<Finding> {
    let applies = proxy(case)?;
    let variable = applies.variable;
    if variable.reachable != Some(false) {
        return None;
    }
    let there = authority(variable);
    let mut finding = Finding::new(
        applies.confidence,
        format!(
            "{} sends requests for {} through {there}, where no proxy answers",
            variable.name, case.target.host
        ),
    )
    .because(variable_evidence(variable))
    .because(who_obeys(case, &applies))
    .because(Evidence::new(
        format!("nothing answers at {there}"),
        Seen::Environment {
            variable: variable.name.clone(),
        },
    ))
    .because_all(case.probes().map(evidence::probe));
    let start = Fix::read(
        "start the proxy",
        format!("start what should listen at {there}, then try again"),
    );
    finding = if case.on_this_machine() {
        finding
            .fix(except_localhost(case))
            .fix(unset("or use no proxy, in this shell", variable))
    } else {
        finding
            .fix(start)
            .fix(unset("or use no proxy, in this shell", variable))
    };
    Some(finding)
}

/// The variable's value is no address of a proxy.
fn no_address(case: &Case) -> Option<Finding> {
    let (_, secure) = web(case)?;
    let concerns = |name: &&String| {
        let name = name.to_ascii_lowercase();
        let own = if secure { "https_proxy" } else { "http_proxy" };
        name == own || name == "all_proxy"
    };
    let name = case.facts.host.bad_proxies.iter().find(concerns)?;
    Some(
        Finding::new(
            Confidence::Likely,
            format!("{name} is set to something that is no address of a proxy"),
        )
        .because(Evidence::new(
            format!("the value of {name} cannot be read as a URL"),
            Seen::Environment {
                variable: name.clone(),
            },
        ))
        .fix(Fix::safe("use no proxy, in this shell", ["unset", name])),
    )
}
