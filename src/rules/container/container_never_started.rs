//! # The container was made and never started
//!
//! ## What happened
//!
//! A container that would publish the port exists in the state *created*: its
//! program has never run.
//!
//! ## Why
//!
//! Most often the engine could not take a port for it, because another
//! container or another program held that port: *port is already allocated*,
//! *address already in use*. A program that holds the port on one address only
//! is enough. The container stays behind in `docker ps -a`. Otherwise it waits
//! for a service it depends on, or was only made (`docker create`).
//!
//! ## What to do
//!
//! Free the port, or publish on another one; then start the container.

use super::{answered, has_successor, is_foreign, mapped, mapping, seen, start, vacant};
use crate::facts::{Container, ContainerState};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Severity};
use crate::rules::{Case, Rule, container, evidence};

/// DD507.
pub static RULE: Rule = Rule {
    code: "DD507",
    name: "container-never-started",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_restarting::RULE,
        &container::container_exited::RULE,
        &container::localhost_inside_container::RULE,
        &container::host_service_on_loopback::RULE,
        &container::dependency_not_ready::RULE,
        &container::engine_elsewhere::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("container_never_started.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let never = |container: &&Container| {
        container.state == ContainerState::Created && !has_successor(case, container)
    };
    let container = case.publishers().find(never)?;
    let error = container.error.as_deref();
    let taken = error.and_then(taken_port);
    let vacant = vacant(case);
    // Somebody else answers in its place: worth a word only if that is why it never ran.
    let ousted = answered(case)
        && case.on_this_machine()
        && taken == Some(case.port())
        && !is_foreign(case, container);
    if !vacant && !ousted {
        return None;
    }
    let name = &container.name;
    let port = case.port();
    let holder = taken.and_then(|port| holder(case, container, port));
    let why = match (taken, &holder) {
        (Some(taken), Some(holder)) => format!(": {} holds port {taken}", holder.words),
        (Some(taken), None) => format!(": port {taken} was taken when it was to start"),
        (None, _) => match error {
            Some(error) => format!(": {error}"),
            None => String::new(),
        },
    };
    let confidence = match (error, case.nobody_listens() || ousted) {
        (Some(_), true) if !ousted || holder.is_some() => Confidence::Certain,
        _ => Confidence::Likely,
    };
    let mut finding = Finding::new(
        confidence,
        format!("the container {name}, which should be behind port {port}, never started{why}"),
    )
    .because(seen(
        container,
        format!("{name} was created and has never run"),
        "State.Status",
    ))
    .because_all(error.map(|error| {
        seen(
            container,
            format!("the engine says: {error}"),
            "State.Error",
        )
    }))
    .because_all(mapping(case, container).map(|publish| mapped(container, publish)));
    if ousted {
        finding = finding.severity(Severity::Warning);
    }
    if vacant && case.nobody_listens() {
        finding = finding.because(evidence::nobody_listens(case));
    }
    if let Some(holder) = holder {
        finding = finding.because(holder.evidence).fix(holder.fix);
    }
    Some(
        finding
            .because_all(case.probes().map(evidence::probe))
            .fix(start(case, container)),
    )
}

/// The port that the engine could not have, from its words: `Bind for 0.0.0.0:3000
/// failed: port is already allocated`, `listen tcp4 0.0.0.0:3000: bind: address already
/// in use`.
fn taken_port(error: &str) -> Option<u16> {
    let lower = error.to_ascii_lowercase();
    let taken = [
        "already allocated",
        "already in use",
        "ports are not available",
    ];
    if !taken.iter().any(|words| lower.contains(words)) {
        return None;
    }
    // `host port for 0.0.0.0:3000:172.17.0.2:8080/tcp`
    if let Some((_, mapping)) = lower.split_once("host port for ") {
        let after_host = match mapping.strip_prefix('[') {
            Some(v6) => v6.split_once("]:")?.1,
            None => mapping.split_once(':')?.1,
        };
        return after_host.split(':').next()?.parse().ok();
    }
    // The last address before the complaint; words around it may have colons too.
    lower
        .split_whitespace()
        .filter_map(|word| {
            let word = word.trim_end_matches([':', ',', '.', ')']);
            let (host, port) = word.rsplit_once(':')?;
            let host_like = host
                .chars()
                .all(|c| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '[' | ']'));
            host_like.then(|| port.parse().ok())?
        })
        .next_back()
}

/// Who holds a port that a container could not have.
struct Holder {
    words: String,
    evidence: Evidence,
    fix: Fix,
}

fn holder(case: &Case, container: &Container, port: u16) -> Option<Holder> {
    let holds = |other: &&Container| {
        other.is_up()
            && other.id != container.id
            && other.published.iter().any(|p| p.host_port == Some(port))
    };
    if let Some(other) = case.facts.containers.items().iter().find(holds) {
        let publish = other.published.iter().find(|p| p.host_port == Some(port))?;
        return Some(Holder {
            words: format!("the container {}", other.name),
            evidence: mapped(other, publish),
            fix: Fix::run(
                format!("stop the container {}", other.name),
                Safety::Disruptive,
                [other.engine.command(), "stop", &other.name],
            ),
        });
    }
    let listener = case
        .facts
        .listeners
        .items()
        .iter()
        .find(|listener| listener.at.port() == port)?;
    let words = evidence::owner_words(case, listener);
    Some(Holder {
        evidence: evidence::listener(case, listener),
        fix: Fix::read(
            "free the port",
            format!("end {words} where it was started, or let it take another port"),
        ),
        words,
    })
}

#[cfg(test)]
mod tests {
    use super::taken_port;

    #[test]
    fn the_port_is_read_from_the_engines_words() {
        for (error, port) in [
            (
                "driver failed programming external connectivity on endpoint web (0f): Bind for \
                 0.0.0.0:3000 failed: port is already allocated",
                Some(3000),
            ),
            (
                "driver failed programming external connectivity on endpoint web: Error starting \
                 userland proxy: listen tcp4 0.0.0.0:3001: bind: address already in use",
                Some(3001),
            ),
            (
                "failed to bind host port for [::]:3002:172.17.0.2:8080/tcp: address already in use",
                Some(3002),
            ),
            (
                "Ports are not available: exposing port TCP 127.0.0.1:5000 -> 0.0.0.0:0: listen \
                 tcp 127.0.0.1:5000: bind: address already in use",
                Some(5000),
            ),
            ("exec: \"web\": not found", None),
        ] {
            assert_eq!(taken_port(error), port, "{error}");
        }
    }
}
