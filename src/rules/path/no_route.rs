//! # There is no way to the address
//!
//! ## What happened
//!
//! The connection failed on this machine itself, before anything was sent: the
//! system has no way to that address, or is told to take none.
//!
//! ## Why
//!
//! For `localhost` the loopback interface is down: a new network namespace, a
//! minimal container or a CI runner has it switched off until somebody switches it
//! on. For another machine no entry of the routing tables is for the address
//! (offline, or the VPN that leads there is down), or one is that says so: a
//! `blackhole`, `prohibit` or `unreachable` route, as kill switches of VPNs and
//! cluster networks set them.
//!
//! ## What to do
//!
//! Switch the loopback interface on, connect to the network or VPN that has the
//! address, or take the route out that is named.

use std::net::IpAddr;

use crate::facts::{Fate, Outcome, Probe, Route, Vantage};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::{Case, Rule, address, client, evidence, name};

use super::way;

/// DD704.
pub static RULE: Rule = Rule {
    code: "DD704",
    name: "no-route",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &super::proxy_unreachable::RULE,
        &name::hosts_entry::RULE,
        &address::unspecified_destination::RULE,
        &super::sandboxed::RULE,
        &client::offline::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("no_route.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    if super::is_beyond_a_boundary(case) {
        return None;
    }
    let failed = |probe: &&Probe| {
        matches!(
            probe.outcome,
            Outcome::TimedOut | Outcome::Unreachable | Outcome::Denied | Outcome::Failed
        )
    };
    // Where another address of the name answers, a client gets there.
    if case.probes().any(|probe| probe.outcome.connected()) {
        return None;
    }
    case.probes()
        .filter(failed)
        .find_map(|probe| loopback_down(case, probe).or_else(|| by_route(case, probe)))
}

/// Whatever goes to this machine itself goes through its loopback interface.
fn loopback_down(case: &Case, probe: &Probe) -> Option<Finding> {
    if case.is_local(probe.to.ip()) != Some(true) || probe.outcome == Outcome::Denied {
        return None;
    }
    let (says, interface) = is_down(case)?;
    let place = match case.facts.host.vantage {
        Vantage::Namespace => "network namespace",
        Vantage::Container | Vantage::Devcontainer => "container",
        _ => "machine",
    };
    let what = format!(
        "{} cannot be reached: the loopback interface of this {place} is down",
        case.target.authority()
    );
    let up = match case.facts.host.os.as_str() {
        "macos" => ["sudo", "ifconfig", &interface, "up"].to_vec(),
        // There it cannot be switched off.
        "windows" => return None,
        _ => ["sudo", "ip", "link", "set", &interface, "up"].to_vec(),
    };
    let kernel = Seen::Kernel {
        what: "interfaces".to_owned(),
    };
    Some(
        Finding::new(Confidence::Certain, what)
            .because(evidence::probe(probe))
            .because(Evidence::new(says, kernel))
            .fix(Fix::safe("switch the loopback interface on", up)),
    )
}

/// What shows that the loopback interface is down, and its name.
fn is_down(case: &Case) -> Option<(String, String)> {
    if let Some(interfaces) = case.facts.way.interfaces.seen()
        && let Some(lo) = interfaces.iter().find(|one| one.is_loopback())
        && !lo.up
    {
        return Some((
            format!("the interface {} is down", lo.name),
            lo.name.clone(),
        ));
    }
    let own = case.facts.host.addresses.seen()?;
    let mut loopback = own.iter().filter(|own| own.ip.is_loopback());
    if loopback.clone().any(|own| own.up) {
        return None;
    }
    let name = match (loopback.next(), case.facts.host.os.as_str()) {
        (Some(own), _) => own.interface.clone(),
        (None, "macos") => "lo0".to_owned(),
        (None, _) => "lo".to_owned(),
    };
    let says = "no loopback address of this machine is up".to_owned();
    Some((says, name))
}

