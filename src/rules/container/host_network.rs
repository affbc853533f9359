//! # The container has no ports of its own: it uses the machine's network
//!
//! ## What happened
//!
//! The container is to publish the port, and runs with `network_mode: host`. Then
//! the engine discards what is to be published. The server listens on the
//! machine's own network, on the port that it chose itself.
//!
//! ## Why
//!
//! With the machine's network there is nothing to map: the container has no
//! address of its own, and its server's port *is* the machine's port. The engine
//! says so once, when the container is made: *Published ports are discarded when
//! using host network mode*. On Docker Desktop the network is that of its virtual
//! machine, unless *host networking* is on in its settings.
//!
//! ## What to do
//!
//! Open the port that the server listens on, or leave `network_mode: host` out and
//! let the engine map the port.

use super::{Change, inside, is_related, plan, rerun, runs_since, seen, vacant};
use crate::facts::{Container, ContainerState, Listener, Scope};
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::container::calls::BESIDE;
use crate::rules::{Case, Rule, container, evidence};

/// DD514.
pub static RULE: Rule = Rule {
    code: "DD514",
    name: "host-network",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_restarting::RULE,
        &container::container_exited::RULE,
    ],
    settle: 5,
    check,
    source: include_str!("host_network.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    if !vacant(case) {
        return None;
    }
    let port = case.port();
    let wants = |container: &&Container| {
        let told = container
            .wants
            .iter()
            .any(|one| one.host_port == Some(port));
        let planned = || plan::of(case, container).and_then(|plan| plan.giving(port));
        told || planned().is_some()
    };
    let all = case.facts.containers.items().iter();
    let container = all
        .filter(|one| one.state == ContainerState::Running && one.network_mode == "host")
        .filter(wants)
        .min_by_key(|container| !is_related(case, container))?;
    let name = &container.name;
    let own = own_listeners(container);
    let there = match own.as_slice() {
        [] => String::new(),
        [one] => format!("; its server listens on port {}", one.at.port()),
        [one, ..] => format!("; its server listens on port {} and others", one.at.port()),
    };
    let confidence = if case.nobody_listens() {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    let mut finding = Finding::new(
        confidence,
        format!(
            "the container {name} uses the machine's own network, where the mapping of port \
             {port} is discarded{there}"
        ),
    )
    .because(seen(
        container,
        format!("{name} runs with the network of the machine (`host`)"),
        "HostConfig.NetworkMode",
    ));
    for listener in &own {
        let says = format!("its process listens on {}", listener.at);
        finding = finding.because(seen(container, says, "its sockets"));
    }
    if let Some(gap) = container
        .inside
        .gap()
        .filter(|_| !container.inside.is_not_asked())
    {
        let says = format!("what its processes listen on could not be seen: {gap}");
        finding = finding.because(seen(container, says, "its sockets"));
    }
    finding = finding
        .because_all(runs_since(container))
        .because_all(case.probes().map(evidence::probe));
    if case.nobody_listens() {
        finding = finding.because(evidence::nobody_listens(case));
    }
    if case.facts.host.os != "linux" {
        finding = finding.fix(Fix::read(
            "let containers have the desktop's network",
            "switch on *Enable host networking* in Docker Desktop's settings (Resources, \
             Network); without it, the network is that of its virtual machine",
        ));
    }
    if let Some(listener) = own.first() {
        let title = "open the port that it listens on";
        let url = case.target.url(Some(listener.at.port()));
        finding = finding.fix(Fix::read(title, url));
    }
    Some(
        leave_out(case, container)
            .into_iter()
            .fold(finding, Finding::fix),
    )
}

/// What its processes listen on, those first that others than the machine reach.
fn own_listeners(container: &Container) -> Vec<&Listener> {
    let mut own = inside(container).unwrap_or_default();
    own.retain(|one| !BESIDE.contains(&one.at.port()));
    own.sort_by_key(|one| {
        (
            one.scope() == Scope::Loopback,
            one.at.port(),
            one.at.is_ipv6(),
        )
    });
    own.dedup_by_key(|one| one.at.port());
    own
}

/// Gives the container a network of its own.
fn leave_out(case: &Case, container: &Container) -> Vec<Fix> {
    let change = Change {
        title: "or let the engine map the port".to_owned(),
        in_compose: "leave `network_mode: host` out".to_owned(),
        in_run: "without `--network host`".to_owned(),
        edit: None,
    };
    rerun(case, container, &change)
}
