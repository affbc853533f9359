//! # The container's port is published under another number
//!
//! ## What happened
//!
//! Nobody listens on the port that was asked. A running container serves it
//! *inside*; on this machine it is published as another port.
//!
//! ## Why
//!
//! In `3001:3000` the first number is the one to open. A variable in `.env`, an
//! override file (compose adds the lists of ports of all its files together) or
//! a short form (`ports: ["3000"]`, `-P`: the engine chooses a free port) gives
//! another number than the one in your head.
//!
//! ## What to do
//!
//! Open the port it is published as, or change the first number of the mapping.

use std::net::SocketAddr;

use super::plan::{self, Plan};
use super::{Change, is_related, mapped, rerun, vacant};
use crate::facts::{Container, ContainerState, Proto, Publish, Target};
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::{Case, Rule, container, evidence};

/// DD502.
pub static RULE: Rule = Rule {
    code: "DD502",
    name: "published-elsewhere",
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
    ],
    settle: 2,
    check,
    source: include_str!("published_elsewhere.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    if !vacant(case) {
        return None;
    }
    let port = case.port();
    let mut found: Vec<(&Container, &Publish)> = case
        .facts
        .containers
        .items()
        .iter()
        .filter(|container| container.state == ContainerState::Running)
        .flat_map(|container| container.published.iter().map(move |p| (container, p)))
        .filter(|(_, p)| p.container_port == port && p.proto == Proto::Tcp)
        .filter(|(_, p)| p.host_port.is_some_and(|host| host != port))
        .collect();
    found.sort_by_key(|(container, _)| !is_related(case, container));
    let (container, publish) = *found.first()?;
    let host = publish.host_port?;
    let related = is_related(case, container);
    let alone = found.iter().all(|(other, _)| other.id == container.id);
    let plan = plan::of(case, container);
    let by = plan.and_then(|plan| plan.publishing(port));
    let settled = plan::is_settled(case, container);
    let confidence = if related && alone && settled && case.nobody_listens() {
        Confidence::Certain
    } else if related || alone {
        Confidence::Likely
    } else {
        Confidence::Possible
    };
    let finding = Finding::new(
        confidence,
        format!(
            "the container {} serves port {port} inside, and is published as port {host} here",
            container.name
        ),
    )
    .because(mapped(container, publish))
    .because_all(plan.zip(by).map(|(plan, by)| plan.says(case, by)))
    .because(if case.nobody_listens() {
        evidence::nobody_listens(case)
    } else {
        evidence::probe(case.failure()?)
    });
    let open = match publish.host_ip.filter(|ip| !ip.is_unspecified()) {
        Some(ip) => Target {
            host: ip.to_string(),
            ..case.target.clone()
        }
        .url(Some(host)),
        None => case.target.url(Some(host)),
    };
    let finding = finding.fix(Fix::read("open the port it is published as", open));
    let here = match publish.host_ip {
        Some(ip) => SocketAddr::new(ip, port).to_string(),
        None => port.to_string(),
    };
    let edit = plan
        .zip(by)
        .and_then(|(plan, by)| plan.published_as(case, by, port));
    let mut change = Change::ports(
        format!("or publish it as {port}"),
        &[&format!("{here}:{port}")],
    )
    .by(edit);
    if let Some(variable) = by.and_then(Plan::variable) {
        change.in_compose = format!("its port is the variable {variable}; set it to {port}");
    }
    Some(
        rerun(case, container, &change)
            .into_iter()
            .fold(finding, Finding::fix),
    )
}
