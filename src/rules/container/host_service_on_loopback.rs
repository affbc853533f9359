//! # A container calls a service of the machine that listens on loopback only
//!
//! ## What happened
//!
//! A container calls the machine that runs it, as `host.docker.internal` or by the
//! address of the engine's bridge (172.17.0.1). The call is refused: the service
//! runs, and listens on 127.0.0.1 of the machine only.
//!
//! ## Why
//!
//! To the machine, a container is another computer on the bridge's network. What
//! listens on the machine's loopback is there for the machine alone. (Docker
//! Desktop is kinder: it carries such calls to the loopback of the desktop.)
//!
//! ## What to do
//!
//! Have the service listen on the address of the bridge, which only containers
//! and the machine itself reach, or on every address where a firewall keeps the
//! network out. On Linux the name needs
//! `extra_hosts: ["host.docker.internal:host-gateway"]`.

use std::net::IpAddr;

use super::calls::{self, Call, authority};
use super::localhost_inside_container::knows_the_machine;
use super::read_log;
use crate::facts::{Container, DialFailure, Listener, Outcome, Scope, Vantage, is_machine_name};
use crate::findings::{Confidence, Finding, Fix, Safety, Severity};
use crate::rules::{Case, Rule, container, evidence, fixes};

/// DD517.
pub static RULE: Rule = Rule {
    code: "DD517",
    name: "host-service-on-loopback",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_paused::RULE,
        &container::localhost_inside_container::RULE,
    ],
    settle: 5,
    check,
    source: include_str!("host_service_on_loopback.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    by_address(case)
        .or_else(|| of_a_container(case))
        .or_else(|| from_inside(case))
}

/// The listeners on a port of the machine, if every one of them is on its loopback.
fn on_loopback<'a>(case: &Case<'a>, port: u16) -> Option<&'a Listener> {
    let all = case.facts.listeners.seen()?.iter();
    let here: Vec<&Listener> = all.filter(|one| one.at.port() == port).collect();
    let closed = here.iter().all(|one| one.scope() == Scope::Loopback);
    here.into_iter()
        .min_by_key(|one| one.at.is_ipv6())
        .filter(|_| closed)
}

// --- the address that containers call, asked on the machine -----------------------

fn by_address(case: &Case) -> Option<Finding> {
    let probe = case.probe_that(Outcome::Refused)?;
    let ip = probe.to.ip();
    if !case.on_this_machine() || !case.all_refused() {
        return None;
    }
    let bridge = bridge(case, ip)?;
    let listener = on_loopback(case, case.port())?;
    let who = evidence::owner_words(case, listener);
    let finding = Finding::new(
        Confidence::Certain,
        format!(
            "{who} listens on {} only, and containers call {}, the machine's address on {bridge}",
            listener.at, probe.to
        ),
    )
    .because(evidence::probe(probe))
    .because(evidence::listener(case, listener))
    .because_all(case.owner(listener).map(evidence::process));
    Some(finding.fix(listen_there(case, listener, Some(ip))))
}

/// The network of containers on which this is the machine's address.
fn bridge(case: &Case, ip: IpAddr) -> Option<String> {
    let mut networks = case
        .facts
        .containers
        .items()
        .iter()
        .flat_map(|one| &one.networks);
    if let Some(network) = networks.find(|network| network.gateway == Some(ip)) {
        return Some(format!("the containers' network {}", network.name));
    }
    let own = case.facts.host.addresses.items();
    let interface = &own.iter().find(|own| own.ip == ip)?.interface;
    let engines = ["docker", "br-", "podman", "cni-podman"];
    let is_one = engines.iter().any(|start| interface.starts_with(start));
    is_one.then(|| format!("the engine's bridge {interface}"))
}

// --- a container behind the asked port ----------------------------------------

fn of_a_container(case: &Case) -> Option<Finding> {
    let container = calls::troubled(case)?;
    // On other systems the engine carries the call to the loopback of the desktop.
    if case.facts.host.os != "linux" || container.network_mode == "host" {
        return None;
    }
    let all = calls::of(container);
    let (call, listener) = all
        .iter()
        .filter(|call| call.failed.is_some() && is_machine(case, container, call.host))
        .find_map(|call| Some((call, on_loopback(case, call.port)?)))?;
    let who = evidence::owner_words(case, listener);
    let name = &container.name;
    let there = authority(call.host, call.port);
    let confidence = match call.how() {
        Some(DialFailure::Refused) => call.sureness(),
        _ => Confidence::Likely,
    };
    let finding = Finding::new(
        confidence,
        format!(
            "the container {name} calls {there} on this machine, and {who} listens on {} only",
            listener.at
        ),
    )
    .because_all(call.evidence())
    .because(evidence::listener(case, listener))
    .because_all(case.owner(listener).map(evidence::process))
    .because_all(case.probes().map(evidence::probe));
    let mut fixes = vec![listen_there(case, listener, gateway(container))];
    fixes.extend(name_it(call));
    fixes.extend(again(container));
    fixes.push(read_log(case, container));
    Some(fixes.into_iter().fold(finding, Finding::fix))
}

