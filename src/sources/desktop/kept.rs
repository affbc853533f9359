//! What stands on the screen, kept in the state folder: a daemon that is killed cannot take
//! it away, but the next one can.
//!
//! The number of a notification means something to the service that gave it, and to no
//! other. A service is known by its unique name on the bus, which the bus never gives twice,
//! and the bus by the identifier that it draws at its start. Where one of them is another,
//! what was shown has gone, and its number may be that of somebody else.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use super::super::{Left, Slot};

/// The file in the state folder.
const FILE: &str = "shown.json";
/// No more of it is read than this.
const MOST_BYTES: u64 = 1024 * 1024;
/// How long the disk may take at the start, and at the end.
const DEADLINE: Duration = Duration::from_secs(1);

/// What one service shows of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The identifier of the bus.
    pub(super) bus: String,
    /// The unique name of the service.
    pub(super) owner: String,
    pub(super) shown: BTreeMap<Slot, Entry>,
}

/// One notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The service's number of it.
    pub(super) id: u32,
    pub(super) title: String,
    pub(super) body: String,
    /// Whether it has left the screen by itself; it may stand in a list of old ones.
    pub(super) expired: bool,
    /// Whether it is worth nothing later, and so is not kept.
    #[serde(skip)]
    pub(super) passing: bool,
}

impl Entry {
    /// What the next daemon is told of it.
    pub(super) fn left(&self, slot: Slot) -> Left {
        Left {
            slot,
            title: self.title.clone(),
            body: self.body.clone(),
            expired: self.expired,
        }
    }
}

/// The file, as long as this is kept: nobody else has it meanwhile.
#[derive(Debug)]
pub(super) struct Kept {
    /// What an earlier daemon has left, until somebody asks for it.
    earlier: Option<Record>,
    latest: watch::Sender<Record>,
    writer: Option<JoinHandle<()>>,
}

impl Kept {
    /// Opens the file in this folder. Where that cannot be done, nothing is kept.
    pub(super) async fn open(folder: Option<PathBuf>) -> Self {
        let (latest, wanted) = watch::channel(Record::default());
        let mut kept = Kept {
            earlier: None,
            latest,
            writer: None,
        };
        let Some(folder) = folder else {
            return kept;
        };
        let opened = timeout(DEADLINE, spawn_blocking(move || open(&folder))).await;
        let why = match opened {
            Ok(Ok(Ok((file, record)))) => {
                kept.earlier = record;
                kept.writer = Some(tokio::spawn(write(file, wanted)));
                return kept;
            }
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the disk does not answer".to_owned(),
        };
        tracing::warn!("notifications outlive a daemon that is killed: {why}");
        kept
    }

    /// What an earlier daemon has left on the screen of this service: told once, since from
    /// then on it is kept as what this one shows.
    pub(super) fn left(&mut self, bus: &str, owner: &str) -> BTreeMap<Slot, Entry> {
        match self.earlier.take() {
            Some(record) if record.bus == bus && record.owner == owner => record.shown,
            Some(_) | None => BTreeMap::new(),
        }
    }

    /// Keeps this. Nobody waits for the disk.
    pub(super) fn keep(&self, mut record: Record) {
        record.shown.retain(|_, entry| !entry.passing);
        self.latest.send_if_modified(|latest| {
            let other = *latest != record;
            *latest = record;
            other
        });
    }

    /// Ends, once all is written or that takes too long.
    pub(super) async fn end(self) {
        drop(self.latest);
        if let Some(writer) = self.writer {
            // What is kept too much has gone, and to close it again does nothing.
            let _ = timeout(DEADLINE, writer).await;
        }
    }
}

fn open(folder: &Path) -> io::Result<(File, Option<Record>)> {
    std::fs::create_dir_all(folder)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let file = options.open(folder.join(FILE))?;
    file.try_lock().map_err(|error| match error {
        TryLockError::Error(error) => error,
        TryLockError::WouldBlock => io::Error::other("another daemon keeps its own there"),
    })?;
    let record = read(&file)?;
    Ok((file, record))
}

