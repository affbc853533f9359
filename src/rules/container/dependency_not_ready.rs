//! # The service called another one that was not ready
//!
//! ## What happened
//!
//! The server in a container called a service beside it, a database most often,
//! and nobody took the call. It ended, or lives on without what it needs.
//!
//! ## Why
//!
//! `depends_on` alone waits until the other container is *started*, not until its
//! server takes connections: a database may take half a minute for that, on its
//! first run longer. Or the other container is not up at all.
//!
//! ## What to do
//!
//! Start the service again now that the other one is ready. For good: give the
//! other one a `healthcheck`, and let this one wait for it with
//! `depends_on: {db: {condition: service_healthy}}`; or let the program try again
//! until it gets through.

use super::calls::{self, Call, authority};
use super::{
    compose, ended, health, inside, is_young, last_lines, listens_inside, plan, read_log,
    runs_since, seen, start,
};
use crate::facts::{Container, ContainerState, Scope, human_age};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Severity};
use crate::rules::{Case, Rule, container, evidence};

/// DD521.
pub static RULE: Rule = Rule {
    code: "DD521",
    name: "dependency-not-ready",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_paused::RULE,
        &container::localhost_inside_container::RULE,
        &container::host_service_on_loopback::RULE,
    ],
    settle: 10,
    check,
    source: include_str!("dependency_not_ready.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let container = calls::troubled(case)?;
    let all = calls::of(container);
    let near: Vec<&Container> = calls::neighbours(case, container).collect();
    let (call, other) = all
        .iter()
        .filter(|call| call.failed.is_some())
        .find_map(|call| Some((call, called(&near, call)?)))?;
    let name = &container.name;
    let service = calls::name_in(other);
    let there = authority(call.host, call.port);
    let ready = is_ready(other, call.port);
    let now = match ready {
        _ if !other.is_up() => format!("the container {} does not run", other.name),
        Some(true) => format!("{service} was not ready then, and is now"),
        Some(false) if is_young(other) => format!("{service} is not ready yet"),
        Some(false) => format!("nobody in {} takes connections on that port", other.name),
        None => format!("{service} was not ready"),
    };
    let confidence = match ready {
        Some(_) if other.is_up() => call.sureness(),
        _ if !other.is_up() => call.sureness(),
        _ => Confidence::Likely,
    };
    let mut finding = Finding::new(
        confidence,
        format!("the container {name} called {there} in vain: {now}"),
    )
    .because_all(call.evidence());
    if !container.is_up() {
        let says = format!("{name} ended: {}", ended(container));
        finding = finding.because(seen(container, says, "State.ExitCode"));
    }
    finding = finding
        .because_all(stands(other))
        .because_all(waits_for(container, other))
        .because_all(runs_since(container).filter(|_| container.is_up()))
        .because_all(case.probes().map(evidence::probe));
    let mut fixes = Vec::new();
    if other.is_up() {
        if ready != Some(true) {
            finding = finding.because_all(last_lines(other));
            fixes.push(read_log(case, other));
        }
        fixes.push(start_anew(case, container, ready == Some(true)));
    } else {
        finding = finding.because_all(last_lines(other));
        fixes.push(start(case, other));
        fixes.push(read_log(case, other));
    }
    fixes.extend(wait_for_good(case, container, other));
    Some(fixes.into_iter().fold(finding, Finding::fix))
}

/// The neighbour that a call goes to: by its service's name, its own, or its address.
fn called<'a>(near: &[&'a Container], call: &Call) -> Option<&'a Container> {
    let ip = call.host.parse().ok();
    let mut found: Vec<&Container> = near
        .iter()
        .copied()
        .filter(|one| {
            let named = one.service().eq_ignore_ascii_case(call.host)
                || one.name.eq_ignore_ascii_case(call.host);
            named || (ip.is_some() && one.networks.iter().any(|network| network.ip == ip))
        })
        .collect();
    found.sort_by_key(|one| !one.is_up());
    found.first().copied()
}

/// Whether somebody in it takes connections on this port; nothing if that cannot be seen.
fn is_ready(other: &Container, port: u16) -> Option<bool> {
    let all = inside(other)?;
    let mut there = all.iter().filter(|one| one.at.port() == port);
    let takes = there.any(|one| one.scope() != Scope::Loopback);
    Some(takes && other.health.as_deref() != Some("starting"))
}

/// How it stands with the one that was called.
fn stands(other: &Container) -> Vec<Evidence> {
    if other.is_up() {
        let since = runs_since(other).into_iter();
        return since
            .chain(health(other))
            .chain(listens_inside(other))
            .collect();
    }
    let says = match other.state {
        ContainerState::Created => format!("{} has never run", other.name),
        ContainerState::Restarting => format!("{} is between two starts", other.name),
        _ => {
            let ago = other
                .finished_s
                .map(|age| format!(" {} ago", human_age(age)))
                .unwrap_or_default();
            format!("{} exited{ago}: {}", other.name, ended(other))
        }
    };
    vec![seen(other, says, "State.Status")]
}

/// What the compose tool was told to wait for.
fn waits_for(container: &Container, other: &Container) -> Option<Evidence> {
    let compose = container.compose.as_ref()?;
    let service = &other.compose.as_ref()?.service;
    let told = compose
        .depends_on
        .iter()
        .find(|one| one.service == *service);
    let name = &compose.service;
    let says = match told.map(|one| one.condition.as_str()) {
        None => format!("{name} does not wait for {service} at all"),
        Some("service_started" | "") => {
            format!("{name} waits until {service} is started, not until it is ready")
        }
        Some(condition) => format!("{name} waits for {service} ({condition})"),
    };
    Some(seen(container, says, "label com.docker.compose.depends_on"))
}

/// Starts the container again, as it is.
fn start_anew(case: &Case, container: &Container, ready: bool) -> Fix {
    let title = match ready {
        true => "start it again, now that the other one is ready",
        false => "start it again once the other one is ready",
    };
    if !container.is_up() {
        let fix = start(case, container);
        return Fix {
            title: title.to_owned(),
            ..fix
        };
    }
    let argv = compose(case, container, &["restart"]).unwrap_or_else(|| {
        let engine = container.engine.command();
        [engine, "restart", &container.name]
            .map(str::to_owned)
            .to_vec()
    });
    Fix::run(title, Safety::Disruptive, argv)
}

/// Has the service wait for the other one from now on.
fn wait_for_good(case: &Case, container: &Container, other: &Container) -> Option<Fix> {
    let compose = container.compose.as_ref()?;
    let service = &other.compose.as_ref()?.service;
    let waits = compose
        .depends_on
        .iter()
        .find(|one| one.service == *service);
    if waits.is_some_and(|one| one.condition == "service_healthy") {
        return None;
    }
    let place = plan::of(case, container).map(|plan| plan.place(case));
    let place = place.or_else(|| compose.config_files.first().cloned());
    let place = place.unwrap_or_else(|| "the compose file".to_owned());
    let check = match other.health {
        Some(_) => String::new(),
        None => format!(", and give {service} a `healthcheck`"),
    };
    Some(Fix::read(
        format!(
            "for good: let {} wait until {service} is ready",
            compose.service
        ),
        format!(
            "in {place}, service `{}`: `depends_on: {{{service}: {{condition: \
             service_healthy}}}}`{check}",
            compose.service
        ),
    ))
}
