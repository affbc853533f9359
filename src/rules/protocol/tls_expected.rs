//! # The server speaks TLS, and was asked in plain HTTP
//!
//! ## What happened
//!
//! The connection is fine. A plain `http://` request was sent, and the server
//! closed it, or answered that it speaks TLS (`https://`) on this port.
//!
//! ## Why
//!
//! A port speaks one of the two. Elasticsearch 8, Kubernetes, and development
//! servers with a certificate speak TLS only. Some of them say so in an HTTP 400;
//! others just close, and browsers show `ERR_EMPTY_RESPONSE`.
//!
//! ## What to do
//!
//! Use `https://`. If plain HTTP is wanted, switch TLS off in the server.

use crate::facts::Protocol;
use crate::findings::{Finding, Fix, Severity};
use crate::rules::{Case, Rule, evidence};

use super::{said, twin, with_scheme};

/// DD601.
pub static RULE: Rule = Rule {
    code: "DD601",
    name: "tls-expected",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("tls_expected.rs"),
};

/// What servers write into the HTTP 400 with which they answer plain HTTP.
const COMPLAINTS: &[&str] = &[
    "plain HTTP request was sent to HTTPS port",
    "Client sent an HTTP request to an HTTPS server",
    "speaking plain HTTP to an SSL-enabled server port",
    "This combination of host and port requires TLS",
];

fn check(case: &Case) -> Option<Finding> {
    let (probe, greeting) = case.greeting()?;
    if greeting.asked != Protocol::Http {
        return None;
    }
    let complains = greeting.http.as_ref().is_some_and(|http| {
        http.status == 400
            && COMPLAINTS
                .iter()
                .any(|words| http.body_start.contains(words))
    });
    if greeting.spoken != Some(Protocol::Tls) && !complains {
        return None;
    }
    let target = case.target;
    let scheme = twin(target.scheme);
    let url = with_scheme(target, scheme);
    let asked = target.scheme.map_or("http", crate::facts::Scheme::word);
    let says = format!(
        "port {} speaks TLS ({}://), and was asked in plain {asked}://",
        case.port(),
        scheme.word()
    );
    let mut finding = Finding::new(case.hearing(), says)
        .because(evidence::probe(probe))
        .because(said(probe, greeting));
    if let Some(listener) = case.listener_for(probe.to.ip()) {
        finding = finding.because(evidence::listener(case, listener));
    }
    Some(finding.fix(ask_over_tls(case, &url)))
}

fn ask_over_tls(case: &Case, url: &str) -> Fix {
    let title = format!("use {url}");
    if case
        .target
        .scheme
        .is_some_and(|scheme| scheme.word().starts_with("ws"))
    {
        return Fix::read(title, format!("connect to {url}"));
    }
    // The certificate of a server on this machine is seldom one that curl trusts.
    if case.on_this_machine() {
        Fix::safe(title, ["curl", "--insecure", url])
    } else {
        Fix::safe(title, ["curl", url])
    }
}
