//! # The container engine does not answer
//!
//! ## What happened
//!
//! Nobody listens on the port. The project has a compose file, or your settings
//! name a container engine, and the engine cannot be asked: it does not run,
//! this user may not talk to it, or it does not answer.
//!
//! ## Why
//!
//! Containers publish their ports only while their engine runs. Docker Desktop
//! starts with its window, Docker Engine with the system, rootless engines with
//! the user's session. On Linux only root and the group `docker` may talk to the
//! engine. `DOCKER_HOST` and `docker context use` can point to an engine that is
//! long gone.
//!
//! ## What to do
//!
//! Start the engine, then the project's containers.

use super::{DEFAULT, vacant};
use crate::facts::{Engine, EngineKind, Gap, Known, Runs};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::{Case, Rule, container, evidence};

/// DD511.
pub static RULE: Rule = Rule {
    code: "DD511",
    name: "engine-down",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_restarting::RULE,
        &container::container_exited::RULE,
        &container::localhost_inside_container::RULE,
        &container::host_service_on_loopback::RULE,
        &container::dependency_not_ready::RULE,
        &container::engine_elsewhere::RULE,
        &container::host_network::RULE,
        &container::no_network::RULE,
        &container::container_never_started::RULE,
        &container::published_elsewhere::RULE,
        &container::not_published::RULE,
    ],
    settle: 5,
    check,
    source: include_str!("engine_down.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    if !vacant(case) || !case.nobody_listens() {
        return None;
    }
    // Who should be here is known to be a process of this machine.
    let mut expected = case.expected();
    expected.retain(|one| one.service.is_on());
    if !expected.is_empty() && expected.iter().all(|one| one.service.runs == Runs::Process) {
        return None;
    }
    let project = case.project().filter(|p| p.compose_file().is_some());
    let dead = |engine: &&Engine| engine.gap.as_ref().is_some_and(is_down);
    let engines = &case.facts.engines;
    let chosen = engines
        .iter()
        .filter(dead)
        .find(|engine| engine.chosen_by != DEFAULT);
    // An engine that nobody chose matters only if no other answered.
    let none_answered = !case.facts.containers.is_seen();
    let engine = chosen.or_else(|| engines.iter().filter(dead).find(|_| none_answered));
    let (says, gap) = match (engine, project) {
        (Some(engine), _) if project.is_some() || engine.chosen_by != DEFAULT => {
            let gap = engine.gap.clone()?;
            (words(engine, &gap), gap)
        }
        (None, Some(_))
            if engines.is_empty()
                && matches!(case.facts.containers, Known::Unseen(Gap::NotRunning)) =>
        {
            ("no container engine runs here".to_owned(), Gap::NotRunning)
        }
        _ => return None,
    };
    let confidence = if gap == Gap::NotRunning {
        Confidence::Likely
    } else {
        Confidence::Possible
    };
    let port = case.port();
    let mut finding = Finding::new(
        confidence,
        match project {
            Some(_) => format!("{says}, and this project's containers need it for port {port}"),
            None if gap == Gap::NotRunning => {
                format!("{says}, so none of its containers can be behind port {port}")
            }
            None => format!("{says}, and its containers may be what belongs on port {port}"),
        },
    );
    if let Some(engine) = engine {
        finding = finding.because(asked(engine, &gap));
    }
    if let Some(project) = project
        && let Some(file) = project.compose_file()
    {
        finding = finding.because(Evidence::new(
            format!("the project has a compose file, {file}"),
            Seen::File {
                file: format!("{}/{file}", project.root.trim_end_matches('/')),
                line: None,
            },
        ));
    }
    finding = finding.because(evidence::nobody_listens(case));
    for fix in mend(case, engine, &gap) {
        finding = finding.fix(fix);
    }
    if project.is_some() {
        let engine = engine.map_or("docker", |engine| engine.kind.command());
        finding = finding.fix(Fix::safe(
            "then start the project's containers",
            [engine, "compose", "up", "-d"],
        ));
    }
    Some(finding)
}

/// Whether the gap means that the engine cannot be used now.
fn is_down(gap: &Gap) -> bool {
    matches!(gap, Gap::NotRunning | Gap::Forbidden | Gap::TooSlow)
}

fn name(engine: &Engine) -> &'static str {
    match engine.kind {
        EngineKind::Docker => "Docker",
        EngineKind::Podman => "Podman",
    }
}

