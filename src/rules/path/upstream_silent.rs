//! # A proxy waits for a server behind it that says nothing
//!
//! ## What happened
//!
//! A reverse proxy, or the proxy of a development server, took the request. The
//! server to which it passes requests on says nothing, so the proxy says nothing
//! either, or gives up with 504.
//!
//! ## Why
//!
//! The server behind it hangs: it waits for a database or a lock, it is stopped, it
//! is busy, or something drops the packets on the way to it. The proxy itself is
//! well, and a longer time-out there would only let clients wait longer.
//!
//! ## What to do
//!
//! Mend the server behind it.

use crate::facts::{Carries, Outcome, Probe};
use crate::findings::{Confidence, Finding, Severity};
use crate::rules::process::{backlog_full, busy, out_of_file_descriptors, suspended};
use crate::rules::{Case, Rule, evidence, onward, protocol};

/// DD722.
pub static RULE: Rule = Rule {
    code: "DD722",
    name: "upstream-silent",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &super::sandboxed::RULE,
        &suspended::RULE,
        &out_of_file_descriptors::RULE,
        &busy::RULE,
        &backlog_full::RULE,
        &protocol::tls_expected::RULE,
        &protocol::tls_not_spoken::RULE,
        &protocol::not_http::RULE,
        &super::upstream_refused::RULE,
    ],
    settle: 10,
    check,
    source: include_str!("upstream_silent.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let (probe, status) = tells(case)?;
    let nexts = onward::all(case, Carries::Requests);
    let next = nexts
        .iter()
        .find(|next| next.is_silent() || next.is_between(&["upstream-silent"]))?;
    let listener = case.listener_for(probe.to.ip());
    let answers = match status {
        Some(status) => format!("answers HTTP {status}"),
        None => "says nothing".to_owned(),
    };
    let says = format!(
        "{} {answers} on port {}: its upstream {} {}",
        onward::who(case, listener),
        case.port(),
        onward::words(next.place),
        next.does()
    );
    let confidence = if nexts.len() == 1 {
        Confidence::Likely
    } else {
        Confidence::Possible
    };
    let told = match probe.greeting.seen() {
        Some(greeting) => protocol::said(probe, greeting),
        None => evidence::probe(probe),
    };
    Some(
        Finding::new(confidence, says)
            .because(told)
            .because_all(listener.map(|one| evidence::listener(case, one)))
            .because_all(next.evidence(case))
            .fix_all(next.fixes(case)),
    )
}

/// The answer, or the silence, that may be about another server.
fn tells<'a>(case: &Case<'a>) -> Option<(&'a Probe, Option<u16>)> {
    let answer = case.greeting().and_then(|(probe, greeting)| {
        let status = greeting.http.as_ref()?.status;
        matches!(status, 502..=504).then_some((probe, Some(status)))
    });
    answer.or_else(|| Some((case.probe_that(Outcome::Silent)?, None)))
}
