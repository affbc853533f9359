//! # The port is bound, and nobody listens on it
//!
//! ## What happened
//!
//! The connection was refused. A process does have the port, but its socket was
//! only bound: `listen()` was never called on it. Most tools do not show such a
//! socket, and yet a second server is told that the address is in use.
//!
//! ## Why
//!
//! The program calls `bind` and then waits for something, or failed in between and
//! lives on; or it only wanted to reserve the port. Some servers bind early and
//! listen late.
//!
//! ## What to do
//!
//! Look at what the process does between `bind` and `listen`. If it is only left
//! over, end it: the port is free then.

use crate::facts::{ConnectionState, Outcome};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::evidence::process_words;
use crate::rules::{Case, Rule, container, evidence, fixes, presence};

/// DD208.
pub static RULE: Rule = Rule {
    code: "DD208",
    name: "bound-not-listening",
    severity: Severity::Error,
    since: "0.1.0",
    unless: super::unless![container::engine_down::RULE, presence::moved_port::RULE],
    settle: 5,
    check,
    source: include_str!("bound_not_listening.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let probe = presence::refused(case)?;
    // An engine binds the ports that it publishes without listening.
    if case.published().next().is_some() {
        return None;
    }
    let mut bound: Vec<_> = case.sockets_that(ConnectionState::Bound).collect();
    // The one on the address that was dialled first, then the one on every address.
    bound.sort_by_key(|one| {
        let ip = one.at.ip();
        (ip != probe.to.ip(), !ip.is_unspecified())
    });
    let socket = bound.first()?;
    let owner = case.holder(socket);
    if owner.is_some_and(|owner| case.is_forwarder(owner) || owner.comm == "dockerd") {
        return None;
    }
    let port = case.port();
    let who = match (owner, socket.uid) {
        (Some(owner), _) => process_words(owner),
        (None, Some(0)) => "a process of root".to_owned(),
        (None, Some(uid)) => format!("a process of uid {uid}"),
        (None, None) => "a process of another user".to_owned(),
    };
    // Between the two calls a server is for a moment, and some for longer.
    let young = owner.is_some_and(|owner| presence::is_starting(case, owner));
    let confidence = match owner {
        Some(_) if !young => Confidence::Certain,
        _ => Confidence::Likely,
    };
    let says = format!("{who} has bound port {port} and does not listen on it");
    let mut finding = Finding::new(confidence, says)
        .because_all(case.probes_that(Outcome::Refused).map(evidence::probe))
        .because(evidence::nobody_listens(case))
        .because(Evidence::new(
            format!(
                "{who} holds a socket that is bound to {}, and no more",
                socket.at
            ),
            Seen::Socket { at: socket.at },
        ))
        .because_all(owner.map(evidence::process));
    if young {
        finding = finding.fix(Fix::safe(
            "it is young: wait for it",
            ["devdoctor", "wait", &case.target.input],
        ));
    }
    finding = finding.fix(Fix::read(
        "see what it waits for",
        format!("read what {who} wrote last: it has its port, and has not called listen() yet"),
    ));
    Some(finding.fix_all(owner.and_then(|owner| fixes::end(case, owner))))
}
