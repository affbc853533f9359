//! Hints: containers may have changed. Every engine is listened to on its own; one that
//! hangs keeps nobody waiting.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard::Docker;
use bollard::models::{EventMessage, EventMessageTypeEnum};
use bollard::query_parameters::{EventsOptions, EventsOptionsBuilder};
use futures_util::{Stream, StreamExt};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until, timeout};

use super::endpoints::{Endpoint, Surroundings, find};
use super::os;
use crate::facts::{EngineKind, Gap};

/// How often engines are looked for that were not there: at first, and at least, once
/// nothing has changed for some looks and nobody is known to be away.
const LOOK_FOR: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(10));
/// How long an engine that did not answer is left alone, at first and at most.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// An engine that was listened to for so long works: the next wait is the first again.
const WORKS: Duration = Duration::from_secs(10);
/// How often an engine that says nothing is asked whether it is alive.
const PING: Duration = Duration::from_secs(30);
/// How long it may take for that.
const PATIENCE: Duration = Duration::from_secs(5);
/// A stream that says nothing for so long is opened anew, though its engine is alive:
/// behind a virtual machine that slept it may be one that nobody writes to any more.
const OLDEST: Duration = Duration::from_secs(600);
/// How far apart hints are at least. The first of many comes at once.
const APART: Duration = Duration::from_millis(100);

/// What happens to a container that changes who listens, and what is reached where; of
/// networks, who is in them. Health checks run commands all the time, and are not in it.
/// `died` is what Podman calls `die`, and `remove` what it calls `destroy`.
const ACTIONS: &[&str] = &[
    "create",
    "start",
    "die",
    "died",
    "stop",
    "kill",
    "oom",
    "pause",
    "unpause",
    "rename",
    "destroy",
    "remove",
    "health_status",
    "restart",
    "connect",
    "disconnect",
];

/// How it stands with one engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It is being asked for the first time.
    New,
    /// Its events are heard.
    Listening,
    /// There is a socket, and nobody at it, or nobody who may be asked.
    Away,
    /// It takes a connection and says nothing.
    Silent,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::New => "being asked",
            State::Listening => "listening",
            State::Away => "does not answer",
            State::Silent => "hangs",
        }
    }
}

/// What the listeners and their owner share.
#[derive(Debug, Default)]
struct Shared {
    /// One hint may wait: all that comes until it is taken is the same one.
    hint: Notify,
    engines: Mutex<BTreeMap<String, (EngineKind, State)>>,
}

impl Shared {
    fn set(&self, endpoint: &Endpoint, state: State) {
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        engines.insert(endpoint.url.clone(), (endpoint.kind, state));
    }

    /// Whether some engine is known and not heard.
    fn misses_one(&self) -> bool {
        let engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        let mut states = engines.values().map(|(_, state)| *state);
        states.any(|state| state != State::Listening)
    }
}

/// A watch over the containers of all engines.
#[derive(Debug)]
pub struct Watch {
    enabled: bool,
    shared: Arc<Shared>,
    /// Everything that listens; it ends with this.
    tasks: JoinSet<()>,
    told: Option<Instant>,
}

impl Watch {
    /// A watch that begins with the first [`Watch::next`]; one that is not enabled asks no
    /// engine and never comes back.
    #[must_use]
    pub fn new(enabled: bool) -> Self {
        Watch {
            enabled,
            shared: Arc::default(),
            tasks: JoinSet::new(),
            told: None,
        }
    }

    /// Comes back when containers may have changed: look again. It may be dropped at any
    /// time: nothing is lost by that.
    pub async fn next(&mut self) {
        if self.enabled && self.tasks.is_empty() {
            self.tasks.spawn(look_for(Arc::clone(&self.shared)));
        }
        if let Some(told) = self.told {
            sleep_until(told + APART).await;
        }
        self.shared.hint.notified().await;
        self.told = Some(Instant::now());
    }

