//! # The server speaks plain HTTP, and was asked over TLS
//!
//! ## What happened
//!
//! The connection is fine. A TLS greeting (`https://`) was sent, and the answer is
//! plain HTTP. Browsers show `ERR_SSL_PROTOCOL_ERROR`, curl `wrong version number`.
//!
//! ## Why
//!
//! A port speaks one of the two, and this server was started without TLS. If you
//! typed `http://` and your browser made `https://` of it, it remembers that from
//! another project on the same host (HSTS), or from a redirect that it keeps.
//!
//! ## What to do
//!
//! Use `http://`. If the browser insists on `https://`, try a private window; in
//! Chrome, delete the host at `chrome://net-internals/#hsts`.

use crate::facts::{Greeting, Protocol, Scheme};
use crate::findings::{Finding, Fix, Severity};
use crate::rules::{Case, Rule, client, evidence};

use super::{said, twin, with_scheme};

/// DD602.
pub static RULE: Rule = Rule {
    code: "DD602",
    name: "tls-not-spoken",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[&client::captive_portal::RULE],
    settle: 2,
    check,
    source: include_str!("tls_not_spoken.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let (probe, greeting) = case.greeting()?;
    if greeting.asked != Protocol::Tls || !is_plain_http(greeting) {
        return None;
    }
    let target = case.target;
    let scheme = match twin(target.scheme) {
        Scheme::Ws => Scheme::Ws,
        _ => Scheme::Http,
    };
    let url = with_scheme(target, scheme);
    let port = case.port();
    // Where nobody said https://, only the number of the port did: nothing is wrong.
    let (says, severity) = match target.scheme {
        Some(asked) => (
            format!(
                "port {port} speaks plain HTTP, and was asked over TLS ({}://)",
                asked.word()
            ),
            Severity::Error,
        ),
        None => (
            format!("port {port} speaks plain HTTP, where TLS (https://) is usual"),
            Severity::Info,
        ),
    };
    let mut finding = Finding::new(case.hearing(), says)
        .severity(severity)
        .because(evidence::probe(probe))
        .because(said(probe, greeting));
    if let Some(listener) = case.listener_for(probe.to.ip()) {
        finding = finding.because(evidence::listener(case, listener));
    }
    let title = format!("use {url}");
    let finding = match scheme {
        Scheme::Ws => finding.fix(Fix::read(title, format!("connect to {url}"))),
        _ => finding.fix(Fix::safe(title, ["curl", &url])),
    };
    if severity == Severity::Info {
        return Some(finding);
    }
    Some(finding.fix(Fix::read(
        "if the browser turns http:// into https:// by itself",
        format!(
            "try a private window; then delete {} at chrome://net-internals/#hsts, or the \
             cached redirect with DevTools open and its cache switched off",
            target.host
        ),
    )))
}

/// Plain HTTP answers a TLS greeting with a status line, or with a bare page: a request
/// that cannot be read has no version, and the oldest version of HTTP had no head.
fn is_plain_http(greeting: &Greeting) -> bool {
    match greeting.spoken {
        Some(Protocol::Http) => true,
        Some(Protocol::Other) => {
            let text = greeting.text.to_ascii_lowercase();
            ["<!doctype html", "<html"]
                .iter()
                .any(|start| text.starts_with(start))
        }
        _ => false,
    }
}
