//! # This machine reaches nothing outside
//!
//! ## What happened
//!
//! The target is another machine, and no other machine can be reached either: there is
//! no way out of here, the router does not answer, or nothing behind it does.
//!
//! ## Why
//!
//! Wi-Fi is off or was lost, a cable is out, a VPN has gone and left its routes, the
//! provider has an outage. A guest network may keep its devices from each other and
//! from the router. Servers of this machine itself are not touched by that.
//!
//! ## What to do
//!
//! Connect to a network. If the router answers and nothing behind it does, look at the
//! router's own page, or use another network to see that it is this one.

use std::net::IpAddr;

use crate::facts::{
    Gateway, Outcome, Outside, Probe, ResolveError, WELL_KNOWN, WELL_KNOWN_PORT, is_public,
};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, Rule, evidence, name, path};

use super::is_neighbour;

/// DD913.
pub static RULE: Rule = Rule {
    code: "DD913",
    name: "offline",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &path::proxy_unreachable::RULE,
        &name::localhost_not_loopback::RULE,
        &name::subdomain_of_localhost::RULE,
        &name::name_not_found::RULE,
        &name::hosts_entry::RULE,
        &path::sandboxed::RULE,
    ],
    settle: 10,
    check,
    source: include_str!("offline.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    // An address that leads nowhere on this side of a boundary is not the network's fault.
    if path::is_beyond_a_boundary(case) {
        return None;
    }
    let outside = case.facts.outside.seen()?;
    let gateways = outside.gateways.seen()?;
    if !is_lost(case) || was_reached(case, outside) {
        return None;
    }
    // That the router of one family is gone is no reason why the other has no way.
    let led = |to: IpAddr| {
        let same = |ip: IpAddr| ip.is_ipv4() == to.is_ipv4();
        gateways.iter().any(|gateway| gateway.ip.is_none_or(same))
    };
    let astray = |probe: &Probe| Case::is_without_way(probe) && !led(probe.to.ip());
    if !gateways.is_empty() && case.probes().next().is_some() && case.probes().all(astray) {
        return None;
    }
    let (says, confidence) = if gateways.is_empty() {
        // What was sent, and not answered, had a way; and a private network may be behind
        // a VPN that is down, whatever becomes of the rest.
        let without_way = |probe: &Probe| Case::is_without_way(probe) && is_public(probe.to.ip());
        if !case.probes().all(without_way) {
            return None;
        }
        (no_way_out(case), Confidence::Certain)
    } else if gateways
        .iter()
        .all(|gateway| gateway.answers.seen() == Some(&false))
    {
        let list: Vec<String> = gateways.iter().filter_map(router).collect();
        let list = list.join(", ");
        (
            format!("this machine is offline: its router {list} does not answer"),
            Confidence::Likely,
        )
    } else {
        // Nobody may be said to be silent who was not asked.
        if !outside
            .probes
            .iter()
            .any(|probe| is_well_known(probe.to.ip()))
        {
            return None;
        }
        let there = |gateway: &Gateway| gateway.answers.seen() == Some(&true);
        let says = if gateways.iter().any(there) {
            "this machine reaches nothing outside: its router answers, and nothing behind it does"
        } else {
            "this machine reaches nothing outside of its own networks"
        };
        (says.to_owned(), Confidence::Likely)
    };
    let finding = Finding::new(confidence, says)
        .because_all(case.probes().map(evidence::probe))
        .because_all(unresolved(case))
        .because(ways_out(gateways))
        .because_all(gateways.iter().filter_map(gateway_evidence))
        .because_all(silent_hosts(outside));
    Some(
        finding
            .fix(see_interfaces(case))
            .fix_all(see_router(case, gateways)),
    )
}

fn no_way_out(case: &Case) -> String {
    let interfaces = case.facts.host.addresses.items().iter();
    let up = interfaces
        .filter(|own| own.up && !own.ip.is_loopback() && is_usable(own.ip))
        .count();
    match up {
        0 if case.facts.host.addresses.is_seen() => {
            "this machine is offline: no network interface is up but loopback".to_owned()
        }
        _ => "this machine is offline: it has no route out of its own networks".to_owned(),
    }
}

/// Whether the target is lost in a way that being offline explains.
fn is_lost(case: &Case) -> bool {
    if let Some(resolution) = case.resolution()
        && (resolution.error.is_some() || !resolution.addresses.is_seen())
    {
        // A name of this network alone needs nothing outside, unless its servers are there.
        let needs = name::looks_public(&case.target.host) || servers_are_beyond(case);
        return resolution.error != Some(ResolveError::NotFound) && needs;
    }
    let mut probes = case.probes().peekable();
    probes.peek().is_some()
        && probes.all(|probe| {
            let lost = matches!(probe.outcome, Outcome::TimedOut | Outcome::Unreachable);
            let ip = probe.to.ip();
            lost && is_beyond(case, ip)
        })
}

