//! Containers, as their engines tell of them.
//!
//! `endpoints` says whom to ask, `engine` asks, `shape` turns an answer into facts,
//! `closer` looks into the containers that may be behind the asked port.

mod calls;
mod closer;
mod command;
mod endpoints;
mod engine;
mod inside;
mod logs;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
mod os;
mod shape;
mod timestamp;
mod watch;

use std::time::{Duration, Instant};

use crate::facts::{Container, Engine, Gap, Known};
use crate::sources::Pending;

pub use watch::Watch;

/// What the engines of this machine said.
#[derive(Debug, Clone)]
pub struct Containers {
    /// Every engine that was asked.
    pub engines: Vec<Engine>,
    /// The containers of those that answered; unseen if none did.
    pub containers: Known<Vec<Container>>,
}

/// Begins to ask every engine that this user's tools would talk to.
///
/// `port` is the port of the question: what listens inside is looked at for the
/// containers that may be behind it, and stopped containers are listed too.
/// Without a port only running containers are. Returns nothing where there is no
/// engine to ask: then no thread is started either.
#[must_use]
pub fn ask(port: Option<u16>, deadline: Duration) -> Option<Pending<Containers>> {
    let endpoints = endpoints::find(&endpoints::Surroundings::of_this_process());
    if endpoints.is_empty() {
        return None;
    }
    // What the slowest engine has said is handed over a little before nobody waits for it.
    let until = Instant::now() + deadline.mul_f32(0.9);
    Some(Pending::begin("containers", move || {
        gather(engine::ask_all(endpoints, port, until))
    }))
}

/// By what the machine that runs the container we stand in may be called from here: its
/// name, and the address of the router, which is the machine on an engine's networks.
#[must_use]
pub fn machine_from_inside() -> Vec<String> {
    let names = ["host.docker.internal", "host.containers.internal"];
    let router = os::router().filter(|ip| ip.is_private());
    names
        .into_iter()
        .map(str::to_owned)
        .chain(router.map(|ip| ip.to_string()))
        .collect()
}

/// What is known when no engine was asked.
#[must_use]
pub fn none() -> Containers {
    Containers {
        engines: Vec::new(),
        containers: Known::Unseen(Gap::NotRunning),
    }
}

/// Puts the answers of all engines together.
fn gather(answers: Vec<engine::Answer>) -> Containers {
    let mut engines = Vec::new();
    let mut seen: Option<Vec<Container>> = None;
    for answer in answers {
        if let Some(containers) = answer.containers {
            seen.get_or_insert_default().extend(containers);
        }
        engines.push(answer.engine);
    }
    let containers = match seen {
        Some(containers) => Known::Seen(containers),
        None => Known::Unseen(why_none(&engines)),
    };
    Containers {
        engines,
        containers,
    }
}

/// Why no engine answered: one that runs and does not answer tells more than one
/// that does not run.
fn why_none(engines: &[Engine]) -> Gap {
    engines
        .iter()
        .filter_map(|engine| engine.gap.as_ref())
        .find(|gap| **gap != Gap::NotRunning)
        .cloned()
        .unwrap_or(Gap::NotRunning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::EngineKind;

    fn answer(gap: Option<Gap>, containers: Option<Vec<Container>>) -> engine::Answer {
        engine::Answer {
            engine: Engine {
                kind: EngineKind::Docker,
                endpoint: "unix:///x".to_owned(),
                chosen_by: "default socket".to_owned(),
                gap,
            },
            containers,
        }
    }

    #[test]
    fn one_silent_engine_does_not_hide_another() {
        let all = gather(vec![
            answer(Some(Gap::TooSlow), None),
            answer(None, Some(vec![Container::default()])),
        ]);
        assert_eq!(all.containers.seen().map(Vec::len), Some(1));
        assert_eq!(all.engines[0].gap, Some(Gap::TooSlow));
    }

    #[test]
    fn the_gap_that_tells_most_is_kept() {
        let all = gather(vec![
            answer(Some(Gap::NotRunning), None),
            answer(Some(Gap::Forbidden), None),
        ]);
        assert_eq!(all.containers, Known::Unseen(Gap::Forbidden));
        let all = gather(vec![answer(Some(Gap::NotRunning), None)]);
        assert_eq!(all.containers, Known::Unseen(Gap::NotRunning));
    }
}
