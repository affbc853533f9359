//! # The engine's rules in the kernel are gone
//!
//! ## What happened
//!
//! The container runs and its server listens. The port on this machine takes
//! connections, or drops them, and nothing ever comes back.
//!
//! ## Why
//!
//! Without a forwarding program (`userland-proxy: false`) the engine leads
//! connections into containers by rules of the kernel's firewall alone. Whatever
//! empties the firewall empties those rules, too: `nft flush ruleset`,
//! `iptables -F -t nat`, a firewall that is reloaded. The engine does not notice.
//! What still listens on the port is the engine's placeholder, which accepts
//! nothing.
//!
//! ## What to do
//!
//! Restart the engine: it writes its rules anew. Have whatever flushed them leave
//! the engine's tables alone.

use super::{inside, listens_inside, mapped, seen};
use crate::facts::{Container, ContainerState, Known, Outcome, Probe, Scope};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::{Case, Rule, container, evidence};

/// DD520.
pub static RULE: Rule = Rule {
    code: "DD520",
    name: "engine-rules-missing",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_paused::RULE,
        &container::container_restarting::RULE,
        &container::loopback_inside::RULE,
        &container::wrong_container_port::RULE,
        &container::container_not_ready::RULE,
    ],
    settle: 10,
    check,
    source: include_str!("engine_rules_missing.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let container = case.container_behind()?;
    let (_, publish) = case
        .published()
        .find(|(one, _)| std::ptr::eq(*one, container))?;
    if container.state != ContainerState::Running || !case.on_this_machine() {
        return None;
    }
    let probe = case.probes().find(|probe| may_be_lost(case, probe))?;
    let listener = case.listener_for(probe.to.ip())?;
    let owner = case.owner(listener);
    let placeholder = owner.is_some_and(|one| one.framework.as_deref() == Some("dockerd"));
    if !placeholder && (owner.is_some() || !case.is_engines(listener)) {
        return None;
    }
    let serves = serves_inside(container, publish.container_port);
    if serves == Some(false) {
        return None;
    }
    let waiting = listener.queue.seen().is_some_and(|queue| queue.waiting > 0);
    let takes = container.takes == Known::Seen(true);
    let confidence = match (&case.facts.engine_rules, placeholder) {
        (Known::Seen(true), _) => return None,
        (Known::Seen(false), true) => Confidence::Certain,
        (Known::Seen(false), false) => Confidence::Likely,
        // Out of sight: the container takes connections itself, or its placeholder does.
        (Known::Unseen(_), true) if takes || waiting => Confidence::Likely,
        // Whose socket it is cannot be seen: a forwarder would have taken the connection.
        (Known::Unseen(_), false) if takes && waiting => Confidence::Likely,
        (Known::Unseen(_), _) => return None,
    };
    let (name, port) = (&container.name, case.port());
    let mut finding = Finding::new(
        confidence,
        format!(
            "the engine's rules that lead port {port} into the container {name} are gone from \
             the kernel"
        ),
    )
    .because(evidence::probe(probe))
    .because(mapped(container, publish))
    .because(evidence::listener(case, listener))
    .because_all(evidence::queue(listener).filter(|_| waiting));
    finding = finding.because(Evidence::new(
        match &case.facts.engine_rules {
            Known::Unseen(gap) => {
                format!("whether a NAT rule names port {port} is not known: {gap}")
            }
            Known::Seen(_) => format!("no NAT rule sends port {port} to a container"),
        },
        Seen::Firewall {
            chain: "nat DOCKER".to_owned(),
        },
    ));
    finding = finding.because_all(listens_inside(container));
    if takes && let Some(ip) = container.networks.iter().find_map(|network| network.ip) {
        let says = format!(
            "{} of {name} itself takes connections",
            std::net::SocketAddr::new(ip, publish.container_port)
        );
        finding = finding.because(seen(container, says, "its own address"));
    }
    if !case.facts.engine_rules.is_seen() {
        finding = finding.fix(Fix::safe(
            "see whether the engine's rules are there",
            ["sudo", "iptables", "-t", "nat", "-S", "DOCKER"],
        ));
    }
    Some(
        finding
            .fix(Fix::run(
                "restart the engine, which writes its rules anew (its containers stop meanwhile)",
                Safety::Disruptive,
                ["sudo", "systemctl", "restart", "docker"],
            ))
            .fix(Fix::read(
                "keep them from being flushed again",
                "have what loads your firewall's rules flush its own table only, and not the \
                 whole ruleset (`flush ruleset` in /etc/nftables.conf)",
            )),
    )
}

/// Whether the connection may have ended at the engine's placeholder.
fn may_be_lost(case: &Case, probe: &Probe) -> bool {
    match probe.outcome {
        Outcome::Silent | Outcome::TimedOut => true,
        // Nothing was sent: only that it waits there to be accepted tells.
        Outcome::Connected => case
            .listener_for(probe.to.ip())
            .and_then(|listener| listener.queue.seen())
            .is_some_and(|queue| queue.waiting > 0),
        _ => false,
    }
}

/// Whether the server listens in the container; nothing if that could not be seen.
fn serves_inside(container: &Container, port: u16) -> Option<bool> {
    let all = inside(container)?;
    let mut there = all.iter().filter(|one| one.at.port() == port);
    Some(there.any(|one| one.scope() != Scope::Loopback))
}
