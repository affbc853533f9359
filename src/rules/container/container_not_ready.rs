//! # The container runs, and nobody listens in it yet
//!
//! ## What happened
//!
//! The port is published and the container runs. Inside, nobody listens on the
//! port that the mapping leads to.
//!
//! ## Why
//!
//! A container counts as running from the moment its first process starts. The
//! server may need a while longer: it compiles, migrates, waits for a database.
//! If the container has run for long, the server does not come up at all: it
//! waits for something that does not come, or its failure is hidden by a wrapper
//! script that goes on.
//!
//! ## What to do
//!
//! If it has only just started, wait and ask again. Else read its log.

use super::{
    health, inside, is_young, last_lines, listens_inside, mapped, plan, read_log, runs_since, sure,
    unanswering,
};
use crate::facts::{Container, ContainerState, human_age};
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::{Case, Rule, container, evidence, fixes};

/// DD510.
pub static RULE: Rule = Rule {
    code: "DD510",
    name: "container-not-ready",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_paused::RULE,
        &container::container_restarting::RULE,
        &container::localhost_inside_container::RULE,
        &container::host_service_on_loopback::RULE,
        &container::dependency_not_ready::RULE,
        &container::not_recreated::RULE,
        &container::published_on_one_address::RULE,
        &container::loopback_inside::RULE,
        &container::wrong_container_port::RULE,
    ],
    settle: 10,
    check,
    source: include_str!("container_not_ready.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let (container, publish) = unanswering(case)?;
    if container.state != ContainerState::Running {
        return None;
    }
    let young = is_young(container);
    let wanted = publish.container_port;
    let confidence = match inside(container) {
        Some(listeners) if listeners.iter().any(|l| l.at.port() == wanted) => return None,
        Some(_) if plan::is_settled(case, container) => sure(case),
        Some(_) => Confidence::Likely,
        // Out of sight: too young, on another port, or on its own loopback.
        None => {
            let cut = case.cut_off().is_some();
            let refused = case.all_refused() && case.facts.listeners.is_seen();
            match (young, cut || refused) {
                (true, true) => Confidence::Likely,
                (false, true) => Confidence::Possible,
                (_, false) => return None,
            }
        }
    };
    let finding = Finding::new(confidence, says(case, container, wanted, young))
        .because_all(listens_inside(container))
        .because(mapped(container, publish))
        .because_all(runs_since(container))
        .because_all(health(container))
        .because_all(last_lines(container))
        .because_all(case.probes().map(evidence::probe));
    let engine = container.engine.command();
    let name = &container.name;
    let log = read_log(case, container);
    if young {
        let again = Fix::safe(
            "wait until it answers",
            ["devdoctor", "wait", &case.target.input],
        );
        return Some(finding.fix(again).fix(log));
    }
    let finding = finding.fix(log);
    Some(if container.inside.is_seen() {
        finding.fix(Fix::safe("see what runs in it", [engine, "top", name]))
    } else {
        finding.fix(fixes::sockets_inside(container))
    })
}

fn says(case: &Case, container: &Container, wanted: u16, young: bool) -> String {
    let name = &container.name;
    let since = container
        .started_s
        .map(|age| format!(" after {}", human_age(age)))
        .unwrap_or_default();
    match (container.inside.is_seen(), young) {
        (true, true) => format!(
            "the container {name} has started, and nobody in it listens on port {wanted} yet"
        ),
        (true, false) => format!(
            "the container {name} runs, and{since} still nobody in it listens on port {wanted}"
        ),
        (false, true) => format!(
            "the container {name} has only just started and is likely not to listen on port \
             {wanted} yet"
        ),
        (false, false) => format!(
            "nobody in the container {name} takes what port {} sends to its port {wanted}: its \
             server does not listen, listens on another port, or on its own loopback",
            case.port()
        ),
    }
}
