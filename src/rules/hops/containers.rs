//! A published port: the listener, the forwarder, the publish rule, who listens inside.

use crate::facts::{Container, ContainerState, Known, Listener, Outcome, Probe, Publish, Scope};
use crate::findings::{Hop, HopState, Verdict};
use crate::rules::{Case, container, evidence};

/// The places between this machine's port and the server in a container; none where the
/// port leads into no container, or where nothing is wrong.
pub(super) fn hops(case: &Case) -> Vec<Hop> {
    if !case.on_this_machine() || case.verdict() == Verdict::Reachable || case.own_server() {
        return Vec::new();
    }
    let Some((container, publish)) = way(case) else {
        return Vec::new();
    };
    let probe = case.failure().or_else(|| case.probes().next());
    let listener = probe.and_then(|probe| case.listener_for(probe.to.ip()));
    let mut hops = vec![door(case, probe, listener)];
    hops.extend(listener.map(|listener| forwarder(case, probe, listener)));
    hops.push(mapping(container, publish));
    hops.push(inside(case, container, publish));
    hops.extend(health(container));
    hops
}

/// The container that the port leads into, or would if it ran.
fn way<'a>(case: &Case<'a>) -> Option<(&'a Container, &'a Publish)> {
    case.published().next().or_else(|| {
        let port = case.port();
        let mut publishers = case.publishers().filter(|one| one.published.is_empty());
        let container = publishers.next()?;
        let mut wants = container.publishes();
        Some((container, wants.find(|one| one.host_port == Some(port))?))
    })
}

fn hop(at: String, state: HopState, by: impl Into<Option<String>>) -> Hop {
    Hop {
        at,
        state,
        by: by.into(),
    }
}

/// The socket on this machine.
fn door(case: &Case, probe: Option<&Probe>, listener: Option<&Listener>) -> Hop {
    let port = case.port();
    let told = probe.map(|probe| format!("{} {}", probe.to, probe.outcome.word()));
    let passes = probe.is_some_and(|probe| probe.outcome.connected());
    match listener {
        Some(listener) => {
            let at = format!("{} of this machine", listener.at);
            // Who is refused at a socket that listens is refused by what stands behind it.
            let state = match probe.map(|probe| probe.outcome) {
                Some(Outcome::TimedOut | Outcome::Unreachable | Outcome::Denied) => {
                    HopState::Unknown
                }
                _ => HopState::Ok,
            };
            let by = if passes {
                told
            } else {
                Some("it listens".to_owned())
            };
            hop(at, state, by)
        }
        None if passes => hop(format!("port {port} of this machine"), HopState::Ok, told),
        None if case.facts.listeners.is_seen() => {
            let there = probe.map_or_else(|| format!("port {port}"), |probe| probe.to.to_string());
            hop(format!("nobody on {there}"), HopState::Failed, told)
        }
        None => hop(
            format!("port {port} of this machine"),
            HopState::Unknown,
            told,
        ),
    }
}

/// Who carries the connection to the container: a program, or rules of the kernel.
fn forwarder(case: &Case, probe: Option<&Probe>, listener: &Listener) -> Hop {
    let owner = case.owner(listener);
    let holds_only = owner.is_some_and(|owner| owner.framework.as_deref() == Some("dockerd"));
    if holds_only {
        let at = "the engine's NAT rules, without a forwarder".to_owned();
        return match &case.facts.engine_rules {
            Known::Seen(true) => hop(
                at,
                HopState::Ok,
                "a rule sends it to the container".to_owned(),
            ),
            Known::Seen(false) => hop(at, HopState::Failed, "no rule sends it anywhere".to_owned()),
            Known::Unseen(_) => hop(at, HopState::Unknown, None),
        };
    }
    let words = evidence::owner_words(case, listener);
    let took = probe.is_some_and(|probe| probe.outcome.connected());
    match owner {
        Some(_) if took => hop(words, HopState::Ok, "it takes connections".to_owned()),
        _ => hop(words, HopState::Unknown, None),
    }
}

/// The mapping of the engine.
fn mapping(container: &Container, publish: &Publish) -> Hop {
    let host = publish.host_port.unwrap_or_default();
    let from = match publish.host_ip {
        Some(ip) => std::net::SocketAddr::new(ip, host).to_string(),
        None => format!("port {host}"),
    };
    let (name, to) = (&container.name, publish.container_port);
    let at = format!("{from} leads to port {to} of {name}");
    if container.published.contains(publish) {
        hop(at, HopState::Ok, "published".to_owned())
    } else if container.is_up() {
        hop(at, HopState::Failed, "not published now".to_owned())
    } else {
        hop(at, HopState::Failed, "only while it runs".to_owned())
    }
}

/// The server in the container.
fn inside(case: &Case, container: &Container, publish: &Publish) -> Hop {
    let (name, port) = (&container.name, publish.container_port);
    let there = format!("port {port} inside {name}");
    let state = match container.state {
        ContainerState::Running => None,
        ContainerState::Paused => Some("it is paused"),
        ContainerState::Created => Some("it was never started"),
        ContainerState::Restarting => Some("it is between two starts"),
        ContainerState::Exited | ContainerState::Dead => Some("it has exited"),
        ContainerState::Removing => Some("it is being removed"),
    };
    if let Some(state) = state {
        return hop(there, HopState::Failed, state.to_owned());
    }
    if case.probe_that(Outcome::Answered).is_some() {
        return hop(there, HopState::Ok, "it answers".to_owned());
    }
    let Some(listeners) = container::inside(container) else {
        let gap = container
            .inside
            .gap()
            .filter(|_| !container.inside.is_not_asked());
        return hop(there, HopState::Unknown, gap.map(ToString::to_string));
    };
    let mut here = listeners.iter().filter(|one| one.at.port() == port);
    let Some(first) = here.next() else {
        let nobody = format!("nobody on port {port} inside {name}");
        let others: Vec<_> = listeners.iter().map(|one| one.at.to_string()).collect();
        let by = (!others.is_empty()).then(|| format!("listeners: {}", others.join(", ")));
        return hop(nobody, HopState::Failed, by);
    };
    let open = |one: &&Listener| one.scope() != Scope::Loopback;
    match std::iter::once(*first)
        .chain(here.copied())
        .find(|one| open(one))
    {
        Some(open) => hop(there, HopState::Ok, format!("{} listens", open.at)),
        None => {
            let by = format!("on {} only, its own loopback", first.at);
            hop(there, HopState::Failed, by)
        }
    }
}

fn health(container: &Container) -> Option<Hop> {
    let health = container.health.as_deref().filter(|_| container.is_up())?;
    let state = match health {
        "healthy" => HopState::Ok,
        "unhealthy" => HopState::Failed,
        _ => HopState::Unknown,
    };
    Some(hop(
        format!("the health check of {}", container.name),
        state,
        health.to_owned(),
    ))
}