/// Whether every name server is beyond this machine's own networks.
fn servers_are_beyond(case: &Case) -> bool {
    let names = case.facts.names.seen();
    let Some(servers) = names.and_then(|names| names.servers.seen()) else {
        return false;
    };
    !servers.is_empty() && servers.iter().all(|server| is_beyond(case, server.at.ip()))
}

fn is_beyond(case: &Case, ip: IpAddr) -> bool {
    case.is_far(ip) && is_neighbour(case, ip) != Some(true)
}

/// Whether anything beyond this machine's own networks gave any answer.
fn was_reached(case: &Case, outside: &Outside) -> bool {
    let beyond = |ip: IpAddr| is_beyond(case, ip);
    let spoke = |outcome: Outcome| outcome.connected() || outcome == Outcome::Refused;
    let names = case
        .facts
        .names
        .seen()
        .and_then(|names| names.servers.seen());
    let answered = names
        .into_iter()
        .flatten()
        .any(|server| server.said.is_some() && beyond(server.at.ip()));
    answered
        || outside.portal.is_seen()
        || outside
            .probes
            .iter()
            .any(|probe| spoke(probe.outcome) && beyond(probe.to.ip()))
}

/// An address by which a machine may get out: not one that it gave itself.
fn is_usable(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_link_local(),
        IpAddr::V6(ip) => !ip.is_unicast_link_local(),
    }
}

pub(super) fn is_well_known(ip: IpAddr) -> bool {
    WELL_KNOWN.contains(&ip)
}

fn router(gateway: &Gateway) -> Option<String> {
    Some(format!("{} ({})", gateway.ip?, gateway.interface))
}

fn unresolved(case: &Case) -> Option<Evidence> {
    let resolution = case.resolution()?;
    let host = &case.target.host;
    (!resolution.addresses.is_seen()).then(|| {
        Evidence::new(
            format!("{host}: the name servers gave no answer"),
            Seen::Name { name: host.clone() },
        )
    })
}

fn ways_out(gateways: &[Gateway]) -> Evidence {
    let list: Vec<String> = gateways
        .iter()
        .map(|gateway| router(gateway).unwrap_or_else(|| gateway.interface.clone()))
        .collect();
    let says = match list[..] {
        [] => "no route leads out of this machine's own networks".to_owned(),
        _ => format!("the way out is by {}", list.join(", ")),
    };
    Evidence::new(says, kernel("routes"))
}

fn gateway_evidence(gateway: &Gateway) -> Option<Evidence> {
    let ip = gateway.ip?;
    let says = match gateway.answers.seen()? {
        true => format!("the router {ip} answers"),
        false => format!(
            "nobody in the network of {} has the address {ip}",
            gateway.interface
        ),
    };
    Some(Evidence::new(says, kernel("neighbours")))
}

/// The hosts that are hardly ever down.
fn silent_hosts(outside: &Outside) -> Option<Evidence> {
    let list: Vec<String> = outside
        .probes
        .iter()
        .map(|probe| probe.to.ip())
        .filter(|ip| is_well_known(*ip) && is_public(*ip))
        .map(|ip| ip.to_string())
        .collect();
    (!list.is_empty()).then(|| {
        Evidence::new(
            format!(
                "of the well-known hosts {} none answers on port {WELL_KNOWN_PORT}",
                list.join(", ")
            ),
            kernel("connections for comparison"),
        )
    })
}

fn kernel(what: &str) -> Seen {
    Seen::Kernel {
        what: what.to_owned(),
    }
}

fn see_interfaces(case: &Case) -> Fix {
    match case.facts.host.os.as_str() {
        "macos" => Fix::safe(
            "see which networks are up",
            ["networksetup", "-listallhardwareports"],
        ),
        "windows" => Fix::safe("see which networks are up", ["ipconfig"]),
        _ => Fix::safe("see which networks are up", ["ip", "-brief", "address"]),
    }
}

fn see_router(case: &Case, gateways: &[Gateway]) -> Option<Fix> {
    let ip = gateways.iter().find_map(|gateway| gateway.ip)?;
    Some(Fix::safe(
        "see whether the router is there",
        super::ping(case, ip),
    ))
}
