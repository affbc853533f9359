//! # The port is published, and its IPv6 half is dead
//!
//! ## What happened
//!
//! The container answers on 127.0.0.1 and not on `[::1]`: refused, or accepted and
//! cut off. A client that turns `localhost` into `::1` first, and tries nothing
//! else, fails.
//!
//! ## Why
//!
//! Engines publish over IPv6 by a program that carries each connection
//! (`docker-proxy`, `rootlessport`). Without it (`userland-proxy: false`) the
//! kernel's rules are for IPv4 only, unless the engine manages IPv6 as well.
//! Others take the connection over IPv6 and cannot deliver it to a container that
//! has IPv4 only.
//!
//! ## What to do
//!
//! Use 127.0.0.1 in place of `localhost`. Where connections are accepted and cut
//! off, publish on 127.0.0.1 alone: then clients are refused at once on `[::1]` and
//! go on to IPv4. Or give the engine its forwarder back, or IPv6.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Change, answered, mapped, rerun};
use crate::facts::{Known, Listener, Outcome, Probe};
use crate::findings::{Confidence, Finding, Severity};
use crate::rules::{Case, Rule, container, evidence, fixes};

/// DD513.
pub static RULE: Rule = Rule {
    code: "DD513",
    name: "ipv6-publish-dead",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_paused::RULE,
        &container::container_restarting::RULE,
        &container::not_recreated::RULE,
        &container::published_on_one_address::RULE,
        &container::loopback_inside::RULE,
        &container::wrong_container_port::RULE,
        &container::container_not_ready::RULE,
    ],
    settle: 5,
    check,
    source: include_str!("ipv6_publish_dead.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    if !case.on_this_machine() || case.facts.host.ipv6 == Known::Seen(false) {
        return None;
    }
    let (container, publish) = case.published().find(|(_, publish)| {
        // A mapping for one address has a story of its own.
        publish.host_ip.is_none_or(|ip| ip.is_unspecified())
    })?;
    if case.own_server() {
        return None;
    }
    let dead = |probe: &&Probe| probe.to.is_ipv6() && !probe.outcome.well();
    let probe = case.probes().find(dead)?;
    let fours: Vec<&Probe> = case.probes().filter(|probe| probe.to.is_ipv4()).collect();
    // What fails over IPv4 too has another cause.
    if fours.iter().any(|probe| !probe.outcome.well()) {
        return None;
    }
    let works = fours.first().copied();
    let cut = matches!(
        probe.outcome,
        Outcome::Reset | Outcome::Closed | Outcome::Silent
    );
    let none_there = case.facts.listeners.is_seen() && case.listener_for(probe.to.ip()).is_none();
    let four = case.listeners().find(|one| one.at.is_ipv4());
    let confidence = match (works, probe.outcome) {
        (Some(_), Outcome::Refused) if none_there => Confidence::Certain,
        (Some(_), _) if cut || none_there => Confidence::Likely,
        // Not dialled over IPv4: the engine's socket there says that it is served.
        (None, Outcome::Refused) if none_there && four.is_some() => Confidence::Likely,
        _ => return None,
    };
    let name = &container.name;
    let port = case.port();
    let what = match probe.outcome {
        Outcome::Refused => "is refused",
        _ => "leads nowhere",
    };
    let here = match works {
        Some(works) => works.to,
        None => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
    };
    let serves = match works {
        Some(works) => format!("answers on {}", works.to),
        None => "is published over IPv4 only".to_owned(),
    };
    let mut finding = Finding::new(
        confidence,
        format!("the container {name} {serves}, and {} {what}", probe.to),
    )
    .because_all(case.probes().map(evidence::probe))
    .because_all(case.listeners().map(|one| evidence::listener(case, one)))
    .because(mapped(container, publish));
    if answered(case) || works.is_some() {
        finding = finding.severity(Severity::Warning);
    }
    let ours = |listener: &Listener| {
        case.owner(listener)
            .and_then(|one| one.framework.as_deref())
    };
    let without = case.listeners().any(|one| ours(one) == Some("dockerd"));
    finding = finding.fix(fixes::open_instead(case, here));
    if cut {
        // Refused at once, clients go on to the other address.
        let inside = publish.container_port;
        let change = Change::ports(
            "or publish it over IPv4 alone, for this machine only",
            &[&format!("127.0.0.1:{port}:{inside}")],
        );
        finding = rerun(case, container, &change)
            .into_iter()
            .fold(finding, Finding::fix);
    }
    if without {
        let at = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port);
        finding = finding.fix(crate::findings::Fix::read(
            format!("or have the engine serve {at}"),
            "set `\"userland-proxy\": true` in /etc/docker/daemon.json and restart the engine",
        ));
    }
    Some(finding)
}
