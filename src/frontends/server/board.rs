//! What subscribers are told, made once for all who watch the same folder.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use super::message;
use crate::daemon::{Handle, News, Watching};
use crate::findings::{Alert, Status};
use crate::ipc::{Call, FolderParams, Reply};

/// News that come one after the other make one status.
const COMPANY: Duration = Duration::from_millis(20);
/// Nobody needs more than ten statuses a second.
const APART: Duration = Duration::from_millis(100);
/// After a status could not be had.
const AGAIN: Duration = Duration::from_secs(1);
/// How long one may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// How many alerts a connection may be behind before it misses some.
const MOST_BEHIND: usize = 64;
/// Of how many alerts it is known what was told last.
const MOST_KNOWN: usize = 1024;

/// A status on its way to subscribers.
#[derive(Debug)]
pub(super) struct StatusLine {
    /// The notification.
    pub(super) line: Vec<u8>,
    /// What a person would see of it, as a number: see [`key`].
    pub(super) key: u64,
}

/// An alert on its way to subscribers.
#[derive(Debug)]
pub(super) struct AlertLine {
    /// Its number.
    pub(super) id: u64,
    /// The project it is about.
    pub(super) project: Option<String>,
    /// The notification.
    pub(super) line: Vec<u8>,
}

/// What a round gives, once there is one.
async fn under_way<T>(round: &mut Option<Pin<Box<impl Future<Output = T>>>>) -> T {
    match round {
        Some(round) => round.await,
        None => std::future::pending().await,
    }
}

type Latest = watch::Sender<Option<Arc<StatusLine>>>;

/// Where subscribers find the news.
#[derive(Debug)]
pub(super) struct Board {
    /// The last status of each folder that somebody watches.
    folders: Mutex<HashMap<Option<String>, Latest>>,
    alerts: broadcast::Sender<Arc<AlertLine>>,
}

/// What one client has subscribed to.
#[derive(Debug)]
pub(super) struct Subscription {
    /// Of what it is told.
    pub(super) scope: Scope,
    /// What it was told last, by its key.
    pub(super) told: u64,
    pub(super) status: watch::Receiver<Option<Arc<StatusLine>>>,
    pub(super) alerts: broadcast::Receiver<Arc<AlertLine>>,
    /// For as long as it lasts, the daemon looks more often.
    _watching: Watching,
}

/// Of what a subscriber is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Of everything.
    Everything,
    /// Of the project of a folder, by its root; of none, where it has none.
    Project(Option<String>),
}

impl Subscription {
    /// The answer, which is what it is told first.
    pub(super) fn answered(&mut self, status: &Status) {
        self.told = key(status);
        if let Scope::Project(root) = &mut self.scope {
            root.clone_from(&status.project);
        }
    }

    /// Whether an alert belongs to what is subscribed to: the same as the call `alerts`
    /// says.
    pub(super) fn takes(&self, alert: &AlertLine) -> bool {
        match &self.scope {
            Scope::Everything => true,
            Scope::Project(root) => root.is_some() && alert.project == *root,
        }
    }
}

/// What of a status a person would see: figures that change all the time are no news.
fn key(status: &Status) -> u64 {
    let mut steady = status.clone();
    if let Some(daemon) = &mut steady.daemon {
        daemon.uptime_s = 0;
        daemon.cpu_ms = 0;
        daemon.resident = 0;
        daemon.rate_hz = 0.0;
    }
    hash(&message::line(&steady))
}

fn hash(line: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    hasher.finish()
}

impl Board {
    pub(super) fn new() -> Self {
        Board {
            folders: Mutex::default(),
            alerts: broadcast::channel(MOST_BEHIND).0,
        }
    }

    /// The news of a folder from now on.
    pub(super) fn subscribe(&self, folder: Option<String>, handle: &Handle) -> Subscription {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        let scope = match &folder {
            Some(_) => Scope::Project(None),
            None => Scope::Everything,
        };
        let latest = folders
            .entry(folder)
            .or_insert_with(|| watch::channel(None).0);
        Subscription {
            scope,
            told: 0,
            status: latest.subscribe(),
            alerts: self.alerts.subscribe(),
            _watching: handle.watch(),
        }
    }

    /// Hears the daemon's news and puts them up, until it ends.
    pub(super) async fn run(self: Arc<Self>, handle: Handle, mut news: broadcast::Receiver<News>) {
        let mut known = BTreeMap::new();
        let mut last = Instant::now();
        // When a round is due, and the one that is under way.
        let mut due: Option<Instant> = None;
        let mut round = None;
        loop {
            let soon = || (last + APART).max(Instant::now() + COMPANY);
            tokio::select! {
                told = news.recv() => match told {
                    Ok(News::Alert(alert)) => {
                        self.tell(&alert, &mut known);
                        due.get_or_insert_with(soon);
                    }
                    Ok(News::Changed) | Err(RecvError::Lagged(_)) => {
                        due.get_or_insert_with(soon);
                    }
                    Ok(News::End) | Err(RecvError::Closed) => return,
                },
                () = tokio::time::sleep_until(due.unwrap_or(last)), if due.is_some() && round.is_none() => {
                    due = None;
                    round = Some(Box::pin(self.refresh(&handle)));
                }
                all = under_way(&mut round) => {
                    round = None;
                    last = Instant::now();
                    if !all {
                        due = Some(last + AGAIN);
                    }
                }
            }
        }
    }

    /// Asks how things stand in every folder that is watched. Whether all answered.
    async fn refresh(&self, handle: &Handle) -> bool {
        let watched: Vec<Option<String>> = {
            let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
            folders.retain(|_, latest| latest.receiver_count() > 0);
            folders.keys().cloned().collect()
        };
        let mut all = true;
        for folder in watched {
            let call = Call::Status(FolderParams {
                folder: folder.clone(),
            });
            let asked = tokio::time::timeout(DEADLINE, handle.ask(call)).await;
            let Ok(Ok(Reply::Status(status))) = asked else {
                all = false;
                continue;
            };
            let key = key(&status);
            let folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(latest) = folders.get(&folder)
                && latest.borrow().as_ref().is_none_or(|old| old.key != key)
            {
                let line = message::push("status", &status);
                latest.send_replace(Some(Arc::new(StatusLine { line, key })));
            }
        }
        all
    }

    /// Passes an alert on, unless it is what was told of it last.
    fn tell(&self, alert: &Alert, known: &mut BTreeMap<u64, u64>) {
        if self.alerts.receiver_count() == 0 {
            known.clear();
            return;
        }
        let line = message::push("alert", alert);
        let now = hash(&line);
        if known.insert(alert.id, now) == Some(now) {
            return;
        }
        // The oldest has the smallest number.
        if known.len() > MOST_KNOWN {
            known.pop_first();
        }
        // Nobody there any more is no failure.
        let _ = self.alerts.send(Arc::new(AlertLine {
            id: alert.id,
            project: alert.project.clone(),
            line,
        }));
    }
}
