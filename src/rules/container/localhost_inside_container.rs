//! # A container dials `localhost` and means somebody else
//!
//! ## What happened
//!
//! The server in a container calls `localhost`, or 127.0.0.1, to reach a database
//! or another service. Nobody listens there: the call is refused, and the server
//! ends, waits, or answers with an error.
//!
//! ## Why
//!
//! `localhost` is always whoever says it. Every container has a loopback of its
//! own: neither the machine nor another container listens on it. A setting that
//! is right on a laptop (`postgres://localhost:5432`) is wrong in a container.
//!
//! ## What to do
//!
//! Call another container by its service's name and by the port *inside*
//! (`db:5432`); both must be on one network. Call a service of the machine by
//! `host.docker.internal`, which Linux knows only with
//! `extra_hosts: ["host.docker.internal:host-gateway"]`.

use super::calls::{self, Call, authority};
use super::{inside, listens_inside, read_log, runs_since, seen};
use crate::facts::{
    Container, DialFailure, Listener, NextDoor, Runs, Scope, Vantage, is_machine_name,
    is_own_loopback,
};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, Rule, container, evidence};

/// DD516.
pub static RULE: Rule = Rule {
    code: "DD516",
    name: "localhost-inside-container",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[&container::container_paused::RULE],
    settle: 5,
    check,
    source: include_str!("localhost_inside_container.rs"),
};

/// Who is meant by `localhost`.
enum Meant<'a> {
    /// Another container, on this port inside.
    Sibling(&'a Container, u16),
    /// A server of the machine.
    Machine(&'a Listener),
}

fn check(case: &Case) -> Option<Finding> {
    from_inside(case).or_else(|| of_a_container(case))
}

// --- a container behind the asked port ----------------------------------------

fn of_a_container(case: &Case) -> Option<Finding> {
    let container = calls::troubled(case)?;
    if !has_own_loopback(container) {
        return None;
    }
    let own_port = |port: u16| {
        let exposed = container.exposed.iter().any(|spec| spec.port == port);
        exposed || container.publishes().any(|one| one.container_port == port)
    };
    let all = calls::of(container);
    let mut calls = all.iter().filter(|call| {
        is_own_loopback(call.host) && !own_port(call.port) && call.is_served_inside() != Some(true)
    });
    let (call, meant) = calls.find_map(|call| {
        let meant = meant(case, container, call.port);
        let tells = match call.how() {
            Some(DialFailure::Refused) => true,
            Some(_) => false,
            // It says nothing of it: the address must be wrong for all that can be seen.
            None => meant.is_some() && call.is_served_inside() == Some(false),
        };
        tells.then_some((*call, meant))
    })?;
    let name = &container.name;
    let there = authority(
        call.given.map_or(call.host, |given| &*given.host),
        call.port,
    );
    let verb = match call.failed {
        Some(_) => "calls",
        None => "is told to call",
    };
    let who = match &meant {
        Some(Meant::Sibling(sibling, port)) => format!(
            "{} has it, as {}",
            sibling.name,
            authority(calls::name_in(sibling), *port)
        ),
        Some(Meant::Machine(_)) => "it is the machine that has it".to_owned(),
        None => "nobody listens there".to_owned(),
    };
    let finding = Finding::new(
        call.sureness(),
        format!("the container {name} {verb} {there}, which is the container itself: {who}"),
    )
    .because_all(call.evidence())
    .because_all(nobody_inside(&call))
    .because_all(listens_at(case, meant.as_ref()))
    .because_all(case.probes().map(evidence::probe))
    .because_all(runs_since(container));
    let fixes = mend(case, &call, meant.as_ref());
    let finding = fixes.into_iter().fold(finding, Finding::fix);
    Some(finding.fix(read_log(case, container)))
}

/// Whether the container's loopback is neither the machine's nor another container's.
fn has_own_loopback(container: &Container) -> bool {
    container.network_mode != "host" && !container.network_mode.starts_with("container:")
}

/// Who has the port: a neighbour, or else a server of the machine.
fn meant<'a>(case: &Case<'a>, container: &Container, port: u16) -> Option<Meant<'a>> {
    let near: Vec<&Container> = calls::neighbours(case, container)
        .filter(|one| one.is_up())
        .collect();
    let serves = |one: &&&Container| {
        inside(one).is_some_and(|all| {
            let mut there = all.iter().filter(|one| one.at.port() == port);
            there.any(|one| one.scope() != Scope::Loopback)
        })
    };
    if let Some(sibling) = near.iter().find(serves) {
        return Some(Meant::Sibling(sibling, port));
    }
    let published = near.iter().find_map(|one| {
        let mut mappings = one
            .publishes()
            .filter(|publish| publish.host_port == Some(port));
        Some(Meant::Sibling(one, mappings.next()?.container_port))
    });
    let declares = |one: &&&Container| {
        !one.inside.is_seen() && one.exposed.iter().any(|spec| spec.port == port)
    };
    let declared = || Some(Meant::Sibling(near.iter().find(declares)?, port));
    let of_machine = || {
        let mut all = case.facts.listeners.items().iter();
        all.find(|one| one.at.port() == port).map(Meant::Machine)
    };
    published.or_else(declared).or_else(of_machine)
}

