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

use crate::findings::{Confidence, Finding, Severity, Verdict};
use crate::rules::{Case, Rule, evidence};

use crate::rules::proxies::{
    authority, except_localhost, no_proxy_evidence, proxy, setting_authority, setting_evidence,
    settings, unset, unset_setting, variable_evidence, who_obeys,
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
    by_environment(case).or_else(|| by_setting(case))
}

/// A desktop, or Java, has a proxy for a name of this machine.
fn by_setting(case: &Case) -> Option<Finding> {
    let one = settings(case).find(|one| one.reachable != Some(false))?;
    let (who, host) = (one.by.words(), &case.target.host);
    let says = match one.script {
        true => format!("{who} asks a script (PAC) which proxy to use for {host}: it was not run"),
        false => {
            let there = setting_authority(one);
            format!("{who} sends requests for {host} through the proxy {there}")
        }
    };
    Some(
        Finding::new(Confidence::Possible, says)
            .severity(Severity::Info)
            .because(setting_evidence(one))
            .because_all(case.probes().map(evidence::probe))
            .fix(unset_setting(one)),
    )
}

fn by_environment(case: &Case) -> Option<Finding> {
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
    let finding = Finding::new(
        confidence,
        format!(
            "{} sends requests for {host} through the proxy {there}",
            variable.name
        ),
    )
    .severity(severity)
    .because(variable_evidence(variable))
    .because(no_proxy_evidence(case, &applies))
    .because(who_obeys(case, &applies))
    .because_all(case.probes().map(evidence::probe));
    Some(
        finding
            .fix(except_localhost(case))
            .fix(unset("or use no proxy, in this shell", variable)),
    )
}
