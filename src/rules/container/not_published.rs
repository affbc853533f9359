//! # The container's port is not published
//!
//! ## What happened
//!
//! Nobody listens on the port on this machine. A running container has it
//! inside, and it was not published: only other containers on the same network
//! can reach it.
//!
//! ## Why
//!
//! `EXPOSE` in a Dockerfile and `expose:` in a compose file are notes for the
//! reader. Only `-p` and `ports:` open a port on this machine. `docker ps` shows
//! both in one column: `3000/tcp` is a note, `0.0.0.0:3000->3000/tcp` is a
//! mapping.
//!
//! ## What to do
//!
//! Add the mapping and make the container anew; a restart does not add it.
//! `127.0.0.1:3000:3000` keeps it private to this machine.

use super::{Change, inside, is_foreign, is_related, listens_inside, plan, rerun, seen, vacant};
use crate::facts::{Container, ContainerState, Proto};
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::{Case, Rule, container, evidence};

/// DD501.
pub static RULE: Rule = Rule {
    code: "DD501",
    name: "not-published",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_restarting::RULE,
        &container::container_exited::RULE,
        &container::localhost_inside_container::RULE,
        &container::host_service_on_loopback::RULE,
        &container::dependency_not_ready::RULE,
        &container::engine_elsewhere::RULE,
        &container::host_network::RULE,
        &container::no_network::RULE,
        &container::container_never_started::RULE,
        &container::not_recreated::RULE,
        &container::published_elsewhere::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("not_published.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    if !vacant(case) || case.publishers().next().is_some() {
        return None;
    }
    let port = case.port();
    let mut found: Vec<(&Container, Option<bool>)> = case
        .facts
        .containers
        .items()
        .iter()
        .filter(|container| container.state == ContainerState::Running)
        .filter(|container| container.network_mode != "host" && !is_foreign(case, container))
        .filter(|container| !container.published.iter().any(|p| p.container_port == port))
        .filter_map(|container| {
            let listens = inside(container).map(|list| list.iter().any(|l| l.at.port() == port));
            let exposed = container
                .exposed
                .iter()
                .any(|spec| spec.port == port && spec.proto == Proto::Tcp);
            (exposed || listens == Some(true)).then_some((container, listens))
        })
        .collect();
    found
        .sort_by_key(|(container, listens)| (!is_related(case, container), *listens != Some(true)));
    let (container, listens) = *found.first()?;
    let related = is_related(case, container);
    let alone = found.len() == 1;
    let settled = plan::is_settled(case, container);
    let confidence = match (listens == Some(true), related, alone) {
        (true, true, true) if settled && case.nobody_listens() => Confidence::Certain,
        (true, true, _) | (true, _, true) | (false, true, true) => Confidence::Likely,
        _ => Confidence::Possible,
    };
    let name = &container.name;
    let verb = if listens == Some(true) {
        "listens on"
    } else {
        "exposes"
    };
    let mut finding = Finding::new(
        confidence,
        format!(
            "the container {name} {verb} port {port} inside, and does not publish it on this \
             machine"
        ),
    );
    if container
        .exposed
        .iter()
        .any(|spec| spec.port == port && spec.proto == Proto::Tcp)
    {
        let says = format!("{name} declares port {port}, which opens nothing on this machine");
        finding = finding.because(seen(container, says, "Config.ExposedPorts"));
    }
    finding = finding
        .because_all(listens_inside(container))
        .because(seen(
            container,
            format!("{name} has no mapping for port {port}"),
            "HostConfig.PortBindings",
        ))
        .because_all(
            plan::of(case, container)
                .filter(|plan| plan.publishing(port).is_none())
                .map(|plan| plan.lacks(case, port)),
        )
        .because(if case.nobody_listens() {
            evidence::nobody_listens(case)
        } else {
            evidence::probe(case.failure()?)
        });
    let change = Change::ports(
        "publish the port, for this machine only",
        &[&format!("127.0.0.1:{port}:{port}")],
    );
    finding = rerun(case, container, &change)
        .into_iter()
        .fold(finding, Finding::fix);
    // Where the container's process is ours to see, its network can be reached, too.
    if container.pid.is_some()
        && listens == Some(true)
        && let Some(ip) = container.networks.iter().find_map(|network| network.ip)
    {
        let there = crate::facts::Target {
            host: ip.to_string(),
            ..case.target.clone()
        };
        finding = finding.fix(Fix::read(
            "or, for now, open the container's own address",
            there.url(None),
        ));
    }
    Some(finding)
}
