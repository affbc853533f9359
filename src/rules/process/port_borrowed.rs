//! # A connection holds the port
//!
//! ## What happened
//!
//! Nobody listens on the port, and yet a server that wants it is told that the
//! address is in use. A connection has it: an outgoing one of some other program
//! uses it as its own end, or one that was closed is still remembered by the system
//! (`TIME_WAIT`).
//!
//! ## Why
//!
//! Outgoing connections take their port from a range (on Linux mostly 32768 to
//! 60999). A server whose port lies within it can lose it to any program that
//! connects somewhere. After a connection was closed, the end that closed first
//! keeps its port for a minute. Nearly every server sets `SO_REUSEADDR` and so does
//! not mind what is left of its own connections; for the port of an outgoing one
//! that does not help.
//!
//! ## What to do
//!
//! Take a port outside of the range, or have the system leave this one out of it.
//! What is in `TIME_WAIT` goes by itself within a minute.

use crate::facts::{Connection, ConnectionState, Outcome};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::evidence::process_words;
use crate::rules::{Case, Rule, container, evidence, fixes, presence};

/// DD411.
pub static RULE: Rule = Rule {
    code: "DD411",
    name: "port-borrowed",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_exited::RULE,
        &container::engine_down::RULE,
        &presence::moved_port::RULE,
    ],
    settle: 60,
    check,
    source: include_str!("port_borrowed.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    presence::refused(case)?;
    // Who has bound it keeps it for longer.
    if case.sockets_that(ConnectionState::Bound).next().is_some() {
        return None;
    }
    outgoing(case).or_else(|| remembered(case))
}

/// What every kind of it begins with.
fn begin(case: &Case, confidence: Confidence, says: String) -> Finding {
    Finding::new(confidence, says)
        .because_all(case.probes_that(Outcome::Refused).map(evidence::probe))
        .because(evidence::nobody_listens(case))
}

/// An outgoing connection has the port as its own end.
fn outgoing(case: &Case) -> Option<Finding> {
    let alive = [
        ConnectionState::Established,
        ConnectionState::Connecting,
        ConnectionState::Closing,
    ];
    let mut sockets = alive.into_iter().flat_map(|state| case.sockets_that(state));
    let socket = sockets.find(|one| case.is_outgoing(one))?;
    let (port, to) = (case.port(), socket.to?);
    let owner = case.holder(socket);
    let who = match owner {
        Some(owner) => process_words(owner),
        None => "another program".to_owned(),
    };
    let says = format!(
        "no server can have port {port} now: a connection of {who} to {to} uses it as its own end"
    );
    let finding = begin(case, Confidence::Likely, says)
        .because(Evidence::new(
            format!("{who} is connected from {} to {to}", socket.at),
            Seen::Socket { at: socket.at },
        ))
        .because_all(owner.map(evidence::process))
        .because_all(range(case));
    Some(advise(case, finding).fix_all(owner.and_then(|owner| fixes::end(case, owner))))
}

/// The system remembers an outgoing connection that was closed. What is left of a
/// server's own connections hinders hardly any server, so it is not told of.
fn remembered(case: &Case) -> Option<Finding> {
    let closed = case.sockets_that(ConnectionState::TimeWait);
    let mut closed: Vec<&Connection> = closed.filter(|one| case.is_outgoing(one)).collect();
    closed.sort_by_key(|one| std::cmp::Reverse(one.left_ms));
    let socket = closed.first()?;
    let (port, to) = (case.port(), socket.to?);
    let left = match socket.left_ms {
        Some(ms) => format!("for {} s more", ms.div_ceil(1000)),
        None => "for up to a minute".to_owned(),
    };
    let says = format!(
        "no server can have port {port} {left}: a closed connection to {to} still has it \
         (TIME_WAIT)"
    );
    let finding = begin(case, Confidence::Likely, says)
        .because(Evidence::new(
            format!("the connection from {} to {to} is in TIME_WAIT", socket.at),
            Seen::Socket { at: socket.at },
        ))
        .because_all(range(case))
        .fix(Fix::read(
            "wait until it has gone, then start the server",
            "`ss -tan state time-wait` shows what is left",
        ));
    Some(advise(case, finding))
}

/// That the port is one of those that outgoing connections take.
fn range(case: &Case) -> Option<Evidence> {
    let range = case.facts.binding.seen()?.outgoing?;
    range.contains(case.port()).then(|| {
        Evidence::new(
            format!(
                "outgoing connections take their ports from {} to {}",
                range.first, range.last
            ),
            Seen::Kernel {
                what: "ip_local_port_range".to_owned(),
            },
        )
    })
}

fn advise(case: &Case, finding: Finding) -> Finding {
    let port = case.port();
    let Some(range) = case
        .facts
        .binding
        .seen()
        .and_then(|limits| limits.outgoing)
        .filter(|range| range.contains(port))
    else {
        return finding;
    };
    let finding = finding.fix(Fix::read(
        "give the server a port that no connection takes",
        format!("take one below {}", range.first),
    ));
    if case.facts.host.os != "linux" {
        return finding;
    }
    let set = format!("net.ipv4.ip_local_reserved_ports={port}");
    finding.fix(Fix::run(
        "or keep this one from outgoing connections, until the machine starts again",
        Safety::Disruptive,
        ["sudo", "sysctl", "-w", &set],
    ))
}
