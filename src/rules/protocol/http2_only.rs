//! # The port speaks HTTP/2 without TLS only
//!
//! ## What happened
//!
//! The connection is fine. A request of HTTP/1.1 was sent, and the server answered in
//! frames of HTTP/2: it takes no other. Browsers show `ERR_INVALID_HTTP_RESPONSE`,
//! curl says `Received HTTP/0.9 when not allowed`.
//!
//! ## Why
//!
//! Browsers speak HTTP/2 over TLS only, where both ends agree on it. Without TLS a
//! client must know beforehand that HTTP/2 is spoken (h2c). gRPC servers are like
//! that, and so are Node's `http2.createServer()` and an ASP.NET endpoint with
//! `Protocols: Http2`.
//!
//! ## What to do
//!
//! Use a client that begins with HTTP/2: `grpcurl -plaintext` for gRPC, `curl
//! --http2-prior-knowledge` for pages. For a browser, give the server TLS, a port that
//! speaks HTTP/1.1, or, for gRPC, a gRPC-Web proxy before it.

use crate::facts::{Greeting, Protocol, catalogue};
use crate::findings::{Finding, Fix, Severity};
use crate::rules::{Case, Rule, evidence};

use super::{page, said};

/// DD604.
pub static RULE: Rule = Rule {
    code: "DD604",
    name: "http2-only",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("http2_only.rs"),
};

/// What Kestrel writes into the HTTP 400 with which it answers HTTP/1.1.
const COMPLAINT: &str = "An HTTP/1.x request was sent to an HTTP/2 only endpoint";

fn check(case: &Case) -> Option<Finding> {
    let (probe, greeting) = case.greeting()?;
    if greeting.asked != Protocol::Http || !(is_framed(greeting) || complains(greeting)) {
        return None;
    }
    let port = case.port();
    let says = format!(
        "port {port} speaks HTTP/2 without TLS only (h2c or gRPC), and was asked in HTTP/1.1"
    );
    let mut finding = Finding::new(case.hearing(), says)
        .because(evidence::probe(probe))
        .because(said(probe, greeting));
    if let Some(listener) = case.listener_for(probe.to.ip()) {
        finding = finding.because(evidence::listener(case, listener));
    }
    let authority = case.target.authority();
    let grpc = ["grpcurl", "-plaintext", &authority, "list"];
    let url = page(case, crate::facts::Scheme::Http);
    let curl = ["curl", "--http2-prior-knowledge", &url];
    let known = catalogue().port(port).and_then(|row| row.client.as_deref());
    finding = match known.is_some_and(|client| client.starts_with("grpcurl")) {
        true => finding
            .fix(Fix::safe("use a client for gRPC", grpc))
            .fix(Fix::safe(
                "if it serves pages, use HTTP/2 from the start",
                curl,
            )),
        false => finding
            .fix(Fix::safe("use HTTP/2 from the start", curl))
            .fix(Fix::safe("if it is gRPC, use a client for that", grpc)),
    };
    Some(finding.fix(Fix::read("for a browser", for_browser(complains(greeting)))))
}

/// The first bytes are a frame with the server's settings.
fn is_framed(greeting: &Greeting) -> bool {
    greeting.spoken == Some(Protocol::H2c)
}

fn complains(greeting: &Greeting) -> bool {
    let http = greeting.http.as_ref();
    http.is_some_and(|http| http.status == 400 && http.body_start.contains(COMPLAINT))
}

fn for_browser(kestrel: bool) -> &'static str {
    if kestrel {
        "give Kestrel another endpoint with `\"Protocols\": \"Http1\"`, or TLS: without TLS no \
         endpoint of it speaks both"
    } else {
        "browsers speak HTTP/2 over TLS only: serve https:// here, or HTTP/1.1 on another port; \
         for gRPC, put a gRPC-Web proxy (Envoy) before it"
    }
}
