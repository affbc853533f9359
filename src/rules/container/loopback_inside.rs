//! # The server listens on the container's own loopback
//!
//! ## What happened
//!
//! The port is published and the container runs. Connections are accepted and
//! then cut off, or refused: the server inside listens on 127.0.0.1 *of the
//! container*, where nobody outside the container can reach it.
//!
//! ## Why
//!
//! Many development servers bind `localhost` unless told otherwise. On a laptop
//! that keeps others out; in a container it keeps everybody out, because the
//! container has a loopback of its own and the engine delivers connections to
//! the container's network address.
//!
//! ## What to do
//!
//! Tell the server to listen on every address *inside the container* (0.0.0.0);
//! there that is right. To keep the port private to this machine, say so in the
//! mapping: `-p 127.0.0.1:3000:3000`.

use super::{Change, inside, listens_inside, mapped, rerun, runs_since, seen, sure, unanswering};
use crate::facts::{Container, ContainerState, Framework, Scope, catalogue, shell_line};
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::{Case, Rule, container, evidence};

/// DD503.
pub static RULE: Rule = Rule {
    code: "DD503",
    name: "loopback-inside",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_paused::RULE,
        &container::container_restarting::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("loopback_inside.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let (container, publish) = unanswering(case)?;
    if container.state != ContainerState::Running {
        return None;
    }
    let port = publish.container_port;
    let name = &container.name;
    let framework = container
        .framework
        .as_deref()
        .and_then(|key| catalogue().framework(key));
    let finding = match inside(container) {
        Some(listeners) => {
            let on_port: Vec<_> = listeners.iter().filter(|l| l.at.port() == port).collect();
            if on_port.is_empty() || on_port.iter().any(|l| l.scope() != Scope::Loopback) {
                return None;
            }
            let at = on_port[0].at;
            let who = framework.map_or("the server", |row| &row.server);
            Finding::new(
                sure(case),
                format!(
                    "{who} in the container {name} listens on {at}, the container's own \
                     loopback, where connections to port {} do not arrive",
                    case.port()
                ),
            )
        }
        // Out of sight: what this server does unless told otherwise, and nobody told it.
        None => {
            let row = framework.filter(|row| binds_loopback(row, container))?;
            case.failure()?;
            Finding::new(
                Confidence::Likely,
                format!(
                    "{} in the container {name} listens on the container's own loopback unless \
                     told otherwise, where connections to port {} do not arrive",
                    row.server,
                    case.port()
                ),
            )
            .because(seen(
                container,
                format!("it runs `{}`", shell_line(&container.command)),
                "Config.Cmd",
            ))
        }
    };
    let finding = finding
        .because_all(listens_inside(container))
        .because(mapped(container, publish))
        .because_all(case.probes().map(evidence::probe))
        .because_all(runs_since(container));
    let advice = advice(case, container, framework, port);
    Some(advice.into_iter().fold(finding, Finding::fix))
}

/// Whether this framework binds loopback by itself and its command does not say otherwise.
fn binds_loopback(row: &Framework, container: &Container) -> bool {
    let by_itself = matches!(
        row.bind.as_deref(),
        Some("localhost" | "127.0.0.1" | "[::1]" | "::1")
    );
    let flag = row.bind_all.as_deref().and_then(|all| {
        all.split([' ', '='])
            .find(|word| !word.is_empty())
            .map(str::to_owned)
    });
    let told = container.command.iter().any(|word| {
        word.contains("0.0.0.0") || flag.as_deref().is_some_and(|flag| word.contains(flag))
    });
    by_itself && !told
}

fn advice(
    case: &Case,
    container: &Container,
    framework: Option<&Framework>,
    port: u16,
) -> Vec<Fix> {
    let change = match framework.and_then(|row| Some((row, row.bind_all_on(port)?))) {
        Some((row, flag)) => Change {
            title: format!(
                "let {} listen on every address of the container",
                row.server
            ),
            in_compose: match own_words(container) {
                Some(command) => format!("`command: {command} {flag}`"),
                None => format!("add `{flag}` where its command starts {}", row.server),
            },
            in_run: match own_words(container) {
                Some(command) => format!("with the command `{command} {flag}`"),
                None => format!("with `{flag}` where its command starts {}", row.server),
            },
            edit: None,
        },
        None => Change {
            title: "let the server listen on every address of the container".to_owned(),
            in_compose: "make its command bind 0.0.0.0 (`--host 0.0.0.0`, `-b 0.0.0.0`, or \
                         `environment: {HOST: 0.0.0.0}` where the server reads it)"
                .to_owned(),
            in_run: "with a command that binds 0.0.0.0 (`--host 0.0.0.0`, `-b 0.0.0.0`, or \
                     `-e HOST=0.0.0.0` where the server reads it)"
                .to_owned(),
            edit: None,
        },
    };
    rerun(case, container, &change)
}

/// The container's command without its entry point, if a flag can be put at its end.
fn own_words(container: &Container) -> Option<String> {
    let is_entry = |word: &&String| {
        let name = word.rsplit('/').next().unwrap_or(word);
        name.ends_with(".sh") || matches!(name, "tini" | "dumb-init" | "--")
    };
    let entry = container.command.iter().take_while(is_entry).count();
    let words = &container.command[entry..];
    // A script for a shell has its own end.
    let plain = !words.is_empty() && !words.iter().any(|word| word.contains([' ', '…']));
    plain.then(|| shell_line(words))
}
