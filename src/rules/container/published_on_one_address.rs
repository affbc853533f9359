//! # The container's port is published on another address
//!
//! ## What happened
//!
//! The container runs and its port is published, on one address of this machine
//! only. The address that was asked is another one, and nobody listens there.
//!
//! ## Why
//!
//! The mapping names an address: `-p 127.0.0.1:3000:3000` serves this machine
//! alone, and only over IPv4. That is a good default on a laptop; a phone, a
//! colleague or a program that dials `[::1]` gets *refused*.
//!
//! ## What to do
//!
//! Open the address it is published on. If others must reach it, publish it on
//! the address they use, and know that everybody in that network can then.

use std::net::{IpAddr, SocketAddr};

use super::{Change, mapped, plan, rerun};
use crate::facts::{Outcome, Publish, Target};
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::{Case, Rule, container, evidence};

/// DD505.
pub static RULE: Rule = Rule {
    code: "DD505",
    name: "published-on-one-address",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[&container::not_recreated::RULE],
    settle: 2,
    check,
    source: include_str!("published_on_one_address.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    if !case.on_this_machine() {
        return None;
    }
    let published: Vec<_> = case.published().collect();
    let bare = |ip: IpAddr| {
        !published.iter().any(|(_, publish)| covers(publish, ip)) && !case.may_be_covered(ip)
    };
    // Where a wildcard of one family is all there is, the missing family is another story.
    let (container, publish) = published
        .iter()
        .find(|(_, publish)| publish.host_ip.is_some_and(|ip| !ip.is_unspecified()))?;
    let failed = case.probes().find(|probe| {
        matches!(
            probe.outcome,
            Outcome::Refused | Outcome::TimedOut | Outcome::Unreachable
        ) && bare(probe.to.ip())
    })?;
    // Where the published address itself fails, the mapping is not the cause.
    let fails_there = case.probes().any(|probe| {
        !probe.outcome.well() && published.iter().any(|(_, p)| covers(p, probe.to.ip()))
    });
    if fails_there {
        return None;
    }
    let on = publish.host_ip?;
    let port = case.port();
    let there = SocketAddr::new(on, port);
    let asked = failed.to.ip();
    let settled = plan::is_settled(case, container) && case.facts.listeners.is_seen();
    let confidence = if settled && failed.outcome == Outcome::Refused {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    let name = &container.name;
    let mut finding = Finding::new(
        confidence,
        format!("the container {name} publishes its port on {there} only, and {asked} was asked"),
    )
    .because(mapped(container, publish))
    .because_all(case.probes().map(evidence::probe))
    .because_all(case.listeners().map(|l| evidence::listener(case, l)));
    if case.probes().any(|probe| probe.outcome.well()) {
        finding = finding.severity(Severity::Warning);
    }
    let url = Target {
        host: on.to_string(),
        ..case.target.clone()
    }
    .url(None);
    finding = finding.fix(Fix::read("open the address it is published on", url));
    let inside = publish.container_port;
    let title = if asked.is_loopback() {
        "or publish it on both addresses"
    } else {
        "or publish it on both (whoever can reach the address can then reach the container)"
    };
    let asked = SocketAddr::new(asked, port);
    let change = Change::ports(
        title,
        &[&format!("{there}:{inside}"), &format!("{asked}:{inside}")],
    );
    Some(
        rerun(case, container, &change)
            .into_iter()
            .fold(finding, Finding::fix),
    )
}

/// Whether a mapping takes connections to this address.
fn covers(publish: &Publish, ip: IpAddr) -> bool {
    match publish.host_ip {
        None => true,
        Some(on) if on.is_unspecified() => on.is_ipv4() == ip.is_ipv4(),
        Some(on) => on == ip,
    }
}