/// The routing tables say that there is no way, or that none is to be taken.
fn by_route(case: &Case, probe: &Probe) -> Option<Finding> {
    let ip = probe.to.ip();
    let route = way::route(case, ip)?;
    // Who sends to a link-local address must name an interface; the route says nothing.
    if matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local()) {
        return None;
    }
    // Linux has an error for each.
    let (errno, says) = match route.fate {
        Fate::Blackhole => (22, format!("a blackhole route swallows packets to {ip}")),
        Fate::Prohibit => (
            13,
            format!("a route of this machine forbids packets to {ip}"),
        ),
        Fate::Unreachable => (
            113,
            format!("a route of this machine declares {ip} unreachable"),
        ),
        Fate::NoRoute if case.is_far(ip) && !is_offline(case) => (
            101,
            format!("this machine has no route to {ip}: it is offline, or a VPN is down"),
        ),
        _ => return None,
    };
    let says = match &route.rule {
        Some(rule) if rule.decides => {
            format!("the routing rule `{}` stops packets to {ip}", rule.text)
        }
        _ => says,
    };
    // Another error was met than this route gives: it may have changed meanwhile. Why there
    // is none may have several reasons.
    let confidence = if probe.errno == Some(errno) && route.fate != Fate::NoRoute {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    let finding = Finding::new(confidence, says)
        .because(evidence::probe(probe))
        .because(Evidence::new(
            match route.fate {
                Fate::NoRoute => format!("no entry of the routing tables is for {ip}"),
                fate => format!("the system's answer for {ip} is: {}", fate.word()),
            },
            Seen::Kernel {
                what: "routes".to_owned(),
            },
        ))
        .because_all(way::route_evidence(route));
    Some(match take_out(case, route) {
        Some(fix) => finding.fix(fix),
        None => finding.fix(connect(case, ip)),
    })
}

/// Whether the machine has no way out at all: then it is offline, and that has a rule of
/// its own.
fn is_offline(case: &Case) -> bool {
    let gateways = case
        .facts
        .outside
        .seen()
        .and_then(|outside| outside.gateways.seen());
    gateways.is_some_and(|gateways| gateways.is_empty())
}

/// Takes the entry or the rule out that stops the packets.
fn take_out(case: &Case, route: &Route) -> Option<Fix> {
    let title = "take it out, unless a VPN or an administrator wants it so";
    let sudo = |words: Vec<String>| {
        let tool = way::ip_tool(route.to).iter().map(|word| (*word).to_owned());
        let words = std::iter::once("sudo".to_owned()).chain(tool).chain(words);
        Fix::run(title, Safety::Disruptive, words)
    };
    if case.facts.host.os == "macos" {
        let entry = route
            .entry
            .as_ref()
            .filter(|_| route.fate != Fate::NoRoute)?;
        let network = entry.network();
        let words = ["sudo", "route", "-n", "delete", &network];
        return Some(Fix::run(title, Safety::Disruptive, words));
    }
    if let Some(rule) = route.rule.as_ref().filter(|rule| rule.decides) {
        let priority = rule.priority.to_string();
        let words = ["rule", "del", "priority", &priority].map(str::to_owned);
        return Some(sudo(words.to_vec()));
    }
    let entry = route.entry.as_ref()?;
    let mut words = ["route", "del"].map(str::to_owned).to_vec();
    words.extend(way::name_of(entry));
    Some(sudo(words))
}

/// What brings a route, where there is none.
fn connect(case: &Case, ip: IpAddr) -> Fix {
    let private = match ip {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local(),
    };
    let own = case.facts.host.addresses.items().iter();
    let online = own.into_iter().any(|own| own.up && !own.ip.is_loopback());
    let text = match (private, online) {
        (true, true) => format!("connect to the network or the VPN that has {ip}"),
        _ => "connect this machine to its network, or to the VPN that leads there".to_owned(),
    };
    Fix::read("bring the way back", text)
}
