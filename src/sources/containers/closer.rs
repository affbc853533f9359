//! A closer look at the containers that may be behind the port: what listens in them,
//! and what they wrote last.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::exec::{CreateExecOptions, StartExecResults};
use bollard::query_parameters::{InspectNetworkOptions, LogsOptions};
use futures_util::{Stream, StreamExt, stream};

use super::engine::{AT_ONCE, within};
use super::{calls, inside, logs, os};
use crate::facts::{Container, ContainerState, Gap, Known, Listener};

/// In how many running containers we look where nobody publishes the asked port.
const LOOKED_INTO: usize = 30;
/// How many lines of a container's log are told.
const LOG_LINES: usize = 5;
/// How many of them are read: a call that failed comes with a long trace.
const LOG_READ: usize = 80;
/// How much of an answer is read at most, in bytes.
const ANSWER_LIMIT: usize = 256 * 1024;

/// Looks into the containers that may be behind the port, at their last words, and at
/// those whom they say they cannot reach.
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
            let written = if wants && container.state != ContainerState::Created {
                last_words(docker, container, until).await
            } else {
                Known::default()
            };
            let kept_in = if wants && container.is_up() && !is_published(container, port) {
                ways_out(docker, container, until).await
            } else {
                Vec::new()
            };
            (at, inside, written, kept_in)
        });
    let seen: Vec<_> = stream::iter(looks)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    for (at, inside, written, internal) in seen {
        let container = &mut containers[at];
        container.inside = inside;
        container.failed_dials = written
            .seen()
            .map_or_else(Vec::new, |all| calls::failed(all));
        container.log_tail = written.map(|all| logs::tail(&all, LOG_LINES));
        for (network, internal) in container.networks.iter_mut().zip(internal) {
            network.internal = internal;
        }
    }
    look_into_called(docker, containers, until, &mut room).await;
}

/// Looks into those whom a container says it cannot reach: its neighbours.
async fn look_into_called(
    docker: &Docker,
    containers: &mut [Container],
    until: Instant,
    room: &mut usize,
) {
    let callers: Vec<_> = containers
        .iter()
        .filter(|container| !container.failed_dials.is_empty())
        .collect();
    let wanted: Vec<usize> = containers
        .iter()
        .enumerate()
        .filter(|(_, one)| one.is_up() && one.inside.is_not_asked())
        .filter(|(_, one)| callers.iter().any(|caller| are_neighbours(caller, one)))
        .map(|(at, _)| at)
        .take(*room)
        .collect();
    *room -= wanted.len();
    let looks = wanted.into_iter().map(|at| {
        let container = &containers[at];
        async move { (at, listeners_inside(docker, container, true, until).await) }
    });
    let seen: Vec<_> = stream::iter(looks.collect::<Vec<_>>())
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    for (at, inside) in seen {
        containers[at].inside = inside;
    }
}

/// Whether two containers have a network in common.
fn are_neighbours(one: &Container, other: &Container) -> bool {
    let names = |container: &Container, name: &str| {
        container
            .networks
            .iter()
            .any(|network| network.name == name)
    };
    one.id != other.id
        && one
            .networks
            .iter()
            .any(|network| names(other, &network.name))
}

/// Whether the port is published now.
fn is_published(container: &Container, port: u16) -> bool {
    let mut now = container.published.iter();
    now.any(|publish| publish.host_port == Some(port))
}

/// Of each network of the container, whether it leads nowhere else.
async fn ways_out(docker: &Docker, container: &Container, until: Instant) -> Vec<Known<bool>> {
    let mut found = Vec::new();
    for network in &container.networks {
        let options = None::<InspectNetworkOptions>;
        let told = within(until, docker.inspect_network(&network.name, options)).await;
        found.push(told.map(|network| network.internal.unwrap_or(false)).into());
    }
    found
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
    // What listens "inside" is then what its processes listen on, on the machine itself.
    if container.network_mode == "host" {
        return on_the_machine(container).into();
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

/// What a container without a network of its own listens on.
fn on_the_machine(container: &Container) -> Result<Vec<Listener>, Gap> {
    let pid = container.pid.ok_or(Gap::Unsupported)?;
    let text = os::socket_tables(pid)?;
    let nothing = || Gap::Failed("the kernel's table of sockets could not be read".to_owned());
    os::own_listeners(inside::parse(&text).ok_or_else(nothing)?, &container.id)
}

/// What the container wrote last, since it was started.
async fn last_words(docker: &Docker, container: &Container, until: Instant) -> Known<String> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let since = container
        .started_s
        .and_then(|age| now.as_secs().checked_sub(age))
        .and_then(|moment| i32::try_from(moment).ok());
    let options = LogsOptions {
        stdout: true,
        stderr: true,
        // A second earlier: moments are told in whole ones.
        since: since.map_or(0, |moment| moment.saturating_sub(1)),
        tail: LOG_READ.to_string(),
        ..LogsOptions::default()
    };
    within(until, text_of(docker.logs(&container.id, Some(options))))
        .await
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
