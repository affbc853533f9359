//! # A proxy takes the requests for this machine
//!
//! ## What happened
//!
//! The server answers when it is asked directly. A proxy variable of the environment
//! sends requests for it through a proxy first.
//!
//! ## Why
//!
//! To a proxy on another machine, `localhost` is that other machine: it answers 502,
//! 503 or 403, or with somebody else's page. `NO_PROXY` should except this machine,
//! and is missing or in a form that this client does not read: for curl, `localhost`
//! does not cover `127.0.0.1`. Browsers and Go never ask a proxy for `localhost`, so
//! it works there and fails in curl and Python.
//!
//! ## What to do
//!
//! Put `localhost`, `127.0.0.1` and `::1` into `NO_PROXY`.

use crate::findings::{Confidence, Evidence, Finding, Seen, Severity, Verdict};
use crate::rules::{Case, Rule, evidence};

use crate::rules::proxies::{
    authority, except_localhost, no_proxy_evidence, proxy, unset, variable_evidence,
};

/// DD712.
pub static RULE: Rule = Rule {
    code: "DD712",
    name: "proxy-in-the-way",
    severity: Severity::Warning,
    since: "0.1.0",
    unless: &[&super::proxy_unreachable::RULE],
    settle: 2,
    check,
    source: include_str!("proxy_in_the_way.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let direct = matches!(case.verdict(), Verdict::Reachable | Verdict::ErrorStatus);
    if !direct || !case.on_this_machine() {
        return None;
    }
    let applies = proxy(case)?;
    let variable = applies.variable;
    if variable.reachable == Some(false) {
        return None;
    }
    let host = &case.target.host;
    let there = authority(variable);
    let proxy_here = variable.host.eq_ignore_ascii_case("localhost")
        || variable
            .host
            .parse()
            .is_ok_and(|ip| case.is_local(ip) == Some(true));
    // A proxy on this machine means the same by `localhost` as we do.
    let (confidence, severity) = if proxy_here {
        (Confidence::Possible, Severity::Info)
    } else {
        (applies.confidence, Severity::Warning)
    };
    let mut finding = Finding::new(
        confidence,
        format!(
            "{} sends requests for {host} through the proxy {there}",
            variable.name
        ),
    )
    .severity(severity)
    .because(variable_evidence(variable))
    .because(no_proxy_evidence(case))
    .because_all(case.probes().map(evidence::probe));
    if variable.name == "HTTP_PROXY" {
        finding = finding.because(Evidence::new(
            "curl ignores HTTP_PROXY in capitals; Python and others obey it",
            Seen::Environment {
                variable: variable.name.clone(),
            },
        ));
    }
    Some(
        finding
            .fix(except_localhost(case))
            .fix(unset("or use no proxy, in this shell", variable)),
    )
}
