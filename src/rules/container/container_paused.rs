//! # The container is paused
//!
//! ## What happened
//!
//! The port leads into a container whose processes are frozen. The engine still
//! accepts connections for it, and nobody inside ever takes them: the browser
//! waits.
//!
//! ## Why
//!
//! Somebody ran `docker pause`, or a tool did so to save power or to take a
//! backup. A paused container looks up in `docker ps` and keeps its ports.
//!
//! ## What to do
//!
//! Run `docker unpause` with its name. It goes on where it was.

use super::{mapped, seen, sure, unanswering};
use crate::facts::ContainerState;
use crate::findings::{Finding, Fix, Severity};
use crate::rules::{Case, Rule, evidence};

/// DD509.
pub static RULE: Rule = Rule {
    code: "DD509",
    name: "container-paused",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("container_paused.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let (container, publish) = unanswering(case)?;
    if container.state != ContainerState::Paused {
        return None;
    }
    let name = &container.name;
    let finding = Finding::new(
        sure(case),
        format!(
            "the container {name} behind port {} is paused, so nobody in it answers",
            case.port()
        ),
    )
    .because(seen(container, format!("{name} is paused"), "State.Status"))
    .because(mapped(container, publish))
    .because_all(case.probes().map(evidence::probe))
    .fix(Fix::safe(
        "let it go on",
        [container.engine.command(), "unpause", name],
    ));
    Some(finding)
}
