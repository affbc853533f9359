//! # It answers, with an error status
//!
//! ## What happened
//!
//! The connection works from end to end: the server answered the request, with an
//! HTTP error status, or a database with an error of its own.
//!
//! ## Why
//!
//! A status in the four hundreds is about the request: the path, the login, the
//! permission. In the five hundreds it is about the server: its program failed
//! (500), or it is a proxy whose own server does not answer (502, 503, 504). A
//! database that starts, is full, or does not let this client in says so in its own
//! protocol.
//!
//! ## What to do
//!
//! For 4xx, check the path and the login. For 500, read the server's log. For 502,
//! 503 and 504, diagnose the server behind the proxy: `devdoctor why` with its port.

use crate::facts::{Http, Outcome, TunnelService};
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::{Case, Rule, client, container, evidence, path, process};

use super::said;

/// DD607.
pub static RULE: Rule = Rule {
    code: "DD607",
    name: "error-status",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &path::sandboxed::RULE,
        &client::captive_portal::RULE,
        &super::tls_expected::RULE,
        &super::tls_not_spoken::RULE,
        &super::http2_only::RULE,
        &super::not_http::RULE,
        &super::host_not_allowed::RULE,
        &path::upstream_refused::RULE,
        &path::upstream_silent::RULE,
        &path::dead_tunnel::RULE,
        &process::system_service_holds_port::RULE,
        &super::headers_too_large::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("error_status.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    super::refusal::find(case).or_else(|| status(case))
}

fn status(case: &Case) -> Option<Finding> {
    let (probe, greeting) = case.greeting()?;
    let http = greeting.http.as_ref().filter(|http| http.status >= 400)?;
    let port = case.port();
    let status = http.status;
    let (severity, says) = match status {
        403 if is_airplay(http) => (
            Severity::Warning,
            format!("AirPlay of macOS answers on port {port}, not a server of yours"),
        ),
        400..=499 => (
            Severity::Info,
            format!(
                "port {port} answers, with HTTP {status} ({}): the connection is fine",
                words(status)
            ),
        ),
        502 | 504 => (
            Severity::Error,
            format!(
                "{} answers on port {port} with HTTP {status}: the server behind it does not \
                 answer{}",
                speaker(http),
                if status == 504 { " in time" } else { "" }
            ),
        ),
        503 => (
            Severity::Error,
            format!(
                "{} answers on port {port} with HTTP 503: it, or the server behind it, is not \
                 ready",
                speaker(http)
            ),
        ),
        _ => (
            Severity::Warning,
            format!(
                "port {port} answers, with HTTP {status}: the connection is fine, the server's \
                 program failed"
            ),
        ),
    };
    // What the server's container calls in vain is why: its answer only shows it.
    let severity = match calls_in_vain(case) {
        true => Severity::Info,
        false => severity,
    };
    // Another address may have answered better, where what it said could not be heard.
    // So may the server behind it, if there is one.
    let by_itself = case.facts.onward.seen().is_some_and(|list| list.is_empty());
    // A network that wants a login first says it with 511, in the name of every host.
    // And the public end of a tunnel says so of a server that it cannot reach.
    let another = matches!(status, 500 | 502..=504) && !by_itself
        || status == 511
        || TunnelService::of_answer(http).is_some();
    let confidence = if another {
        Confidence::Likely
    } else if case
        .probes_that(Outcome::Answered)
        .all(|other| other.greeting.is_seen())
    {
        case.hearing()
    } else {
        Confidence::Likely
    };
    let mut finding = Finding::new(confidence, says)
        .severity(severity)
        .because(said(probe, greeting));
    if let Some(listener) = case.listener_for(probe.to.ip()) {
        finding = finding.because(evidence::listener(case, listener));
    }
    Some(finding.fix(fix(case, http)))
}

/// Whether an earlier rule has found whom the server's container calls in vain.
fn calls_in_vain(case: &Case) -> bool {
    let causes = [
        &container::localhost_inside_container::RULE,
        &container::host_service_on_loopback::RULE,
        &container::dependency_not_ready::RULE,
    ];
    let told = |code: &str| causes.iter().any(|cause| cause.code == code);
    case.spoken().iter().any(|finding| told(&finding.code))
}

/// The name of whoever wrote the answer.
fn speaker(http: &Http) -> String {
    match (&http.server, &http.via) {
        (Some(server), _) => server.clone(),
        (None, Some(via)) => format!("a proxy ({via})"),
        (None, None) if http.status == 503 => "the server".to_owned(),
        (None, None) => "a proxy".to_owned(),
    }
}

fn is_airplay(http: &Http) -> bool {
    let server = http.server.as_deref().unwrap_or_default();
    server.starts_with("AirTunes")
}

fn words(status: u16) -> &'static str {
    match status {
        400 => "bad request",
        401 => "a login is needed",
        403 => "forbidden",
        404 => "there is nothing at this path",
        405 => "the method is not allowed",
        407 => "the proxy wants a login",
        421 => "wrong server for this name",
        426 => "it wants another protocol, such as WebSocket",
        429 => "too many requests",
        _ => "a fault of the request",
    }
}

fn fix(case: &Case, http: &Http) -> Fix {
    match http.status {
        403 if is_airplay(http) => Fix::read(
            "free the port",
            "switch off AirPlay Receiver in System Settings, General, AirDrop & Handoff; or \
             use another port",
        ),
        403 if http.server.as_deref() == Some("MinIO") => Fix::read(
            "look at MinIO's console instead",
            "this port is for S3 clients, not for browsers: the console has the port that \
             `--console-address` gives it, 9001 as a rule",
        ),
        404 => {
            let path = case.target.path.as_deref().unwrap_or("/");
            Fix::read(
                "check the path",
                format!("the server runs and has nothing at {path}: check the path of the URL"),
            )
        }
        401 | 403 | 407 => Fix::read(
            "check the login",
            "the server runs and wants to know who asks: check the login or the token",
        ),
        400..=499 => Fix::read(
            "check the request",
            "the server runs: check the path, the method and the headers of the request",
        ),
        502..=504 => Fix::read(
            "diagnose the server behind it",
            "find the address of the server behind it in the proxy's config, and ask \
             `devdoctor why` about that",
        ),
        _ => Fix::read(
            "read the server's log",
            "the server runs and its program failed: read its log",
        ),
    }
}
