//! Asks engines, all at once, each until the same moment.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::pin;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{ContainerSummary, SystemVersion};
use bollard::query_parameters::{InspectContainerOptions, ListContainersOptions};
use futures_util::future::{Either, pending, select};
use futures_util::{StreamExt, stream};

use super::endpoints::Endpoint;
use super::{closer, os, shape};
use crate::facts::{Container, Engine, EngineKind, Gap, clean};

/// How many containers are asked about at once.
pub(super) const AT_ONCE: usize = 16;

/// What one engine said.
#[derive(Debug)]
pub(super) struct Answer {
    /// The engine.
    pub engine: Engine,
    /// Its containers; nothing if it did not answer.
    pub containers: Option<Vec<Container>>,
}

/// Asks every one of these engines; comes back at `until` with what was said by then.
pub(super) fn ask_all(endpoints: Vec<Endpoint>, port: Option<u16>, until: Instant) -> Vec<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let gap = Gap::of(&error);
            return endpoints
                .into_iter()
                .map(|endpoint| unanswered(endpoint, gap.clone()))
                .collect();
        }
    };
    let answers = runtime.block_on(async {
        let all = endpoints
            .into_iter()
            .map(|endpoint| ask(endpoint, port, until));
        // In the order of the endpoints: the first is the one the user's tools use.
        stream::iter(all)
            .buffered(usize::MAX)
            .filter_map(std::future::ready)
            .collect()
            .await
    });
    // A resolver that hangs must not hold us up.
    runtime.shutdown_background();
    answers
}

fn unanswered(endpoint: Endpoint, gap: Gap) -> Answer {
    Answer {
        engine: Engine {
            kind: endpoint.kind,
            endpoint: endpoint.url,
            chosen_by: endpoint.chosen_by,
            gap: Some(gap),
        },
        containers: None,
    }
}

/// Asks one engine; nothing if nobody chose it and it is not there.
async fn ask(endpoint: Endpoint, port: Option<u16>, until: Instant) -> Option<Answer> {
    if let Some(gap) = endpoint.gap.clone() {
        return Some(unanswered(endpoint, gap));
    }
    // A socket file that nobody listens at is an engine that was stopped; a pipe has no file.
    let optional = endpoint.default && !endpoint.url.starts_with("unix://");
    let docker = match Docker::connect_with_host(&endpoint.url) {
        Ok(docker) => docker,
        Err(error) => return Some(unanswered(endpoint, gap_of(&error))),
    };
    // Podman starts two programs to tell its version, which takes longer than all else:
    // it is asked beside the rest, and not waited for.
    let kind = Cell::new(endpoint.kind);
    let version = pin!(tell_kind(&docker, &kind));
    let look = pin!(look(&docker, port, until));
    let looked = match select(version, look).await {
        Either::Left((never, _)) => match never {},
        Either::Right((looked, _)) => looked,
    };
    let kind = kind.get();
    let (mut containers, gap) = match looked {
        Ok(looked) => looked,
        Err(Gap::NotRunning) if optional => return None,
        Err(gap) => return Some(unanswered(endpoint, gap)),
    };
    for container in &mut containers {
        container.engine = kind;
        container.endpoint.clone_from(&endpoint.url);
    }
    Some(Answer {
        engine: Engine {
            kind,
            endpoint: endpoint.url,
            chosen_by: endpoint.chosen_by,
            gap,
        },
        containers: Some(containers),
    })
}

/// Sets the kind as soon as the engine has told its version; never comes back.
async fn tell_kind(docker: &Docker, kind: &Cell<EngineKind>) -> Infallible {
    if let Ok(version) = docker.version().await {
        kind.set(if is_podman(&version) {
            EngineKind::Podman
        } else {
            EngineKind::Docker
        });
    }
    pending().await
}

/// The containers that matter, and what kept the engine from telling all.
async fn look(
    docker: &Docker,
    port: Option<u16>,
    until: Instant,
) -> Result<(Vec<Container>, Option<Gap>), Gap> {
    let list = within(until, list(docker, port)).await?;
    let (mut containers, gap) = inspect(docker, list, until).await;
    if let Some(port) = port {
        closer::look(docker, &mut containers, port, until).await;
    }
    Ok((containers, gap))
}

/// The answer, if it comes in time.
pub(super) async fn within<T>(
    until: Instant,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, Gap> {
    match tokio::time::timeout_at(until.into(), answer).await {
        Ok(answer) => answer.map_err(|error| gap_of(&error)),
        Err(_) => Err(Gap::TooSlow),
    }
}

/// Which containers there are: those that matter for the port first.
async fn list(docker: &Docker, port: Option<u16>) -> Result<Vec<ContainerSummary>, Error> {
    let options = ListContainersOptions {
        all: port.is_some(),
        ..ListContainersOptions::default()
    };
    let mut list = docker.list_containers(Some(options)).await?;
    list.sort_by_key(|summary| {
        let publishes = summary
            .ports
            .iter()
            .flatten()
            .any(|mapping| mapping.public_port == port && port.is_some());
        !publishes
    });
    Ok(list)
}

fn is_podman(version: &SystemVersion) -> bool {
    let parts = version.components.iter().flatten();
    let mut names = parts.map(|part| part.name.as_str());
    names.any(|name| name.to_ascii_lowercase().contains("podman"))
}

/// What the engine knows of each container, and what kept it from telling all.
async fn inspect(
    docker: &Docker,
    summaries: Vec<ContainerSummary>,
    until: Instant,
) -> (Vec<Container>, Option<Gap>) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs().cast_signed());
    let wanted = summaries.into_iter().filter_map(|summary| summary.id);
    let mut answers = stream::iter(wanted)
        .map(|id| async move {
            let options = None::<InspectContainerOptions>;
            docker.inspect_container(&id, options).await
        })
        .buffered(AT_ONCE);
    let mut containers = Vec::new();
    let mut gap = None;
    loop {
        match tokio::time::timeout_at(until.into(), answers.next()).await {
            Ok(None) => break,
            Ok(Some(Ok(told))) => {
                let mut container = shape::container(told, now);
                // The engine may count its processes elsewhere.
                container.pid = container
                    .pid
                    .filter(|pid| os::is_in_container(*pid, &container.id));
                containers.push(container);
            }
            // Removed since it was listed.
            Ok(Some(Err(Error::DockerResponseServerError {
                status_code: 404, ..
            }))) => {}
            Ok(Some(Err(error))) => gap = Some(gap_of(&error)),
            Err(_) => {
                gap = Some(Gap::TooSlow);
                break;
            }
        }
    }
    (containers, gap)
}

