//! # The commands talk to another engine than the one with the container
//!
//! ## What happened
//!
//! Nobody listens on the port here. `DOCKER_HOST` or the context of the `docker`
//! command names another engine than the one that has the container, or one on
//! another machine: what is started there publishes its ports *there*.
//!
//! ## Why
//!
//! One machine may have several engines: Docker Desktop, Docker Engine, Colima,
//! a rootless one. Each has containers of its own, and `docker` talks to one of
//! them: the one of `DOCKER_HOST`, else of the current context. A leftover
//! `DOCKER_HOST=ssh://…` sends everything to a server far away.
//!
//! ## What to do
//!
//! See which one it is (`docker context ls`), then either use the engine that has
//! the container, or open the port where it is published.

use super::{mapped, mapping, seen, vacant};
use crate::facts::{Container, ContainerState, Engine, Runs};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::{Case, Rule, container, evidence};

/// DD512.
pub static RULE: Rule = Rule {
    code: "DD512",
    name: "engine-elsewhere",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::localhost_inside_container::RULE,
        &container::host_service_on_loopback::RULE,
        &container::dependency_not_ready::RULE,
    ],
    settle: 10,
    check,
    source: include_str!("engine_elsewhere.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    if !vacant(case) || !case.nobody_listens() {
        return None;
    }
    let chosen = super::chosen(case)?;
    in_another(case, chosen).or_else(|| far_away(case, chosen))
}

// --- the container is in another engine of this machine ---------------------------

fn in_another(case: &Case, chosen: &Engine) -> Option<Finding> {
    let here = |container: &&Container| container.endpoint == chosen.endpoint;
    if case.publishers().any(|container| here(&container)) {
        return None;
    }
    // Who has ended in failure has a cause of its own.
    let waits = |container: &&Container| match container.state {
        ContainerState::Exited => matches!(container.exit_code, Some(0 | 130 | 137 | 143)),
        ContainerState::Created => container.error.is_none(),
        _ => false,
    };
    let container = case
        .publishers()
        .filter(|container| !container.endpoint.is_empty() && !here(container))
        .filter(waits)
        .min_by_key(|container| !super::is_related(case, container))?;
    let (name, port) = (&container.name, case.port());
    let is = match container.state {
        ContainerState::Created => "was never started",
        _ => "has stopped",
    };
    let finding = Finding::new(
        Confidence::Likely,
        format!(
            "the container {name}, which is to publish port {port}, {is} in the engine at {}, \
             and {} sends your commands to {}",
            container.endpoint, chosen.chosen_by, chosen.endpoint
        ),
    )
    .because(chooses(chosen))
    .because(seen(
        container,
        format!(
            "{name} is a container of the engine at {}",
            container.endpoint
        ),
        "State.Status",
    ))
    .because_all(mapping(case, container).map(|publish| mapped(container, publish)))
    .because(evidence::nobody_listens(case));
    let mut start = super::engine(case, container);
    start.extend(["start".to_owned(), name.clone()]);
    Some(
        finding
            .fix(Fix::safe("start it where it is", start))
            .fix(go_to(chosen, container)),
    )
}

/// Has the commands talk to the engine that has the container.
fn go_to(chosen: &Engine, container: &Container) -> Fix {
    let usual = container.endpoint.ends_with("/var/run/docker.sock");
    if usual || !chosen.chosen_by.starts_with("context ") {
        return leave(chosen);
    }
    Fix::safe(
        "or see which context is that engine, and go there with `docker context use`",
        ["docker", "context", "ls"],
    )
}

// --- the engine is on another machine ---------------------------------------------

fn far_away(case: &Case, chosen: &Engine) -> Option<Finding> {
    let host = far_host(&chosen.endpoint)?;
    let mut expected = case.expected();
    expected.retain(|one| one.service.is_on());
    let planned = expected
        .iter()
        .find(|one| one.service.runs == Runs::Container);
    if planned.is_none() && !expected.is_empty() {
        return None;
    }
    let project = case
        .project()
        .filter(|project| project.compose_file().is_some())?;
    let port = case.port();
    let finding = Finding::new(
        match planned {
            Some(_) => Confidence::Likely,
            None => Confidence::Possible,
        },
        format!(
            "{} sends your commands to the engine on {}: what it runs publishes port {port} \
             there, not here",
            chosen.chosen_by, host.name
        ),
    )
    .because(chooses(chosen))
    .because_all(planned.map(|one| evidence::expects(case, one)))
    .because_all(
        project
            .compose_file()
            .filter(|_| planned.is_none())
            .map(|file| {
                Evidence::new(
                    format!("the project has a compose file, {file}"),
                    Seen::File {
                        file: format!("{}/{file}", project.root.trim_end_matches('/')),
                        line: None,
                    },
                )
            }),
    )
    .because(evidence::nobody_listens(case));
    let there = crate::facts::Target {
        host: host.name.to_owned(),
        ..case.target.clone()
    };
    let login = host.login.unwrap_or(host.name);
    Some(
        finding
            .fix(Fix::read(
                "open the port where it is published",
                there.url(None),
            ))
            .fix(Fix::safe(
                "or bring it here, as long as this runs",
                [
                    "ssh",
                    "-N",
                    "-L",
                    &format!("{port}:localhost:{port}"),
                    login,
                ],
            ))
            .fix(leave(chosen))
            .fix(Fix::run(
                "then start the project's containers here",
                Safety::Safe,
                ["docker", "compose", "up", "-d"],
            )),
    )
}

/// Another machine, as an endpoint names it.
struct Far<'a> {
    name: &'a str,
    /// `me@box`, for an endpoint over SSH.
    login: Option<&'a str>,
}

/// The machine of an endpoint, if it is another one than this.
fn far_host(endpoint: &str) -> Option<Far<'_>> {
    let (scheme, rest) = endpoint.split_once("://")?;
    if !matches!(scheme, "ssh" | "tcp" | "http" | "https") {
        return None;
    }
    let authority = rest.split('/').next().unwrap_or(rest);
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => host.split(':').next().unwrap_or(host),
    };
    let own = name.is_empty() || crate::facts::is_own_loopback(name);
    let login = authority.split(':').next().filter(|_| scheme == "ssh");
    (!own).then_some(Far { name, login })
}

// --- in words ---------------------------------------------------------------------

/// What sends the user's commands to this engine.
fn chooses(engine: &Engine) -> Evidence {
    let says = format!(
        "{} names the engine at {}",
        engine.chosen_by, engine.endpoint
    );
    let seen = match engine.chosen_by.as_str() {
        by @ ("DOCKER_HOST" | "CONTAINER_HOST") => Seen::Environment {
            variable: by.to_owned(),
        },
        _ => Seen::File {
            file: "~/.docker/config.json".to_owned(),
            line: None,
        },
    };
    Evidence::new(says, seen)
}

/// Goes back to the engine that is used unless something else is chosen.
fn leave(engine: &Engine) -> Fix {
    match engine.chosen_by.as_str() {
        by @ ("DOCKER_HOST" | "CONTAINER_HOST") => Fix::safe(
            format!("or use this machine's engine again, if {by} is a leftover"),
            ["unset", by],
        ),
        _ => Fix::safe(
            "or go back to the default engine",
            ["docker", "context", "use", "default"],
        ),
    }
}