/// Whether this is the machine, as the container calls it.
fn is_machine(case: &Case, container: &Container, host: &str) -> bool {
    let by_address = |ip: IpAddr| {
        let gateway = container.networks.iter().any(|one| one.gateway == Some(ip));
        gateway || (!ip.is_loopback() && case.is_local(ip) == Some(true))
    };
    is_machine_name(host) || host.parse().is_ok_and(by_address)
}

/// The address at which the container reaches the machine.
fn gateway(container: &Container) -> Option<IpAddr> {
    container
        .networks
        .iter()
        .find_map(|network| network.gateway)
}

/// Gives the container the machine's name, where it has none.
fn name_it(call: &Call) -> Option<Fix> {
    let unknown = is_machine_name(call.host) && !knows_the_machine(call.container);
    let podman = call.container.engine.command() == "podman";
    (unknown && !podman).then(|| {
        Fix::read(
            "and give the container the machine's name",
            format!(
                "`extra_hosts: [\"{host}:host-gateway\"]` in the compose file, or `--add-host \
                 {host}:host-gateway`",
                host = call.host
            ),
        )
    })
}

/// Starts a container that gave up.
fn again(container: &Container) -> Option<Fix> {
    let engine = container.engine.command();
    (!container.is_up())
        .then(|| Fix::safe("then start it again", [engine, "start", &container.name]))
}

// --- asked from inside a container --------------------------------------------

fn from_inside(case: &Case) -> Option<Finding> {
    let here = &case.facts.host.vantage;
    let inside = matches!(here, Vantage::Container | Vantage::Devcontainer);
    if !inside || !is_machine_name(&case.target.host) || !case.all_refused() {
        return None;
    }
    let port = case.port();
    let finding = Finding::new(
        Confidence::Likely,
        format!(
            "the machine that runs this container refuses port {port}: the service there \
             listens on the machine's own loopback, or does not run"
        ),
    )
    .because_all(case.probes().map(evidence::probe));
    Some(
        finding
            .fix(Fix::read(
                "look from the other side",
                format!("on the machine itself, run `devdoctor why {port}`"),
            ))
            .fix(Fix::read(
                "if it answers there, let it listen where containers reach it",
                format!(
                    "have it listen on {}, or on 0.0.0.0 where a firewall keeps the network out",
                    case.probes().next()?.to.ip()
                ),
            )),
    )
}

// --- fixes --------------------------------------------------------------------

/// Has the service listen on the address that containers reach.
fn listen_there(case: &Case, listener: &Listener, ip: Option<IpAddr>) -> Fix {
    let (owner, port) = (case.owner(listener), listener.at.port());
    let there = ip.map_or_else(|| "0.0.0.0".to_owned(), |ip| ip.to_string());
    let title = "let the service listen where containers reach it";
    let row = owner.and_then(|owner| case.framework(owner));
    let name = owner.map_or("the service", |owner| evidence::name_of(owner));
    if name.contains("ollama") {
        let set = format!("OLLAMA_HOST={there}:{port}");
        if let Some(unit) = owner.and_then(fixes::system_unit) {
            let text = format!(
                "sudo systemctl edit {unit}: `[Service]`, `Environment={set}`; then restart it"
            );
            return Fix::read(title, text);
        }
        return Fix::run(title, Safety::Disruptive, ["env", &set, "ollama", "serve"]);
    }
    let text = match row.and_then(|row| row.bind_all_on(port)) {
        Some(flag) if flag.contains("0.0.0.0") => {
            format!("start {name} with `{}`", flag.replace("0.0.0.0", &there))
        }
        Some(flag) => format!("start {name} with `{flag}`"),
        None => format!(
            "set the host (or bind address) of {name} to {there} and start it again; 0.0.0.0 \
             would let the whole network in"
        ),
    };
    Fix::read(title, text)
}
