//! # The container has no network through which its port could be reached
//!
//! ## What happened
//!
//! The container runs and is to publish the port; the engine published nothing.
//! The container has no network at all (`network_mode: none`, or it was
//! disconnected), or only internal ones.
//!
//! ## Why
//!
//! A port is published through a bridge between the container and the machine. A
//! container without a network has none, and a network with `internal: true` is
//! cut off from the machine on purpose, so the engine leaves the mapping out, and
//! says nothing.
//!
//! ## What to do
//!
//! Put the container on a network that is not internal, besides the one it has.

use super::{Change, is_related, listens_inside, mapped, rerun, runs_since, seen, vacant};
use crate::facts::{Container, ContainerState, Known};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Severity};
use crate::rules::{Case, Rule, container, evidence};

/// DD515.
pub static RULE: Rule = Rule {
    code: "DD515",
    name: "no-network",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_restarting::RULE,
        &container::container_exited::RULE,
        &container::host_network::RULE,
    ],
    settle: 5,
    check,
    source: include_str!("no_network.rs"),
};

/// What a container has in place of a network.
enum Has {
    Nothing,
    /// Internal ones only; whether that was seen.
    Internal(bool),
}

fn check(case: &Case) -> Option<Finding> {
    if !vacant(case) {
        return None;
    }
    let port = case.port();
    let kept_back = |container: &&Container| {
        container.state == ContainerState::Running
            && container
                .wants
                .iter()
                .any(|one| one.host_port == Some(port))
            && !container
                .published
                .iter()
                .any(|one| one.host_port == Some(port))
    };
    let all = case.facts.containers.items().iter();
    let (container, has) = all
        .filter(kept_back)
        .filter_map(|container| Some((container, has(container)?)))
        .min_by_key(|(container, _)| !is_related(case, container))?;
    let name = &container.name;
    let (confidence, what) = match has {
        Has::Nothing => (Confidence::Certain, "has no network"),
        Has::Internal(true) => (Confidence::Certain, "has internal networks only"),
        Has::Internal(false) => (
            Confidence::Likely,
            "has networks through which the engine publishes nothing",
        ),
    };
    let confidence = if case.nobody_listens() {
        confidence
    } else {
        Confidence::Likely
    };
    let mut finding = Finding::new(
        confidence,
        format!("the container {name} {what}, so its port {port} is not published"),
    )
    .because_all(networks(container));
    let wanted = container
        .wants
        .iter()
        .find(|one| one.host_port == Some(port));
    finding = finding
        .because_all(wanted.map(|publish| mapped(container, publish)))
        .because(seen(
            container,
            format!("the engine has published no port {port} for {name}"),
            "NetworkSettings.Ports",
        ))
        .because_all(listens_inside(container))
        .because_all(runs_since(container))
        .because_all(case.probes().map(evidence::probe));
    Some(
        mend(case, container, &has)
            .into_iter()
            .fold(finding, Finding::fix),
    )
}

/// What the container has in place of a network that leads to the machine.
fn has(container: &Container) -> Option<Has> {
    let mode = container.network_mode.as_str();
    // A slip in what the engine said is no missing network.
    if mode.is_empty() || mode == "host" || mode.starts_with("container:") {
        return None;
    }
    let mut networks = container
        .networks
        .iter()
        .filter(|one| one.name != "none")
        .peekable();
    if networks.peek().is_none() {
        return Some(Has::Nothing);
    }
    let known: Vec<&Known<bool>> = networks.map(|network| &network.internal).collect();
    if known.contains(&&Known::Seen(false)) {
        return None;
    }
    Some(Has::Internal(
        known.iter().all(|internal| internal.is_seen()),
    ))
}

fn networks(container: &Container) -> Vec<Evidence> {
    let name = &container.name;
    if container.network_mode == "none" {
        let says = format!("{name} runs without a network (`none`)");
        return vec![seen(container, says, "HostConfig.NetworkMode")];
    }
    if container.networks.is_empty() {
        let says = format!("{name} is connected to no network");
        return vec![seen(container, says, "NetworkSettings.Networks")];
    }
    let words = container.networks.iter().map(|network| {
        let kind = match &network.internal {
            Known::Seen(true) => "an internal network".to_owned(),
            Known::Seen(false) => "a network".to_owned(),
            Known::Unseen(gap) => format!("a network; whether it is internal is not known: {gap}"),
        };
        let says = format!("{name} is on {}, {kind}", network.name);
        seen(container, says, "network, Internal")
    });
    words.collect()
}

fn mend(case: &Case, container: &Container, has: &Has) -> Vec<Fix> {
    let (in_compose, in_run) = match has {
        Has::Nothing if container.network_mode == "none" => {
            ("leave `network_mode: none` out", "without `--network none`")
        }
        Has::Nothing => ("give it a network", "with a network"),
        Has::Internal(_) => (
            "add a network without `internal: true` to its `networks`, as in `networks: [default, …]`",
            "on a network that is not internal",
        ),
    };
    let change = Change {
        title: "put it on a network that leads to this machine".to_owned(),
        in_compose: in_compose.to_owned(),
        in_run: in_run.to_owned(),
        edit: None,
    };
    let mut fixes = rerun(case, container, &change);
    // Without a recipe, what there is can be connected; a mapping comes with the network.
    if container.compose.is_none() && container.network_mode != "none" {
        let engine = container.engine.command();
        let network = match engine {
            "podman" => "podman",
            _ => "bridge",
        };
        fixes.insert(
            0,
            Fix::run(
                "connect it to the engine's own network",
                Safety::Disruptive,
                [engine, "network", "connect", network, &container.name],
            ),
        );
    }
    fixes
}
