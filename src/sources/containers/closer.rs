//! A closer look at the containers that may be behind the port: what listens in them,
//! and what they wrote last.

use std::time::Instant;

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::exec::{CreateExecOptions, StartExecResults};
use bollard::query_parameters::LogsOptions;
use futures_util::{Stream, StreamExt, stream};

use super::engine::{AT_ONCE, within};
use super::{inside, logs, os};
use crate::facts::{Container, ContainerState, Gap, Known, Listener};

/// In how many running containers we look where nobody publishes the asked port.
const LOOKED_INTO: usize = 30;
/// How many lines of a container's log are told.
const LOG_LINES: usize = 5;
/// How much of an answer is read at most, in bytes.
const ANSWER_LIMIT: usize = 256 * 1024;

/// Looks into the containers that may be behind the port, and at the last words of
/// those that have ended.
pub(super) async fn look(docker: &Docker, containers: &mut [Container], port: u16, until: Instant) {
    let publishes = |container: &Container| {
        container
            .publishes()
            .any(|publish| publish.host_port == Some(port))
    };
    let somebody = containers
        .iter()
        .any(|container| container.is_up() && publishes(container));
    let mut room = LOOKED_INTO;
    let looks: Vec<_> = containers
        .iter()
        .enumerate()
        .map(|(at, container)| {
            let wants = publishes(container);
            let into = container.is_up() && (wants || (!somebody && room > 0));
            room -= usize::from(into && !wants);
            (at, container, wants, into)
        })
        .collect();
    let looks = looks
        .into_iter()
        .map(|(at, container, wants, into)| async move {
            let inside = if into {
                listeners_inside(docker, container, wants, until).await
            } else {
                Known::default()
            };
            let log = if wants && has_last_words(container) {
                last_words(docker, &container.id, until).await
            } else {
                Known::default()
            };
            (at, inside, log)
        });
    let seen: Vec<_> = stream::iter(looks)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    for (at, inside, log) in seen {
        containers[at].inside = inside;
        containers[at].log_tail = log;
    }
}

/// Whether the container has ended, or keeps ending.
fn has_last_words(container: &Container) -> bool {
    matches!(
        container.state,
        ContainerState::Exited | ContainerState::Restarting | ContainerState::Dead
    ) || container.restarts > 0
}

/// What listens inside a running container.
///
/// The kernel's table is read from outside where the container's process can be
/// seen; else the container is asked to print it, if it publishes the port.
async fn listeners_inside(
    docker: &Docker,
    container: &Container,
    publishes: bool,
    until: Instant,
) -> Known<Vec<Listener>> {
    // What listens "inside" is then what listens on the machine.
    if container.network_mode == "host" {
        return Known::default();
    }
    let table = match container.pid {
        Some(pid) => os::socket_tables(pid),
        None => Err(Gap::Unsupported),
    };
    let table = match table {
        Err(_) if publishes && container.state == ContainerState::Running => {
            within(until, printed_table(docker, &container.id)).await
        }
        table => table,
    };
    let parsed = table.and_then(|text| {
        let nothing =
            || Gap::Failed("the container has no program to print its sockets".to_owned());
        inside::parse(&text).ok_or_else(nothing)
    });
    parsed.into()
}

/// The socket tables as `cat` prints them inside the container.
async fn printed_table(docker: &Docker, id: &str) -> Result<String, Error> {
    let options = CreateExecOptions {
        attach_stdout: Some(true),
        cmd: Some(vec!["cat", "/proc/net/tcp", "/proc/net/tcp6"]),
        ..CreateExecOptions::default()
    };
    let exec = docker.create_exec(id, options).await?;
    match docker.start_exec(&exec.id, None).await? {
        StartExecResults::Attached { output, .. } => text_of(output).await,
        StartExecResults::Detached => Ok(String::new()),
    }
}

/// The last lines that the container wrote.
async fn last_words(docker: &Docker, id: &str, until: Instant) -> Known<Vec<String>> {
    let options = LogsOptions {
        stdout: true,
        stderr: true,
        tail: LOG_LINES.to_string(),
        ..LogsOptions::default()
    };
    within(until, text_of(docker.logs(id, Some(options))))
        .await
        .map(|written| logs::tail(&written, LOG_LINES))
        .into()
}

/// What was written, as text, up to a limit.
async fn text_of(output: impl Stream<Item = Result<LogOutput, Error>>) -> Result<String, Error> {
    let mut output = std::pin::pin!(output);
    let mut bytes = Vec::new();
    while let Some(piece) = output.next().await {
        bytes.extend_from_slice(piece?.as_ref());
        if bytes.len() > ANSWER_LIMIT {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