fn words(engine: &Engine, gap: &Gap) -> String {
    let name = name(engine);
    let by = if engine.chosen_by == DEFAULT {
        String::new()
    } else {
        format!(" (named by {})", engine.chosen_by)
    };
    match gap {
        Gap::Forbidden => format!("this user may not talk to {name}{by}"),
        Gap::TooSlow => format!("{name}{by} does not answer"),
        _ => format!("{name}{by} does not run"),
    }
}

fn asked(engine: &Engine, gap: &Gap) -> Evidence {
    let place = &engine.endpoint;
    let says = match gap {
        Gap::Forbidden => format!("{place} may not be opened by this user"),
        Gap::TooSlow => format!("{place} takes the connection and does not answer in time"),
        _ => format!("nobody listens at {place}"),
    };
    let seen = match engine.chosen_by.as_str() {
        by @ ("DOCKER_HOST" | "CONTAINER_HOST") => Seen::Environment {
            variable: by.to_owned(),
        },
        _ => Seen::File {
            file: place.strip_prefix("unix://").unwrap_or(place).to_owned(),
            line: None,
        },
    };
    Evidence::new(says, seen)
}

fn mend(case: &Case, engine: Option<&Engine>, gap: &Gap) -> Vec<Fix> {
    let place = engine.map_or("", |engine| engine.endpoint.as_str());
    let podman = engine.is_some_and(|engine| engine.kind == EngineKind::Podman);
    let linux = case.facts.host.os == "linux";
    let mut fixes = Vec::new();
    match gap {
        Gap::Forbidden => {
            let user = case.facts.host.user.name.as_str();
            if !podman && !user.is_empty() {
                fixes.push(Fix::run(
                    "let this user talk to Docker (that is as much as root may), then log in anew",
                    Safety::Disruptive,
                    ["sudo", "usermod", "-aG", "docker", user],
                ));
            }
            fixes.push(Fix::safe(
                "or ask as root, this once",
                ["sudo", "devdoctor", "why", &case.target.input],
            ));
        }
        Gap::TooSlow if linux && !podman && is_system(place) => fixes.push(Fix::run(
            "start Docker anew (its containers are stopped meanwhile)",
            Safety::Disruptive,
            ["sudo", "systemctl", "restart", "docker"],
        )),
        Gap::TooSlow => fixes.push(Fix::read(
            "start the engine anew",
            "end it and start it again: it takes connections and does not answer them",
        )),
        _ => fixes.push(begin(place, podman, case.facts.host.os.as_str())),
    }
    if let Some(engine) = engine
        && *gap != Gap::Forbidden
    {
        match engine.chosen_by.as_str() {
            "DOCKER_HOST" => fixes.push(Fix::safe(
                "or use the engine of the current context, if DOCKER_HOST is a leftover",
                ["unset", "DOCKER_HOST"],
            )),
            by if by.starts_with("context ") => fixes.push(Fix::safe(
                "or go back to the default engine",
                ["docker", "context", "use", "default"],
            )),
            _ => {}
        }
    }
    fixes
}

/// Starts the engine that listens at this place.
fn begin(place: &str, podman: bool, os: &str) -> Fix {
    let start = "start the engine";
    if place.contains("/.colima/") {
        return Fix::safe(start, ["colima", "start"]);
    }
    if place.contains("/.orbstack/") {
        return Fix::safe(start, ["orb", "start"]);
    }
    if place.contains("/.rd/") {
        return Fix::safe(start, ["rdctl", "start"]);
    }
    match (podman, os) {
        (true, "linux") if place.contains("/run/user/") => {
            Fix::safe(start, ["systemctl", "--user", "start", "podman.socket"])
        }
        (true, "linux") => Fix::safe(start, ["sudo", "systemctl", "start", "podman.socket"]),
        (true, _) => Fix::safe(start, ["podman", "machine", "start"]),
        (false, "macos") => Fix::safe("start Docker Desktop", ["open", "-a", "Docker"]),
        (false, "linux") if place.contains("/.docker/desktop/") => Fix::safe(
            "start Docker Desktop",
            ["systemctl", "--user", "start", "docker-desktop"],
        ),
        (false, "linux") if place.contains("/run/user/") => {
            Fix::safe(start, ["systemctl", "--user", "start", "docker"])
        }
        (false, "linux") => Fix::safe(start, ["sudo", "systemctl", "start", "docker"]),
        (false, _) => Fix::read(
            "start Docker Desktop",
            "start Docker Desktop from the menu and wait until it says that it runs",
        ),
    }
}

/// Whether this is the engine of the whole system.
fn is_system(place: &str) -> bool {
    place.ends_with("/var/run/docker.sock") || place.ends_with("/run/docker.sock")
}
