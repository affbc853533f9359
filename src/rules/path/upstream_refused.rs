//! # A proxy answers, and the server behind it refuses
//!
//! ## What happened
//!
//! A reverse proxy, or the proxy of a development server, took the request and
//! answered with 502, 503, 504 or 500: the server to which it passes requests on
//! refuses connections, or hangs up.
//!
//! ## Why
//!
//! The server behind it does not run, listens on another port than the proxy's
//! configuration says, or only on the other one of `127.0.0.1` and `::1`. The proxy
//! itself is well. What is wrong with the server behind it is found in the same way
//! as for any port, and told here.
//!
//! ## What to do
//!
//! Mend the server behind it. If it has another port by now, change the proxy's
//! configuration.

use crate::facts::Carries;
use crate::findings::{Confidence, Finding, Severity};
use crate::rules::onward::{self, Next};
use crate::rules::{Case, Rule, evidence, protocol};

/// DD721.
pub static RULE: Rule = Rule {
    code: "DD721",
    name: "upstream-refused",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &super::sandboxed::RULE,
        &protocol::tls_expected::RULE,
        &protocol::tls_not_spoken::RULE,
        &protocol::not_http::RULE,
        &protocol::host_not_allowed::RULE,
    ],
    settle: 5,
    check,
    source: include_str!("upstream_refused.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let (probe, greeting) = case.greeting()?;
    let status = greeting.http.as_ref()?.status;
    if !matches!(status, 500 | 502..=504) {
        return None;
    }
    let nexts = onward::all(case, Carries::Requests);
    let broken = |next: &&Next| next.refuses() || next.is_between(&["upstream-refused"]);
    // A server that works may fail by itself: only where there is no such one is it clear.
    let all = nexts.iter().all(|next| broken(&next));
    if status == 500 && !all {
        return None;
    }
    let next = nexts.iter().find(broken)?;
    let listener = case.listener_for(probe.to.ip());
    let says = format!(
        "{} answers HTTP {status} on port {}: its upstream {} {}",
        onward::who(case, listener),
        case.port(),
        onward::words(next.place),
        next.does()
    );
    let confidence = if all {
        Confidence::Likely
    } else {
        Confidence::Possible
    };
    Some(
        Finding::new(confidence, says)
            .because(protocol::said(probe, greeting))
            .because_all(listener.map(|one| evidence::listener(case, one)))
            .because_all(next.evidence(case))
            .fix_all(next.fixes(case)),
    )
}
