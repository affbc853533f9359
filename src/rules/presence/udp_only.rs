//! # The port is served over UDP only
//!
//! ## What happened
//!
//! The connection was refused: nobody listens on this port over TCP. A process
//! does have the same port number over UDP, which is another thing.
//!
//! ## Why
//!
//! DNS servers, HTTP/3-only servers, games, metrics collectors and VPNs talk
//! UDP. A browser, curl or any client that *connects* talks TCP first.
//!
//! ## What to do
//!
//! Use the client that belongs to the service, or switch on the service's TCP
//! side if it has one.

use crate::facts::{Known, Listener};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, Rule, container, evidence, presence};

/// DD209.
pub static RULE: Rule = Rule {
    code: "DD209",
    name: "udp-only",
    severity: Severity::Error,
    since: "0.1.0",
    unless: super::unless![
        presence::moved_port::RULE,
        container::engine_down::RULE,
        presence::crash_looping::RULE,
        presence::unix_socket_only::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("udp_only.rs"),
};

/// From here on systems take ports for outgoing traffic: a UDP socket there says nothing.
const BORROWED_FROM: u16 = 32768;

fn check(case: &Case) -> Option<Finding> {
    let refused = presence::refused(case)?;
    let port = case.port();
    if port >= BORROWED_FROM {
        return None;
    }
    let sockets = case.facts.udp.items();
    let socket = sockets.iter().find(|socket| socket.at.port() == port)?;
    let says = format!(
        "port {port} is served over UDP only, by {}; nobody listens there over TCP",
        evidence::owner_words(case, socket)
    );
    let mut finding = Finding::new(Confidence::Likely, says)
        .because(evidence::probe(refused))
        .because(evidence::nobody_listens(case))
        .because(has_udp(case, socket));
    if let Some(owner) = case.owner(socket) {
        finding = finding.because(evidence::process(owner));
    }
    finding = match port {
        53 => finding.fix(Fix::safe(
            "ask it with a DNS client",
            ["dig", "@127.0.0.1", "localhost"],
        )),
        _ => finding.fix(Fix::read(
            "use its own client",
            format!("talk to port {port} with a client that speaks UDP; browsers and curl use TCP"),
        )),
    };
    let who = case.owner(socket).map_or("the server", evidence::name_of);
    Some(finding.fix(Fix::read(
        "or switch on its TCP side",
        format!("if {who} can serve TCP too, switch that on in its settings"),
    )))
}

fn has_udp(case: &Case, socket: &Listener) -> Evidence {
    let who = evidence::owner_words(case, socket);
    let hidden = match &socket.owners {
        Known::Seen(_) => "",
        Known::Unseen(_) => " (its owner could not be seen)",
    };
    Evidence::new(
        format!("{who} has UDP {}{hidden}", socket.at),
        Seen::Socket { at: socket.at },
    )
}
