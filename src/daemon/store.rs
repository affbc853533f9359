//! What outlives the daemon: past owners, and the alerts that fire. A small database in
//! the state folder, written behind by a thread of its own.
//!
//! Nothing waits for it, and nothing fails with it: where it cannot be read or written,
//! the daemon works on from memory, says so once, and tries again.

mod file;
mod writer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::alerts::Kept;
use super::state::MOST_OWNERS;
use crate::facts::PastOwner;
use writer::Shared;

/// The database's file, in the state folder.
pub const FILE: &str = "memory.redb";
/// So long the daemon waits at its start for what was kept.
const OPENING: Duration = Duration::from_secs(3);
/// So long it waits at its end until everything is.
const CLOSING: Duration = Duration::from_secs(3);

/// When the disk is written to.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// How long a change waits for company.
    pub delay: Duration,
    /// The pause between two writings, each of which the disk must complete.
    pub gap: Duration,
    /// How soon it is tried again where it failed.
    pub retry: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            delay: Duration::from_secs(1),
            gap: Duration::from_secs(5),
            retry: Duration::from_secs(60),
        }
    }
}

/// What an earlier daemon has kept.
#[derive(Debug, Default)]
pub struct Restored {
    /// Past owners, by number.
    pub owners: Vec<(u64, PastOwner)>,
    /// Alerts and mutes.
    pub alerts: Kept,
}

/// What has changed and is to be kept.
#[derive(Debug, Default)]
struct Batch {
    owners: BTreeMap<u64, Option<PastOwner>>,
    alerts: Option<Kept>,
}

/// The database, as the loop sees it. No call but [`Store::open`] and [`Store::close`]
/// waits for the disk.
#[derive(Debug)]
pub struct Store {
    shared: Arc<Shared>,
    ended: mpsc::Receiver<()>,
}

impl Store {
    /// Opens the database in this folder, or makes it, and reads what was kept. Waits a few
    /// seconds at most.
    #[must_use]
    pub fn open(folder: &Path) -> (Self, Restored) {
        Store::open_with(folder, Timing::default())
    }

    /// The same, written to at other times.
    #[must_use]
    pub fn open_with(folder: &Path, timing: Timing) -> (Self, Restored) {
        let shared = Arc::new(Shared::default());
        let (opened, restored) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let (path, theirs): (PathBuf, _) = (folder.join(FILE), Arc::clone(&shared));
        let spawned = std::thread::Builder::new()
            .name("devdoctor-memory".to_owned())
            .spawn(move || {
                writer::run(&path, timing, &theirs, &opened);
                // Whoever waits for the end may have stopped waiting.
                let _ = end.send(());
            });
        let restored = match spawned {
            Ok(_) => restored.recv_timeout(OPENING).unwrap_or_else(|_| {
                shared.note_trouble("it takes too long to read what was kept".to_owned());
                Restored::default()
            }),
            Err(error) => {
                shared.note_trouble(format!("nothing can be kept: {error}"));
                Restored::default()
            }
        };
        (Store { shared, ended }, restored)
    }

    /// Keeps these past owners, or forgets those that are nothing, and these alerts.
    pub fn keep(&self, owners: Vec<(u64, Option<PastOwner>)>, alerts: Option<Kept>) {
        if owners.is_empty() && alerts.is_none() {
            return;
        }
        self.shared.add(Batch {
            owners: owners.into_iter().collect(),
            alerts,
        });
    }

    /// What went wrong and matters still, a sentence each.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.shared.notes()
    }

    /// Writes what waits, and closes the database. Waits a few seconds at most.
    pub fn close(self) {
        self.shared.close();
        // An error says that the thread has ended, a timeout that the disk does not answer.
        let _ = self.ended.recv_timeout(CLOSING);
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Batch {
    /// Adds what has changed since.
    fn merge(&mut self, later: Batch) {
        self.owners.extend(later.owners);
        self.alerts = later.alerts.or(self.alerts.take());
        // Where nothing can be written for long, what is oldest is lost.
        while self.owners.len() > 2 * MOST_OWNERS {
            self.owners.pop_first();
        }
    }
}
