//! # Browsers refuse this port by themselves
//!
//! ## What happened
//!
//! The server answers. A browser still shows `ERR_UNSAFE_PORT` (Firefox: "This
//! address is restricted") and never connects; `fetch()` fails with a `TypeError`
//! that looks like CORS.
//!
//! ## Why
//!
//! Browsers have a fixed list of ports that belong to other protocols (6000 for X11,
//! 5060 for telephony, 6665 to 6669 for chat), so that a web page cannot talk to
//! them. curl and other programs have no such list.
//!
//! ## What to do
//!
//! Take another port for the server. Opening the browser to the port for yourself
//! (`--explicitly-allowed-ports=`) helps nobody else.

use crate::facts::{Protocol, Scheme, catalogue};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, Rule, evidence};

/// DD901.
pub static RULE: Rule = Rule {
    code: "DD901",
    name: "unsafe-port",
    severity: Severity::Warning,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("unsafe_port.rs"),
};

/// The list of Chromium (`net/base/port_util.cc`); Firefox has the same.
pub const UNSAFE: &[u16] = &[
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
    103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465,
    512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993,
    995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668,
    6669, 6679, 6697, 10080,
];

fn check(case: &Case) -> Option<Finding> {
    let port = case.port();
    if !UNSAFE.contains(&port) {
        return None;
    }
    // What does not answer has another cause first.
    let probe = case.probes().find(|probe| probe.outcome.well())?;
    let confidence = for_browsers(case)?;
    Some(
        Finding::new(
            confidence,
            format!("browsers refuse port {port} by themselves, though a server answers there"),
        )
        .because(Evidence::new(
            format!("port {port} is on the browsers' list of unsafe ports"),
            Seen::Kernel {
                what: "list of Chromium, ERR_UNSAFE_PORT".to_owned(),
            },
        ))
        .because(evidence::probe(probe))
        .fix(Fix::read(
            "take another port",
            "start the server on another port, such as 3000, 8000 or 8080",
        ))
        .fix(Fix::safe(
            "curl has no such list",
            ["curl", &case.target.url(None)],
        )),
    )
}

/// Whether the port is meant for browsers, and how sure that is.
fn for_browsers(case: &Case) -> Option<Confidence> {
    if let Some(scheme) = case.target.scheme {
        return Scheme::is_web(scheme).then_some(Confidence::Certain);
    }
    if let Some((_, greeting)) = case.greeting() {
        let web = matches!(greeting.spoken, Some(Protocol::Http | Protocol::Tls));
        return web.then_some(case.hearing());
    }
    // Nobody opens SSH or SMTP in a browser.
    match catalogue().port(case.port()) {
        Some(row) => (row.greet == Some(Protocol::Http)).then_some(Confidence::Likely),
        None if case.port() < 1024 => None,
        None => Some(Confidence::Likely),
    }
}
