//! # A VPN takes the packets
//!
//! ## What happened
//!
//! The address is in a network that this machine is connected to, and packets to it
//! go elsewhere: into the tunnel of a VPN, or into another network with the same
//! numbers.
//!
//! ## Why
//!
//! A VPN that sends everything through its tunnel takes the local network along.
//! Private networks all choose from the same few numbers: the VPN's, the one at
//! home and those that Docker makes (`172.17.0.0/16` and its neighbours) overlap,
//! and of two that hold an address the narrower one wins, or the one that a policy
//! rule puts first.
//!
//! ## What to do
//!
//! Have the VPN leave the local network out (split tunnel, "allow access to local
//! networks", a narrower `AllowedIPs`), or give Docker other networks
//! (`default-address-pools` in `daemon.json`).

use std::net::IpAddr;

use crate::facts::{Container, Fate, Interface, MAIN_TABLE, Outcome, Probe, Route, RouteEntry};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::{Case, Rule, evidence, name};

use super::way;

/// DD705.
pub static RULE: Rule = Rule {
    code: "DD705",
    name: "vpn-in-the-way",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &super::proxy_unreachable::RULE,
        &name::hosts_entry::RULE,
        &super::no_route::RULE,
        &super::conntrack_full::RULE,
    ],
    settle: 5,
    check,
    source: include_str!("vpn_in_the_way.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    if super::is_beyond_a_boundary(case) {
        return None;
    }
    let failed = |probe: &&Probe| {
        matches!(
            probe.outcome,
            Outcome::TimedOut | Outcome::Unreachable | Outcome::Refused
        ) && case.is_far(probe.to.ip())
    };
    if case.probes().any(|probe| probe.outcome.connected()) {
        return None;
    }
    case.probes().filter(failed).find_map(|probe| {
        let route = way::route(case, probe.to.ip()).filter(|route| route.fate == Fate::Sent)?;
        let taken = way::interface(case, route.interface.as_deref()?)?;
        if taken.is_tunnel() {
            into_tunnel(case, probe, route, taken)
        } else {
            into_other_network(case, probe, route, taken)
        }
    })
}

/// The packets go into a tunnel, and the address is in a network of this machine itself.
fn into_tunnel(case: &Case, probe: &Probe, route: &Route, taken: &Interface) -> Option<Finding> {
    let ip = probe.to.ip();
    let tunnel = taken.words();
    // A container that runs on this very machine is nowhere else.
    if case.facts.host.os == "linux"
        && let Some(container) = container_at(case, ip)
    {
        let says = format!(
            "the VPN on {tunnel} takes the packets to container {} ({ip})",
            container.name
        );
        let here = Evidence::new(
            format!(
                "container {} has the address {ip} on this machine",
                container.name
            ),
            Seen::Container {
                name: container.name.clone(),
                what: "NetworkSettings.Networks".to_owned(),
            },
        );
        let finding = Finding::new(Confidence::Certain, says)
            .because(evidence::probe(probe))
            .because(here)
            .because_all(way::route_evidence(route));
        return Some(with_fixes(
            case,
            finding,
            route,
            taken,
            own_entry(case, route),
        ));
    }
    let own = own_entry(case, route)?;
    let says = format!(
        "the VPN on {tunnel} takes the packets to {ip}, which is in the network {} of {}",
        own.network(),
        own.interface.as_deref().unwrap_or("this machine")
    );
    let finding = Finding::new(Confidence::Likely, says)
        .because(evidence::probe(probe))
        .because_all(way::route_evidence(route))
        .because(shadow_evidence(own));
    Some(with_fixes(case, finding, route, taken, Some(own)))
}

/// The packets go into a network of containers or virtual machines, and another network
/// has the same numbers.
fn into_other_network(
    case: &Case,
    probe: &Probe,
    route: &Route,
    taken: &Interface,
) -> Option<Finding> {
    let ip = probe.to.ip();
    let entry = route.entry.as_ref()?;
    // Two cards in one network are no overlap.
    let other = route
        .shadowed
        .iter()
        .find(|other| (other.network, other.prefix) != (entry.network, entry.prefix))?;
    let bridge = taken.kind.as_deref() == Some("bridge");
    if !bridge || container_at(case, ip).is_some() {
        return None;
    }
    let says = format!(
        "packets to {ip} stay in the network {} of {}, which overlaps with {} on {}",
        entry.network(),
        taken.name,
        other.network(),
        other.interface.as_deref().unwrap_or("another interface")
    );
    let docker = taken.name == "docker0" || taken.name.starts_with("br-");
    let finding = Finding::new(Confidence::Likely, says)
        .because(evidence::probe(probe))
        .because_all(way::route_evidence(route))
        .because(shadow_evidence(other));
    let finding = match past(case, route, other) {
        Some(fix) => finding.fix(fix),
        None => finding,
    };
    Some(if docker {
        finding.fix(Fix::read(
            "or give Docker other networks",
            "set `default-address-pools` in /etc/docker/daemon.json (or a `subnet` for the \
             network in the compose file) to one that nobody else uses, and make the network anew",
        ))
    } else {
        finding
    })
}