    /// How the engines are listened to, in a few words.
    #[must_use]
    pub fn mode(&self) -> String {
        if !self.enabled {
            return "off".to_owned();
        }
        let engines = self.shared.engines.lock();
        let engines = engines.unwrap_or_else(PoisonError::into_inner);
        if engines.is_empty() {
            return "no engine".to_owned();
        }
        let words = engines.values().map(|(kind, state)| {
            let name = match kind {
                EngineKind::Docker => "docker",
                EngineKind::Podman => "podman",
            };
            format!("{name}: {}", state.word())
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

/// A task that listens to one engine.
struct Follower {
    /// Says to it that its engine may be back.
    back: Arc<Notify>,
    /// Which socket it was.
    identity: Option<os::Identity>,
}

/// Looks for engines for ever, and listens to each that is found.
async fn look_for(shared: Arc<Shared>) {
    let mut followers: HashMap<String, Follower> = HashMap::new();
    // It ends with this one.
    let mut tasks = JoinSet::new();
    let mut pause = LOOK_FOR.0;
    loop {
        // Beside the loop: a home folder on a network may hang.
        let found = tokio::task::spawn_blocking(|| {
            let found = find(&Surroundings::of_this_process());
            let askable = found.into_iter().filter(|endpoint| {
                matches!(endpoint.gap, None | Some(Gap::NotRunning)) && !endpoint.url.is_empty()
            });
            let with_identity = askable.map(|endpoint| {
                let path = endpoint.url.strip_prefix("unix://");
                let identity = path.and_then(|path| os::identity(path.as_ref()).ok());
                (endpoint, identity)
            });
            with_identity.collect::<Vec<_>>()
        });
        pause = (pause * 2).min(LOOK_FOR.1);
        if shared.misses_one() {
            pause = LOOK_FOR.0;
        }
        for (endpoint, identity) in found.await.unwrap_or_default() {
            if let Some(follower) = followers.get_mut(&endpoint.url) {
                // A socket that was made anew is an engine that was started anew.
                if identity.is_some() && identity != follower.identity {
                    follower.identity = identity;
                    follower.back.notify_one();
                    pause = LOOK_FOR.0;
                }
                continue;
            }
            let back = Arc::new(Notify::new());
            let url = endpoint.url.clone();
            tasks.spawn(follow(endpoint, Arc::clone(&back), Arc::clone(&shared)));
            followers.insert(url, Follower { back, identity });
            pause = LOOK_FOR.0;
        }
        sleep(pause).await;
    }
}

/// Listens to an engine for ever, whether it is there or not.
async fn follow(endpoint: Endpoint, back: Arc<Notify>, shared: Arc<Shared>) {
    let mut wait = FIRST_WAIT;
    shared.set(&endpoint, State::New);
    loop {
        let began = Instant::now();
        let (state, listened) = listen(&endpoint, &shared).await;
        shared.set(&endpoint, state);
        if listened {
            // It is gone, or says nothing any more: that is a change, too.
            shared.hint.notify_one();
            if began.elapsed() >= WORKS {
                wait = FIRST_WAIT;
            }
        }
        tokio::select! {
            () = sleep(wait) => wait = (wait * 2).min(LONGEST_WAIT),
            () = back.notified() => wait = FIRST_WAIT,
        }
    }
}

/// Listens to an engine until it stops talking: how it stands with it then, and whether
/// it was heard at all.
async fn listen(endpoint: &Endpoint, shared: &Shared) -> (State, bool) {
    let Ok(docker) = Docker::connect_with_host(&endpoint.url) else {
        return (State::Away, false);
    };
    // An engine says nothing until something happens: the pings tell whether it is alive.
    let docker = docker.with_timeout(OLDEST * 2);
    if let Err(state) = ping(&docker).await {
        return (state, false);
    }
    let mut events = pin!(docker.events(Some(options(SystemTime::now()))));
    shared.set(endpoint, State::Listening);
    shared.hint.notify_one();
    let mut pings = interval_at(Instant::now() + PING, PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            matters = next_event(&mut events) => match matters {
                Some(matters) => {
                    heard = Instant::now();
                    if matters {
                        shared.hint.notify_one();
                    }
                }
                None => return (State::Away, true),
            },
            _ = pings.tick() => {
                if let Err(state) = ping(&docker).await {
                    return (state, true);
                }
                if heard.elapsed() >= OLDEST {
                    return (State::Listening, true);
                }
            }
        }
    }
}

/// The next event: whether it matters; nothing if there will be none.
async fn next_event(
    events: &mut (impl Stream<Item = Result<EventMessage, bollard::errors::Error>> + Unpin),
) -> Option<bool> {
    match events.next().await {
        Some(Ok(event)) => Some(matters(&event)),
        Some(Err(_)) | None => None,
    }
}

/// Whether an engine is alive.
async fn ping(docker: &Docker) -> Result<(), State> {
    match timeout(PATIENCE, docker.ping()).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) => Err(State::Away),
        Err(_) => Err(State::Silent),
    }
}

/// What an engine is asked to tell: what happens from now on, and only what matters.
fn options(now: SystemTime) -> EventsOptions {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    // Names that an engine does not know are no error to it.
    let filters = HashMap::from([("event", ACTIONS.to_vec())]);
    EventsOptionsBuilder::default()
        // What happens before it has begun to tell is not lost that way.
        .since(&format!("{}.{:09}", since.as_secs(), since.subsec_nanos()))
        .filters(&filters)
        .build()
}

/// Whether an event may change a container. Old engines tell all, whatever was asked.
fn matters(event: &EventMessage) -> bool {
    use EventMessageTypeEnum::{CONTAINER, NETWORK};
    let action = event.action.as_deref().unwrap_or_default();
    // `health_status: healthy`.
    let action = action.split(':').next().unwrap_or_default();
    matches!(event.typ, Some(CONTAINER | NETWORK) | None) && ACTIONS.contains(&action)
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
