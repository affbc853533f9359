//! # Two servers share one port number
//!
//! ## What happened
//!
//! Two different servers listen on this port: one on IPv4, the other on IPv6,
//! or one on a single address and the other on the rest. Which of them answers
//! depends on the address that the client picks.
//!
//! ## Why
//!
//! The system allows it, because the two addresses differ. Some development
//! servers look only at one address when they check whether the port is free,
//! and start beside the server that already has the other.
//!
//! ## What to do
//!
//! Give one of the two servers another port, or end the one you do not need.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::facts::{Listener, Process};
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::address::{unspecified_destination, who};
use crate::rules::{Case, Rule, evidence};

/// DD306.
pub static RULE: Rule = Rule {
    code: "DD306",
    name: "split-brain",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[&unspecified_destination::RULE],
    settle: 2,
    check,
    source: include_str!("split_brain.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let mut dialled = case.addresses();
    if case.target.is_localhost_name() {
        // Browsers take both for localhost, whatever the hosts file says.
        dialled.extend([
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
        ]);
    }
    let mut reached: Vec<(IpAddr, &Listener)> = Vec::new();
    for ip in dialled {
        if let Some(listener) = case.listener_for(ip)
            && reached.iter().all(|(_, known)| known.at != listener.at)
        {
            reached.push((ip, listener));
        }
    }
    let (first, second, sure) = reached.iter().enumerate().find_map(|(i, (_, a))| {
        reached[i + 1..].iter().find_map(|(_, b)| {
            let sure = differ(case, a, b)?;
            Some((*a, *b, sure))
        })
    })?;
    let port = case.port();
    let says = format!(
        "two servers share port {port}: {} on {} and {} on {}; which one answers depends on \
         the client",
        who(case, first),
        first.at,
        who(case, second),
        second.at
    );
    let confidence = if sure {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    let well = case.probes().all(Case::content);
    let mut finding = Finding::new(confidence, says)
        .severity(if well {
            Severity::Warning
        } else {
            Severity::Error
        })
        .because(evidence::listener(case, first))
        .because(evidence::listener(case, second))
        .because_all(case.probes().map(evidence::probe));
    for owner in [first, second].into_iter().filter_map(|l| case.owner(l)) {
        finding = finding.because(evidence::process(owner));
    }
    let flag = [first, second]
        .into_iter()
        .filter_map(|l| case.framework(case.owner(l)?))
        .find_map(|row| Some((&row.server, row.take_port(next_port(port))?)));
    let move_one = match flag {
        Some((server, flag)) => format!("start {server} with `{flag}`"),
        None => format!("start one of them on another port than {port}"),
    };
    Some(
        finding
            .fix(Fix::read("give one of them another port", move_one))
            .fix(Fix::read(
                "or end the one you do not need",
                "end it in the terminal it was started in",
            )),
    )
}

fn next_port(port: u16) -> u16 {
    port.checked_add(1).unwrap_or(port - 1)
}

/// Whether two listeners belong to different servers, and whether that is sure.
///
/// The workers of one server, and the two forwarders of one container, do not differ.
fn differ(case: &Case, a: &Listener, b: &Listener) -> Option<bool> {
    let (Some(ours), Some(theirs)) = (a.owners.seen(), b.owners.seen()) else {
        // Another user's server is another server.
        return (a.uid? != b.uid?).then_some(false);
    };
    if ours.iter().any(|id| theirs.contains(id)) {
        return None;
    }
    let (one, other) = match (case.owner(a), case.owner(b)) {
        (Some(one), Some(other)) => (one, other),
        _ => return (a.uid? != b.uid?).then_some(false),
    };
    (!related(case, one, other)).then_some(true)
}

/// Whether two processes are parts of one server.
fn related(case: &Case, one: &Process, other: &Process) -> bool {
    let descends = |child: &Process, of: &Process| {
        case.ancestors(child)
            .iter()
            .any(|ancestor| ancestor.id == of.id)
    };
    let siblings = one.parent > 1 && one.parent == other.parent && one.framework == other.framework;
    let messengers = case.is_forwarder(one) && case.is_forwarder(other);
    descends(one, other)
        || descends(other, one)
        || (siblings && one.argv == other.argv)
        || messengers
}
