//! # The headers of the request are larger than the server takes
//!
//! ## What happened
//!
//! The connection is fine. The server answered that the head of the request, with its
//! cookies, is larger than it takes: HTTP 431, or a 400 that says so.
//!
//! ## Why
//!
//! A browser sends every cookie of `localhost` to every port of it: those of all the
//! projects you ever ran there. Together they grow over the limit (8 KiB in most
//! servers, 16 KiB in Node). A private window has none, and works.
//!
//! ## What to do
//!
//! Delete the cookies of this host in the browser. If the server must take larger
//! heads, raise its limit.

use crate::facts::{Http, Probe};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, Rule, evidence};

use super::said;

/// DD609.
pub static RULE: Rule = Rule {
    code: "DD609",
    name: "headers-too-large",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 5,
    check,
    source: include_str!("headers_too_large.rs"),
};

/// What servers write into the HTTP 400 with which they refuse a head that is too large.
const COMPLAINTS: &[&str] = &[
    // nginx
    "Request Header Or Cookie Too Large",
    // Apache
    "Size of a request header field exceeds server limit",
    // Tomcat
    "Request header is too large",
    // Windows' http.sys
    "The size of the request headers is too long",
];

/// Where servers have their limit, by the key of the framework or by what they call
/// themselves.
const LIMITS: &[(&str, &str)] = &[
    (
        "nginx",
        "`large_client_header_buffers 4 32k;` in its `http` or `server` block",
    ),
    (
        "apache",
        "`LimitRequestFieldSize 32768` in its configuration",
    ),
    (
        "tomcat",
        "`server.max-http-request-header-size=32KB` in application.properties",
    ),
    (
        "spring-boot",
        "`server.max-http-request-header-size=32KB` in application.properties",
    ),
    (
        "gunicorn",
        "`--limit-request-field_size 32768` on its command line",
    ),
    (
        "uvicorn",
        "`--h11-max-incomplete-event-size 65536` on its command line",
    ),
];

fn check(case: &Case) -> Option<Finding> {
    let (probe, greeting) = case.greeting()?;
    let http = greeting.http.as_ref()?;
    let complaint = COMPLAINTS
        .iter()
        .find(|words| http.status == 400 && http.body_start.contains(**words));
    if http.status != 431 && complaint.is_none() {
        return None;
    }
    let port = case.port();
    let host = &case.target.host;
    // What we send is small: what a browser adds is not seen from here.
    let says = format!(
        "the server on port {port} takes requests with small headers only (HTTP {}): even one \
         without cookies is too large",
        http.status
    );
    let mut finding = Finding::new(Confidence::Likely, says)
        .because(said(probe, greeting))
        .because(Evidence::new(
            format!(
                "the request had no cookies; a browser adds those of every project on {host}, \
                 whatever its port"
            ),
            Seen::Probe {
                to: probe.to,
                outcome: probe.outcome.word().to_owned(),
            },
        ));
    if let Some(words) = complaint {
        finding = finding.because(Evidence::new(
            format!("its page says `{words}`"),
            Seen::Probe {
                to: probe.to,
                outcome: probe.outcome.word().to_owned(),
            },
        ));
    }
    if let Some(listener) = case.listener_for(probe.to.ip()) {
        finding = finding.because(evidence::listener(case, listener));
    }
    Some(finding.fix(limit(case, probe, http)).fix(Fix::read(
        "delete the browser's cookies for this host",
        format!(
            "in DevTools: Application, Storage, Clear site data for {host}; a private window \
             tells whether they are the cause"
        ),
    )))
}

/// Where the limit is raised.
fn limit(case: &Case, probe: &Probe, http: &Http) -> Fix {
    let owner = case
        .listener_for(probe.to.ip())
        .and_then(|listener| case.owner(listener));
    let key = owner.and_then(|owner| Some(case.framework(owner)?.key.as_str()));
    let server = http
        .server
        .as_deref()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let known = LIMITS
        .iter()
        .find(|(name, _)| key == Some(*name) || server.contains(name));
    let node = owner.is_some_and(|owner| owner.comm == "node");
    match known {
        Some((_, where_)) => Fix::read("raise its limit", *where_),
        None if node => Fix::read(
            "raise Node's limit",
            "start it with NODE_OPTIONS=--max-http-header-size=65536; a server that sets \
             `maxHeaderSize` itself has it in its code",
        ),
        None => Fix::read(
            "raise its limit",
            "look for the largest size of a request's headers in the server's settings",
        ),
    }
}