/// The network of this machine itself that holds the address, and is not taken.
fn own_entry<'a>(case: &Case, route: &'a Route) -> Option<&'a RouteEntry> {
    route.shadowed.iter().find(|entry| {
        let name = entry.interface.as_deref();
        let interface = name.and_then(|name| way::interface(case, name));
        interface.is_some_and(|interface| interface.up && !interface.is_tunnel())
    })
}

fn shadow_evidence(entry: &RouteEntry) -> Evidence {
    Evidence::new(
        format!(
            "`{}` holds it too, and is not taken",
            way::name_of(entry).join(" ")
        ),
        Seen::Kernel {
            what: "routes".to_owned(),
        },
    )
}

fn container_at<'a>(case: &Case<'a>, ip: IpAddr) -> Option<&'a Container> {
    case.facts.containers.items().iter().find(|container| {
        let mut networks = container.networks.iter();
        container.is_up() && networks.any(|network| network.ip == Some(ip))
    })
}

fn with_fixes(
    case: &Case,
    mut finding: Finding,
    route: &Route,
    taken: &Interface,
    own: Option<&RouteEntry>,
) -> Finding {
    let network = own.map_or_else(|| format!("{}/24", route.to), RouteEntry::network);
    finding
        .fixes
        .extend(own.and_then(|own| past(case, route, own)));
    let text = match taken.kind.as_deref() {
        Some("wireguard") => format!("take {network} out of AllowedIPs of {}", taken.name),
        _ => format!(
            "allow access to local networks in its settings (split tunnel), or leave {network} out"
        ),
    };
    finding.fix(Fix::read("have the VPN leave it out", text))
}

/// Sends packets to this address to the network that has it, past what takes them now.
fn past(case: &Case, route: &Route, own: &RouteEntry) -> Option<Fix> {
    let title = "send this address past it, until the VPN or the machine starts again";
    let interface = own.interface.as_deref()?;
    let ip = route.to.to_string();
    if case.facts.host.os == "macos" {
        let words = [
            "sudo",
            "route",
            "-n",
            "add",
            "-host",
            &ip,
            "-interface",
            interface,
        ];
        return Some(Fix::run(title, Safety::Disruptive, words));
    }
    if case.facts.host.os == "windows" {
        let (family, bits) = if route.to.is_ipv4() {
            ("ipv4", 32)
        } else {
            ("ipv6", 128)
        };
        let whole = format!("{ip}/{bits}");
        let mut words = vec!["netsh", "interface", family, "add", "route", &whole];
        let gateway = own.gateway.map(|gateway| gateway.to_string());
        words.push(interface);
        words.extend(gateway.as_deref());
        words.push("store=active");
        let title = format!("{title}, in a window of an administrator");
        return Some(Fix::run(title, Safety::Disruptive, words));
    }
    let mut words = vec!["sudo"];
    words.extend(way::ip_tool(route.to));
    // A policy rule goes before the main table: another one must go before it.
    let before = route
        .rule
        .as_ref()
        .map(|rule| rule.priority.saturating_sub(1).to_string());
    let table = match own.table {
        MAIN_TABLE => "main".to_owned(),
        other => other.to_string(),
    };
    let gateway = own.gateway.map(|gateway| gateway.to_string());
    match &before {
        Some(before) => words.extend([
            "rule", "add", "to", &ip, "lookup", &table, "priority", before,
        ]),
        None => {
            words.extend(["route", "add", &ip]);
            if let Some(gateway) = &gateway {
                words.extend(["via", gateway]);
            }
            words.extend(["dev", interface]);
        }
    }
    Some(Fix::run(title, Safety::Disruptive, words))
}
