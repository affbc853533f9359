//! # Another machine does not answer
//!
//! ## What happened
//!
//! The address belongs to another machine, and the attempt to connect got no
//! answer, or the answer that there is no way there.
//!
//! ## Why
//!
//! No answer at all: a firewall there drops the packets (cloud security groups
//! do), or the machine is off. *No route to host* after three seconds: no machine
//! in this network has that address. *No route to host* at once: a firewall there
//! forbids the port. *Network unreachable*: this machine has no way out, it is
//! offline or a VPN is down.
//!
//! Whether it is this machine or the other one is found by comparing: other ports
//! of the same address, what each name server says, a host of the internet that
//! is hardly ever down. A service that lets some addresses in only looks the same
//! from here as one that is down for everyone.
//!
//! ## What to do
//!
//! Check that the machine runs and that its firewall lets the port pass.

use crate::facts::{Outcome, Probe};
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::{Case, Rule, evidence, name, path};

use super::compare::Compared;
use super::{broken_ipv6_path, far_end, is_neighbour, look_there, ping, place, route};

/// DD912.
pub static RULE: Rule = Rule {
    code: "DD912",
    name: "remote-silent",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &path::proxy_unreachable::RULE,
        &name::localhost_not_loopback::RULE,
        &name::hosts_entry::RULE,
        &name::stale_dns::RULE,
        &path::sandboxed::RULE,
        &super::offline::RULE,
        &super::captive_portal::RULE,
        &super::broken_ipv6_path::RULE,
        &path::no_route::RULE,
        &path::conntrack_full::RULE,
        &path::vpn_in_the_way::RULE,
        &super::remote_refuses::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("remote_silent.rs"),
};

/// "No route to host" on Linux, macOS and Windows.
const NO_HOST: &[i32] = &[113, 65, 10065];

/// "Network is unreachable" on Linux, macOS and Windows.
const NO_NETWORK: &[i32] = &[101, 51, 10051];

/// An address that nobody answers to is given up after three seconds; an answer that
/// forbids the port comes at once. In microseconds.
const AT_ONCE: u64 = 1_000_000;

fn check(case: &Case) -> Option<Finding> {
    // A server of this machine may still be bound to an address that has gone.
    if case.on_this_machine() || path::is_beyond_a_boundary(case) {
        return None;
    }
    let silent = case.probes().filter(|probe| {
        matches!(probe.outcome, Outcome::TimedOut | Outcome::Unreachable)
            && case.is_far(probe.to.ip())
            && !case.is_passed_over(probe)
            && !path::took(case, probe)
    });
    // Where nobody answers over IPv6, silence over IPv4 tells more.
    let lost = broken_ipv6_path::is_lost(case);
    let probe = silent.min_by_key(|probe| lost && probe.to.is_ipv6())?;
    let ip = probe.to.ip();
    let compared = Compared::of(case, ip);
    let (says, confidence) = words(case, probe, &compared)?;
    // Clients try the next address of the name, and get there late.
    let elsewhere = case.probes().find(|probe| probe.outcome.connected());
    let (says, severity) = match elsewhere {
        Some(other) => (
            format!(
                "{says}; {} does, so clients are slow or fail by turns",
                other.to.ip()
            ),
            Severity::Warning,
        ),
        None => (says, Severity::Error),
    };
    let finding = Finding::new(confidence, says)
        .severity(severity)
        .because(evidence::probe(probe))
        .because_all(elsewhere.map(evidence::probe))
        .because_all(place(case, probe))
        .because_all(compared.evidence(case));
    if has(NO_NETWORK, probe) {
        return Some(finding.fix(route(case, ip)));
    }
    let ping = Fix::safe("see whether it is up", ping(case, ip));
    // Where nobody has the address, there is no other side to look from.
    if has(NO_HOST, probe) && probe.took_us >= AT_ONCE {
        return Some(finding.fix(ping));
    }
    Some(finding.fix(look_there(case, ip)).fix(ping))
}

fn words(case: &Case, probe: &Probe, compared: &Compared) -> Option<(String, Confidence)> {
    let ip = probe.to.ip();
    let port = case.port();
    let who = far_end(case, ip);
    if let (Outcome::TimedOut, Some(other)) = (probe.outcome, compared.other_port) {
        let does = match other.outcome {
            Outcome::Refused => "refuses at once on",
            _ => "answers on",
        };
        let says = format!(
            "{who} is up, it {does} port {}, and a firewall drops what goes to port {port}",
            other.to.port()
        );
        return Some((says, Confidence::Likely));
    }
    if probe.outcome == Outcome::TimedOut && compared.for_everyone(case) {
        let says = format!(
            "{who} is down for everyone, as far as can be seen from here: it does not answer on \
             port {port}, and other hosts of the internet do"
        );
        return Some((says, Confidence::Likely));
    }
    if probe.outcome == Outcome::TimedOut {
        return Some((
            format!("{who} does not answer on port {port}: it is off, or a firewall drops packets"),
            Confidence::Likely,
        ));
    }
    if has(NO_NETWORK, probe) {
        return Some((
            format!("this machine has no route to {who}: it is offline, or a VPN is down"),
            Confidence::Likely,
        ));
    }
    if !has(NO_HOST, probe) {
        return None;
    }
    if probe.took_us < AT_ONCE {
        return Some((
            format!("a firewall on the way forbids port {port} of {who}"),
            Confidence::Likely,
        ));
    }
    let nobody = if is_neighbour(case, ip) == Some(true) {
        format!("no machine of this network has the address {ip}")
    } else {
        format!("{who} cannot be reached from its own network")
    };
    Some((nobody, Confidence::Likely))
}

fn has(errnos: &[i32], probe: &Probe) -> bool {
    probe.errno.is_some_and(|errno| errnos.contains(&errno))
}