/// What stands in the file; nothing if that is not ours.
fn read(file: &File) -> io::Result<Option<Record>> {
    let mut line = Vec::new();
    BufReader::new(file.take(MOST_BYTES)).read_until(b'\n', &mut line)?;
    Ok(serde_json::from_slice(&line).ok())
}

async fn write(mut file: File, mut wanted: watch::Receiver<Record>) {
    while wanted.changed().await.is_ok() {
        let line = serde_json::to_vec(&*wanted.borrow_and_update());
        let put = move || {
            let put = line.map_err(io::Error::from).and_then(|mut line| {
                line.push(b'\n');
                put(&mut file, &line)
            });
            (file, put)
        };
        let Ok((back, put)) = spawn_blocking(put).await else {
            return;
        };
        file = back;
        if let Err(error) = put {
            tracing::warn!("what is shown could not be kept: {error}");
        }
    }
}

/// Writes the only line, in one go: a process that is killed has written it or has not.
/// What is left of a longer one stands behind it, and is not read.
fn put(file: &mut File, line: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(line)?;
    file.set_len(u64::try_from(line.len()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(owner: &str, slots: &[Slot]) -> Record {
        let entry = |slot: &Slot| Entry {
            id: 40 + u32::try_from(*slot).unwrap(),
            title: format!("problem {slot}"),
            body: "a \"body\"\nof two lines".to_owned(),
            expired: slot % 2 == 0,
            passing: *slot == 9,
        };
        Record {
            bus: "b1".to_owned(),
            owner: owner.to_owned(),
            shown: slots.iter().map(|slot| (*slot, entry(slot))).collect(),
        }
    }

    fn folder(name: &str) -> PathBuf {
        let name = format!("devdoctor-kept-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        folder
    }

    #[tokio::test]
    async fn it_is_given_to_the_same_service_only_and_once() {
        let folder = folder("same");
        for (bus, owner, given) in [
            ("b1", ":1.7", true),
            ("b1", ":1.8", false),
            ("b2", ":1.7", false),
        ] {
            let first = Kept::open(Some(folder.clone())).await;
            first.keep(record(":1.7", &[1, 2, 3, 4]));
            // A shorter one in its place.
            first.keep(record(":1.7", &[1, 2, 9]));
            first.end().await;
            let mut next = Kept::open(Some(folder.clone())).await;
            let expected = match given {
                true => record(":1.7", &[1, 2]).shown,
                false => BTreeMap::new(),
            };
            assert_eq!(next.left(bus, owner), expected, "{bus} {owner}");
            assert_eq!(next.left("b1", ":1.7"), BTreeMap::new());
            next.end().await;
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn what_another_daemon_keeps_is_left_alone() {
        let folder = folder("other");
        let first = Kept::open(Some(folder.clone())).await;
        first.keep(record(":1.7", &[1]));
        let mut second = Kept::open(Some(folder.clone())).await;
        assert_eq!(second.left("b1", ":1.7"), BTreeMap::new());
        second.keep(record(":1.9", &[3]));
        second.end().await;
        first.end().await;
        let mut third = Kept::open(Some(folder.clone())).await;
        assert_eq!(third.left("b1", ":1.7"), record(":1.7", &[1]).shown);
        drop(third);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn what_is_not_ours_is_nothing() {
        let folder = folder("foreign");
        std::fs::create_dir_all(&folder).unwrap();
        for text in [&b""[..], b"{", b"[1]\n", b"\xff\xfe\n", b"{\"bus\":1}"] {
            std::fs::write(folder.join(FILE), text).unwrap();
            let mut kept = Kept::open(Some(folder.clone())).await;
            assert_eq!(kept.left("", ""), BTreeMap::new(), "{text:?}");
            kept.end().await;
        }
        // A line that is longer than it may be.
        let long = format!("{{\"bus\":\"{}\"", "b".repeat(2 * 1024 * 1024));
        std::fs::write(folder.join(FILE), long).unwrap();
        let mut kept = Kept::open(Some(folder.clone())).await;
        assert_eq!(kept.left("", ""), BTreeMap::new());
        drop(kept);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