/// That nobody in the container itself listens on the port.
fn nobody_inside(call: &Call) -> Vec<Evidence> {
    if call.is_served_inside() != Some(false) {
        return Vec::new();
    }
    let name = &call.container.name;
    let says = format!("nobody inside {name} listens on port {}", call.port);
    vec![seen(call.container, says, "/proc/net/tcp")]
}

/// Who has the port.
fn listens_at(case: &Case, meant: Option<&Meant>) -> Vec<Evidence> {
    match meant {
        Some(Meant::Sibling(sibling, _)) => listens_inside(sibling),
        Some(Meant::Machine(listener)) => vec![evidence::listener(case, listener)],
        None => Vec::new(),
    }
}

fn mend(case: &Case, call: &Call, meant: Option<&Meant>) -> Vec<Fix> {
    match meant {
        Some(Meant::Sibling(sibling, port)) => {
            let to = authority(calls::name_in(sibling), *port);
            let title = format!("let it call {to}");
            let mut fixes = call.redirect(case, &to, &title);
            if !calls::names_are_known(call.container, sibling) {
                let engine = sibling.engine.command();
                fixes.insert(
                    0,
                    Fix::read(
                        "put both on a network of your own, where they know each other by name",
                        format!("{engine} network create app; then run both with `--network app`"),
                    ),
                );
            }
            fixes
        }
        Some(Meant::Machine(listener)) => {
            let to = format!("host.docker.internal:{}", call.port);
            let mut fixes = call.redirect(case, &to, "let it call the machine");
            if case.facts.host.os == "linux" && !knows_the_machine(call.container) {
                fixes.push(Fix::read(
                    "and tell the container the machine's address",
                    "`extra_hosts: [\"host.docker.internal:host-gateway\"]` in the compose file, \
                     or `--add-host host.docker.internal:host-gateway`",
                ));
            }
            if listener.scope() == Scope::Loopback && case.facts.host.os == "linux" {
                fixes.push(Fix::read(
                    "and let the service listen where containers reach it",
                    format!(
                        "it listens on {} only; have it listen on the address of the engine's \
                         bridge (172.17.0.1), or on 0.0.0.0",
                        listener.at
                    ),
                ));
            }
            fixes
        }
        None => vec![Fix::read(
            "name the one that is meant",
            format!(
                "another container: its service's name and its port inside, as in db:{port}; a \
                 service of the machine: host.docker.internal:{port}",
                port = call.port
            ),
        )],
    }
}

/// Whether the container was given a name for the machine.
pub(super) fn knows_the_machine(container: &Container) -> bool {
    let mut names = container.extra_hosts.iter();
    names.any(|entry| is_machine_name(entry.split(':').next().unwrap_or_default()))
}

// --- asked from inside a container --------------------------------------------

fn from_inside(case: &Case) -> Option<Finding> {
    let here = &case.facts.host.vantage;
    if !matches!(here, Vantage::Container | Vantage::Devcontainer) {
        return None;
    }
    let loopback = case.target.is_localhost_name() || is_own_loopback(&case.target.host);
    if !loopback || !case.all_refused() || !case.nobody_listens() {
        return None;
    }
    // A server of the project that should run here is what is missing.
    let mut expected = case.expected().into_iter();
    if expected.any(|one| one.service.is_on() && one.service.runs == Runs::Process) {
        return None;
    }
    let all = case.facts.next_door.items().iter();
    let mut takes: Vec<&NextDoor> = all.filter(|door| door.takes == Some(true)).collect();
    // A service that the files name, then a name, then a number.
    takes.sort_by_key(|door| (door.service.is_none(), is_own_loopback(&door.host)));
    let door = *takes.first()?;
    let port = case.port();
    let there = authority(&door.host, port);
    let who = match &door.service {
        Some(service) => format!("the service {service} has that port, at {there}"),
        None => format!("the machine that runs it has that port, at {there}"),
    };
    let evidence_of = |door: &&NextDoor| {
        let says = format!("{} takes connections", authority(&door.host, port));
        let name = door.host.clone();
        Evidence::new(says, Seen::Name { name })
    };
    let finding = Finding::new(
        Confidence::Likely,
        format!("localhost is this container itself, where nobody listens on port {port}: {who}"),
    )
    .because_all(case.probes().map(evidence::probe))
    .because(evidence::nobody_listens(case))
    .because_all(takes.iter().map(evidence_of));
    let url = crate::facts::Target {
        host: door.host.clone(),
        ..case.target.clone()
    };
    let text = match case.target.scheme {
        Some(_) => url.url(None),
        None => there.clone(),
    };
    Some(
        finding
            .fix(Fix::read("dial it from here as", text))
            .fix(Fix::safe(
                "see that it is the one",
                ["devdoctor", "why", &there],
            )),
    )
}
