//! # The compose file was edited, and the container is still the old one
//!
//! ## What happened
//!
//! The compose file publishes the port that was asked. The service's container was
//! made before the file said so: it publishes other ports, or none.
//!
//! ## Why
//!
//! What a container publishes is settled when it is made. Editing the file, its
//! `.env` or an override changes nothing until compose compares them with the
//! container: `docker compose up` does that, `docker compose restart`, `start` and
//! the restart button of Docker Desktop do not.
//!
//! ## What to do
//!
//! Run `docker compose up -d` for the service: compose makes the container anew and
//! keeps its volumes.

use super::plan::{self, Plan};
use super::{answered, recreate, seen, unanswering, vacant};
use crate::facts::{Container, ContainerState, Expectation, Proto, Publish};
use crate::findings::{Confidence, Evidence, Finding, Severity};
use crate::rules::{Case, Rule, container, evidence};

/// DD518.
pub static RULE: Rule = Rule {
    code: "DD518",
    name: "not-recreated",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_paused::RULE,
        &container::container_restarting::RULE,
        &container::container_exited::RULE,
        &container::localhost_inside_container::RULE,
        &container::host_service_on_loopback::RULE,
        &container::dependency_not_ready::RULE,
        &container::engine_elsewhere::RULE,
        &container::host_network::RULE,
        &container::no_network::RULE,
        &container::container_never_started::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("not_recreated.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    if answered(case) || !(vacant(case) || unanswering(case).is_some()) {
        return None;
    }
    let (container, plan, by) = old(case)?;
    // Another container of the service may have been made since.
    let service = case.facts.containers.items().iter();
    let mut others = service.filter(|other| other.compose == container.compose);
    if others.any(|other| plan.is_kept(other, by)) {
        return None;
    }
    let (name, port) = (&container.name, case.port());
    let up = container.state == ContainerState::Running;
    let certain = by.certain && up && (case.nobody_listens() || unanswering(case).is_some());
    let confidence = if certain {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    let file = evidence::file_of(case, plan.project, &by.origin.file);
    let finding = Finding::new(
        confidence,
        format!(
            "{file} gives {} port {port}, and its container {name} was made before that",
            plan.service.name
        ),
    )
    .because(plan.says(case, by))
    .because_all(told(container, plan))
    .because_all(case.probes().map(evidence::probe));
    let finding = if case.nobody_listens() {
        finding.because(evidence::nobody_listens(case))
    } else {
        finding
    };
    Some(
        recreate(case, container, "let")
            .into_iter()
            .fold(finding, Finding::fix),
    )
}

/// A container that does not publish the asked port as its file says now.
fn old<'a>(case: &Case<'a>) -> Option<(&'a Container, Plan<'a>, &'a Expectation)> {
    let all = case.facts.containers.items().iter();
    let made = all.filter(|container| {
        !matches!(
            container.state,
            ContainerState::Removing | ContainerState::Dead
        )
    });
    made.filter_map(|container| {
        let plan = plan::of(case, container)?;
        let by = plan.giving(case.port())?;
        (!plan.is_kept(container, by)).then_some((container, plan, by))
    })
    .next()
}

/// What the container was told to publish when it was made.
fn told(container: &Container, plan: Plan) -> Vec<Evidence> {
    const WHERE: &str = "HostConfig.PortBindings";
    let name = &container.name;
    let tcp = |publish: &&Publish| publish.proto == Proto::Tcp;
    let told: Vec<Evidence> = container
        .wants
        .iter()
        .filter(tcp)
        .map(|publish| {
            let inside = publish.container_port;
            let there = match (publish.host_ip, publish.host_port) {
                (Some(ip), Some(port)) => format!("as {}", std::net::SocketAddr::new(ip, port)),
                (None, Some(port)) => format!("as port {port}"),
                (_, None) => "on a port that the engine chooses".to_owned(),
            };
            let says = format!("{name} was made to publish its port {inside} {there}");
            seen(container, says, WHERE)
        })
        .collect();
    if told.is_empty() {
        let says = format!(
            "{name} was made without a port of {} to publish",
            plan.service.name
        );
        return vec![seen(container, says, WHERE)];
    }
    told
}
