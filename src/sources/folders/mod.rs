//! Changes of files, told by the folders they are in.
//!
//! Editors do not write into a file: they write beside it and give the new one its name,
//! and a watched file is then another. So folders are watched, each without what is below
//! it, and of what happens in them only the names that matter count.
//!
//! `arms` says which folders that are, `filter` which of their events count, `worker` is
//! the thread that does the rest: nobody else ever waits for a file system.

mod arms;
mod filter;
mod prints;
#[cfg(test)]
mod tests;
mod worker;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use filter::Filter;
use worker::{Order, Worker};

/// On whose behalf something is watched.
pub(super) type Who = Arc<str>;

/// What is watched for somebody: a folder, for the names in it that matter, or one file.
/// Either need not be there yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Interest {
    /// The folder or the file.
    pub path: PathBuf,
    /// For whom.
    pub who: Who,
}

/// What kind of files it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// The name of the thread.
    pub name: &'static str,
    /// Whether a file of this name matters in any folder that is watched.
    pub matters: fn(&str) -> bool,
    /// Whether a new folder of this name is looked into, in a folder that is watched.
    pub enters: fn(&str) -> bool,
    /// Whether single files are watched by themselves, too, and through every link: a file
    /// that is mounted over another one does not tell the folder that it seems to be in.
    pub closely: bool,
    /// How long nothing more must come before it is told.
    pub quiet: Duration,
    /// How long it is kept at most.
    pub longest: Duration,
}

/// What may have changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    /// For these.
    pub who: BTreeSet<Who>,
    /// For everybody: events were lost.
    pub all: bool,
}

/// What the thread and its owner share.
#[derive(Debug, Default)]
struct Shared {
    filter: Mutex<Filter>,
    changed: Mutex<Changed>,
    mode: Mutex<String>,
    told: Notify,
}

/// A watch over folders.
#[derive(Debug)]
pub(super) struct Folders {
    orders: Sender<Order>,
    shared: Arc<Shared>,
}

impl Folders {
    /// A watch over nothing yet, and its thread.
    pub fn new(kind: Kind) -> Self {
        let (orders, taken) = channel();
        let shared = Arc::new(Shared::default());
        let worker = Worker::new(kind, orders.clone(), taken, Arc::clone(&shared));
        let run = std::thread::Builder::new().name(kind.name.to_owned());
        if let Err(error) = run.spawn(move || worker.run()) {
            *lock(&shared.mode) = format!("not watching: {error}");
        }
        Folders { orders, shared }
    }

    /// Watches these from now on, and nothing else.
    pub fn watch(&self, interests: BTreeSet<Interest>) {
        // Without a thread there is nobody to take it, and `mode` says so.
        let _ = self.orders.send(Order::Watch(interests));
    }

    /// What may have changed, as soon as it has. It may be dropped at any time: nothing is
    /// lost by that.
    pub async fn next(&self) -> Changed {
        loop {
            self.shared.told.notified().await;
            let changed = std::mem::take(&mut *lock(&self.shared.changed));
            if changed != Changed::default() {
                return changed;
            }
        }
    }

    /// How it is watched, in a few words.
    pub fn mode(&self) -> String {
        lock(&self.shared.mode).clone()
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::End);
    }
}

/// What a lock guards. Nothing is left half done under it, whoever panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
