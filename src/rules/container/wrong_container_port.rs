//! # The mapping leads to a port that nobody listens on inside
//!
//! ## What happened
//!
//! The port is published and the container runs. The mapping sends connections
//! to a port of the container where nobody listens; the server inside listens on
//! another one.
//!
//! ## Why
//!
//! In `3000:8080` the first number is this machine's, the second the
//! container's. The second is wrong, or the server was moved to another port by
//! a flag, a variable or a new version of the image. The engine publishes
//! without looking whether anybody listens, so `docker ps` looks fine.
//!
//! ## What to do
//!
//! Correct the second number to the port the server listens on, and make the
//! container anew: a mapping cannot be changed on an existing one.

use super::calls::BESIDE;
use super::{
    Change, inside, is_young, listens_inside, mapped, plan, rerun, runs_since, sure, unanswering,
};
use crate::facts::{ContainerState, Scope};
use crate::findings::{Confidence, Finding, Severity};
use crate::rules::{Case, Rule, container, evidence};

/// DD504.
pub static RULE: Rule = Rule {
    code: "DD504",
    name: "wrong-container-port",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_paused::RULE,
        &container::container_restarting::RULE,
        &container::not_recreated::RULE,
        &container::loopback_inside::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("wrong_container_port.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let (container, publish) = unanswering(case)?;
    if container.state != ContainerState::Running {
        return None;
    }
    let listeners = inside(container)?;
    let wanted = publish.container_port;
    if listeners.iter().any(|l| l.at.port() == wanted) {
        return None;
    }
    let mut others: Vec<_> = listeners
        .iter()
        .filter(|l| !BESIDE.contains(&l.at.port()))
        .collect();
    // Those that can be reached from outside first.
    others.sort_by_key(|l| (l.scope() == Scope::Loopback, l.at.port()));
    let other = others.first()?;
    let found = other.at.port();
    let same_port = others.iter().all(|l| l.at.port() == found);
    let declared = container.exposed.iter().any(|spec| spec.port == found);
    let young = is_young(container);
    // What is up early may be a helper: the server itself may still be on its way.
    if young && !declared && container.health.as_deref() == Some("starting") {
        return None;
    }
    let confidence = if same_port && !young && plan::is_settled(case, container) {
        sure(case)
    } else {
        Confidence::Likely
    };
    let name = &container.name;
    let loopback = if other.scope() == Scope::Loopback {
        " (on its own loopback, too)"
    } else {
        ""
    };
    let finding = Finding::new(
        confidence,
        format!(
            "port {} leads to port {wanted} of the container {name}, where nobody listens; its \
             server listens on port {found}{loopback}",
            case.port()
        ),
    )
    .because(mapped(container, publish))
    .because_all(listens_inside(container))
    .because_all(case.probes().map(evidence::probe))
    .because_all(runs_since(container));
    let host = match publish.host_ip {
        Some(ip) => std::net::SocketAddr::new(ip, case.port()).to_string(),
        None => case.port().to_string(),
    };
    let change = Change::ports(
        format!("let the mapping lead to port {found}"),
        &[&format!("{host}:{found}")],
    );
    Some(
        rerun(case, container, &change)
            .into_iter()
            .fold(finding, Finding::fix),
    )
}
