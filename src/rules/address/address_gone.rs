//! # The server's address is no longer this machine's
//!
//! ## What happened
//!
//! The server listens on an address that this machine had when the server was
//! started. The machine does not have it any more, so nobody can connect there.
//!
//! ## Why
//!
//! The network gave the machine another address: another Wi-Fi, a new lease, a
//! VPN that was closed, a container network that was removed. A socket keeps
//! the address it was given.
//!
//! ## What to do
//!
//! Start the server again on an address that stays: `127.0.0.1` for this
//! machine, every address where other devices must reach it.

use std::net::{IpAddr, Ipv4Addr};

use crate::facts::{Listener, Outcome};
use crate::findings::{Confidence, Evidence, Finding, Seen, Severity};
use crate::rules::address::who;
use crate::rules::{Case, Rule, container, evidence, fixes, name};

/// DD305.
pub static RULE: Rule = Rule {
    code: "DD305",
    name: "address-gone",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &name::hosts_entry::RULE,
        &container::published_on_one_address::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("address_gone.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let own = case.facts.host.addresses.seen()?;
    let failure = case.failure()?;
    let reached = |outcome: Outcome| outcome.connected() || outcome == Outcome::Denied;
    if case.probes().any(|probe| reached(probe.outcome)) {
        return None;
    }
    // Somebody else on the port, at an address that is still there: that is not this.
    let listener = case.listeners().next()?;
    if !case.listeners().all(|listener| is_gone(case, listener)) {
        return None;
    }
    let gone = listener.at.ip().to_canonical();
    let says = format!(
        "{} listens on {}, an address that this machine no longer has",
        who(case, listener),
        listener.at
    );
    let has: Vec<_> = own
        .iter()
        .filter(|address| address.ip.is_ipv4() == gone.is_ipv4() && !address.ip.is_loopback())
        .map(|address| format!("{} ({})", address.ip, address.interface))
        .collect();
    let has = match has.len() {
        0 => "none besides its loopback".to_owned(),
        _ => has.join(", "),
    };
    let mut finding = Finding::new(Confidence::Certain, says)
        .because(evidence::listener(case, listener))
        .because(Evidence::new(
            format!("this machine's addresses are: {has}"),
            Seen::Kernel {
                what: "interfaces".to_owned(),
            },
        ))
        .because(evidence::probe(failure));
    let ours = case
        .owner(listener)
        .is_some_and(|owner| !case.is_forwarder(owner));
    if !ours {
        finding.confidence = Confidence::Likely;
    }
    if let Some(owner) = case.owner(listener) {
        finding = finding.because(evidence::process(owner));
    }
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    Some(
        finding
            .fix(fixes::listen_on(case, listener, loopback))
            .fix(fixes::listen_on_all(case, listener)),
    )
}

/// Whether the listener is bound to an address that this machine does not have.
fn is_gone(case: &Case, listener: &Listener) -> bool {
    case.is_local(listener.at.ip().to_canonical()) == Some(false)
}