/// Why an engine gave no answer, in our words.
fn gap_of(error: &Error) -> Gap {
    match error {
        Error::RequestTimeoutError => return Gap::TooSlow,
        Error::SocketNotFoundError(_) => return Gap::NotRunning,
        Error::UnsupportedURISchemeError { .. } => return Gap::Unsupported,
        _ => {}
    }
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut last = error.to_string();
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return match io.kind() {
                std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused => {
                    Gap::NotRunning
                }
                _ => match Gap::of(io) {
                    Gap::Failed(why) => Gap::Failed(clean(&why)),
                    gap => gap,
                },
            };
        }
        last = error.to_string();
        cause = error.source();
    }
    Gap::Failed(clean(&last))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::time::Duration;

    use super::*;

    /// An engine that gives these answers, by what is in the request's first line.
    fn fake(answers: &'static [(&'static str, &'static str, &'static str)]) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("tcp://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let Ok(mut connection) = connection else {
                    break;
                };
                let mut request = [0; 4096];
                let read = connection.read(&mut request).unwrap_or(0);
                let line = String::from_utf8_lossy(&request[..read]).into_owned();
                let line = line.lines().next().unwrap_or_default();
                let answer = answers.iter().find(|(path, _, _)| line.contains(path));
                let (_, status, body) = answer.unwrap_or(&("", "500 Unknown", "{}"));
                let _ = write!(
                    connection,
                    "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n\
                     Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        Endpoint::chosen(url)
    }

    fn ask(endpoints: Vec<Endpoint>, port: Option<u16>) -> (Vec<Answer>, Duration) {
        let began = Instant::now();
        let answers = ask_all(endpoints, port, began + Duration::from_millis(700));
        (answers, began.elapsed())
    }

    #[test]
    fn an_engine_that_never_answers_does_not_hide_one_that_does() {
        // Accepted by the kernel, and by nobody else.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("tcp://{}", silent.local_addr().unwrap());
        let podman = fake(&[
            (
                "/version",
                "200 OK",
                r#"{"Components":[{"Name":"Podman Engine","Version":"5"}]}"#,
            ),
            (
                "/containers/json",
                "200 OK",
                r#"[{"Id":"aa","Ports":[]},{"Id":"gone"},{"Id":"bb","Ports":[{"PrivatePort":80,"PublicPort":3000,"Type":"tcp"}]}]"#,
            ),
            (
                "/containers/gone",
                "404 Not Found",
                r#"{"message":"no such container"}"#,
            ),
            (
                "/containers/aa/json",
                "200 OK",
                r#"{"Id":"aa","Name":"/a","State":{"Status":"exited"}}"#,
            ),
            (
                "/containers/bb/json",
                "200 OK",
                r#"{"Id":"bb","Name":"/b","State":{"Status":"exited"}}"#,
            ),
        ]);
        let (answers, took) = ask(vec![Endpoint::chosen(url), podman], Some(3000));
        assert!(took < Duration::from_secs(2), "{took:?}");
        assert_eq!(answers[0].engine.gap, Some(Gap::TooSlow));
        assert!(answers[0].containers.is_none());
        assert_eq!(answers[1].engine.gap, None);
        assert_eq!(answers[1].engine.kind, EngineKind::Podman);
        // The one that publishes the port is asked about first; the removed one is not there.
        let names: Vec<_> = answers[1].containers.iter().flatten().collect();
        let names: Vec<_> = names.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
    }

    #[test]
    fn what_keeps_an_engine_from_answering_is_told_apart() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        let refused = Endpoint::chosen(format!("tcp://{}", closed.local_addr().unwrap()));
        drop(closed);
        let broken = fake(&[("/containers", "500 Oops", r#"{"message":"it\u0007 broke"}"#)]);
        let nonsense = fake(&[("/containers", "200 OK", "<html>")]);
        let (answers, _) = ask(vec![refused, broken, nonsense], None);
        assert_eq!(answers[0].engine.gap, Some(Gap::NotRunning));
        let Some(Gap::Failed(why)) = &answers[1].engine.gap else {
            panic!("{:?}", answers[1].engine);
        };
        assert!(why.contains("it\u{fffd} broke"), "{why}");
        assert!(matches!(answers[2].engine.gap, Some(Gap::Failed(_))));
    }

    #[test]
    fn an_engine_that_nobody_chose_and_is_not_there_is_none() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut absent = Endpoint::chosen(format!("tcp://{}", closed.local_addr().unwrap()));
        drop(closed);
        absent.default = true;
        assert!(ask(vec![absent], None).0.is_empty());
    }
}
