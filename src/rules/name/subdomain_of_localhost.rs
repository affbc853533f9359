//! # A name below localhost that only browsers know
//!
//! ## What happened
//!
//! `something.localhost` has no address here. Chrome, Firefox, Edge and curl
//! never ask: they take every name below `.localhost` for this machine. Most
//! other programs ask the system, and that says that there is no such name.
//!
//! ## Why
//!
//! The standard says that such names should be loopback, and leaves it to each
//! resolver. systemd-resolved and `nss-myhostname` do it; the C library by
//! itself, musl and Windows do not. So the page opens in the browser, and Node,
//! Python, Java or Go cannot reach the same address.
//!
//! ## What to do
//!
//! Give the name a line in the hosts file, or install `nss-myhostname` for all
//! such names at once. Or dial `localhost` and send the name in the Host header.

use crate::facts::{Gap, Known, ResolveError};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, Rule, evidence};

use super::{add_to_hosts, order_evidence};

/// DD106.
pub static RULE: Rule = Rule {
    code: "DD106",
    name: "subdomain-of-localhost",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("subdomain_of_localhost.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let host = case.target.host.trim_end_matches('.');
    if !case.target.is_localhost_name() || !host.contains('.') {
        return None;
    }
    let resolution = case.resolution()?;
    let (words, confidence) = match (&resolution.error, &resolution.addresses) {
        (Some(ResolveError::NotFound), _) => ("there is no such name", Confidence::Certain),
        // It went out to the name servers, which is where no such name belongs.
        (Some(_), _) => ("the name servers give no answer", Confidence::Likely),
        (None, Known::Unseen(Gap::TooSlow)) => ("no answer in time", Confidence::Likely),
        _ => return None,
    };
    let port = case.port();
    let listener = case
        .listeners()
        .find(|listener| listener.at.ip().is_loopback() || listener.at.ip().is_unspecified());
    let mut finding = Finding::new(
        confidence,
        format!("only browsers and curl know {host}: this system has no address for it"),
    )
    .because(Evidence::new(
        format!("{host}: {words}"),
        Seen::Name {
            name: host.to_owned(),
        },
    ))
    .because_all(order_evidence(case));
    finding = match listener {
        Some(listener) => finding.because(evidence::listener(case, listener)),
        None if case.facts.listeners.is_seen() => finding.because(Evidence::new(
            format!("nobody listens on port {port}: browsers fail as well, for that"),
            Seen::Kernel {
                what: "sockets".to_owned(),
            },
        )),
        None => finding,
    };
    let web = case.target.scheme.is_none_or(crate::facts::Scheme::is_web);
    let header = web.then(|| {
        let there = case
            .target
            .url(None)
            .replacen(&case.target.host, "localhost", 1);
        Fix::safe(
            "or send the name in the request only",
            ["curl", "-H", &format!("Host: {host}:{port}"), &there],
        )
    });
    let order = case.facts.names.seen().and_then(|names| names.order.seen());
    let module = order
        .filter(|order| !order.has("myhostname") && !order.has("resolve"))
        .map(|_| {
            Fix::read(
                "or have the system know all such names",
                "install nss-myhostname (Debian and Ubuntu: sudo apt install libnss-myhostname), \
                 which adds itself to /etc/nsswitch.conf",
            )
        });
    Some(
        finding
            .fix_all(add_to_hosts(case))
            .fix_all(module)
            .fix_all(header),
    )
}
