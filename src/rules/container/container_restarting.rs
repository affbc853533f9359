//! # The container keeps ending and being started again
//!
//! ## What happened
//!
//! The container that should be behind the port ends soon after each start, and
//! its restart policy starts it again. Most of the time nobody listens on the
//! port; now and then it seems to work for a moment.
//!
//! ## Why
//!
//! Its program fails each time: a setting or a secret is missing, a database is
//! not reachable, a migration fails, the image was built for another processor.
//! The restart policy (`always`, `unless-stopped`, `on-failure`) hides that by
//! trying again.
//!
//! ## What to do
//!
//! Read what it wrote before it ended: `docker logs` keeps the lines of every
//! attempt. Mend that; the next start will stay.

use super::{answered, ended, inside, last_lines, mapped, mapping, read_log, seen, sure};
use crate::facts::{Container, ContainerState, human_age};
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::{Case, Rule, container, evidence};

/// DD508.
pub static RULE: Rule = Rule {
    code: "DD508",
    name: "container-restarting",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::localhost_inside_container::RULE,
        &container::host_service_on_loopback::RULE,
        &container::dependency_not_ready::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("container_restarting.rs"),
};

/// A container that has been restarted often and has only just been started again.
const OFTEN: u32 = 3;
/// Seconds.
const JUST: u64 = 10;

fn check(case: &Case) -> Option<Finding> {
    if !case.on_this_machine()
        || case.probes().next().is_none()
        || answered(case)
        || case.own_server()
    {
        return None;
    }
    let port = case.port();
    let loops = |container: &&Container| {
        container.state == ContainerState::Restarting || is_between_two_ends(container, port)
    };
    let container = case.publishers().find(loops)?;
    let name = &container.name;
    let confidence = if container.state == ContainerState::Restarting {
        sure(case)
    } else {
        Confidence::Likely
    };
    let times = match container.restarts {
        0 | 1 => String::new(),
        times => format!(", {times} times so far"),
    };
    let mut finding = Finding::new(
        confidence,
        format!(
            "the container {name}, which should be behind port {port}, keeps ending and being \
             started again{times}"
        ),
    );
    if container.state == ContainerState::Restarting {
        let says = format!("{name} is between two starts: {}", ended(container));
        finding = finding.because(seen(container, says, "State.Status, State.ExitCode"));
    } else if let Some(age) = container.started_s {
        let says = format!("{name} was started again {} ago", human_age(age));
        finding = finding.because(seen(container, says, "State.StartedAt"));
    }
    let policy = container.restart_policy.as_deref().unwrap_or("unknown");
    let says = format!(
        "it was restarted {} times, by its restart policy `{policy}`",
        container.restarts
    );
    finding = finding
        .because(seen(container, says, "RestartCount"))
        .because_all(mapping(case, container).map(|publish| mapped(container, publish)))
        .because_all(last_lines(container))
        .because_all(case.probes().map(evidence::probe));
    let engine = container.engine.command();
    Some(finding.fix(read_log(case, container)).fix(Fix::safe(
        "end the loop while you mend it",
        [engine, "stop", name],
    )))
}

/// Whether the container has only just been started, once more, and serves nothing yet.
fn is_between_two_ends(container: &Container, port: u16) -> bool {
    let serves = inside(container).is_some_and(|listeners| {
        let mut ports = container
            .publishes()
            .filter(|publish| publish.host_port == Some(port))
            .map(|publish| publish.container_port);
        ports.any(|port| listeners.iter().any(|l| l.at.port() == port))
    });
    container.state == ContainerState::Running
        && container.restarts >= OFTEN
        && container.started_s.is_some_and(|age| age < JUST)
        && !serves
}
