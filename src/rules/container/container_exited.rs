//! # The container has exited
//!
//! ## What happened
//!
//! Nobody listens on the port. A container that would publish it is there, and
//! has ended.
//!
//! ## Why
//!
//! The exit code tells the kind: 0 its command was done (a server that goes to
//! the background ends its container), 1 to 124 its program failed, 125 the
//! engine could not run it, 126 or 127 the command cannot be executed or does
//! not exist in the image, 137 it was killed (often for want of memory), 139 it
//! crashed, 143 it was told to end. A stopped container keeps its mappings in
//! `docker inspect`, and `docker ps` does not list it without `-a`.
//!
//! ## What to do
//!
//! If it was stopped on purpose, start it again. If it failed, read its log
//! first: it will fail again.

use super::{
    ended, has_successor, is_related, last_lines, mapped, mapping, read_log, seen, start, vacant,
};
use crate::facts::{Container, ContainerState, human_age};
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::{Case, Rule, container, evidence};

/// DD506.
pub static RULE: Rule = Rule {
    code: "DD506",
    name: "container-exited",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_restarting::RULE,
        &container::localhost_inside_container::RULE,
        &container::host_service_on_loopback::RULE,
        &container::dependency_not_ready::RULE,
        &container::engine_elsewhere::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("container_exited.rs"),
};

/// An hour: who asks so soon after its end is likely to mean this container.
const RECENT: u64 = 3600;
/// A week: a container that has been lying about for longer is likely forgotten.
const OLD: u64 = 7 * 86_400;

fn check(case: &Case) -> Option<Finding> {
    if !vacant(case) {
        return None;
    }
    let over = |container: &&Container| {
        matches!(
            container.state,
            ContainerState::Exited | ContainerState::Dead
        ) && !has_successor(case, container)
    };
    // The one of this project, or else the one that ended last.
    let container = case.publishers().filter(over).min_by_key(|container| {
        let since = container.finished_s.unwrap_or(u64::MAX);
        (!is_related(case, container), since)
    })?;
    let since = container.finished_s.unwrap_or(OLD);
    let related = is_related(case, container);
    let confidence = match (related, since) {
        _ if !case.nobody_listens() => Confidence::Possible,
        (true, _) | (false, ..RECENT) => Confidence::Certain,
        (false, RECENT..OLD) => Confidence::Likely,
        (false, OLD..) => Confidence::Possible,
    };
    let name = &container.name;
    let ago = container
        .finished_s
        .map(|age| format!(" {} ago", human_age(age)))
        .unwrap_or_default();
    let ended = ended(container);
    let finding = Finding::new(
        confidence,
        format!(
            "the container {name}, which publishes port {}, exited{ago}: {ended}",
            case.port()
        ),
    )
    .because(seen(
        container,
        format!("{name} has exited{ago}: {ended}"),
        "State.Status, State.ExitCode",
    ))
    .because_all(container.error.as_ref().map(|error| {
        seen(
            container,
            format!("the engine says: {error}"),
            "State.Error",
        )
    }))
    .because_all(mapping(case, container).map(|publish| mapped(container, publish)))
    .because_all(last_lines(container))
    .because(if case.nobody_listens() {
        evidence::nobody_listens(case)
    } else {
        evidence::probe(case.failure()?)
    });
    let log = read_log(case, container);
    let start = start(case, container);
    Some(match container.exit_code {
        _ if container.oom_killed => finding
            .fix(Fix::read(
                "give it more memory",
                "raise its limit (`mem_limit` in the compose file, `--memory` of `docker run`), \
                 or that of the machine that runs the engine",
            ))
            .fix(start)
            .fix(log),
        // Ended from outside, or done: nothing to mend.
        Some(0 | 130 | 137 | 143) => finding.fix(start).fix(log),
        _ => finding.fix(log).fix(start),
    })
}
