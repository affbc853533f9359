//! What tells that something in a folder has changed where nobody says so: the times and
//! sizes of the files that matter.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::Kind;
use super::arms::{Arm, Identity, identity};

/// How many names of a folder are looked at.
const MOST_NAMES: usize = 10_000;

/// What a file is, how long, and when it was last written.
type Stamp = Option<(Identity, u64, SystemTime)>;

/// What a folder looked like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Print {
    folder: Stamp,
    /// Of the path itself, where that is the file that matters.
    itself: Stamp,
    files: Vec<(OsString, Stamp)>,
}

impl Print {
    /// What a folder looks like now. Its names are listed again only if it has changed
    /// since it was last looked at.
    pub fn of(path: &Path, arm: &Arm, kind: &Kind, last: Option<&Print>) -> Print {
        let folder = stamp(path);
        let names: Vec<OsString> = match last {
            Some(last) if last.folder == folder && folder.is_some() => {
                last.files.iter().map(|(name, _)| name.clone()).collect()
            }
            _ => names(path, arm, kind),
        };
        let files = names.into_iter().map(|name| {
            let stamp = stamp(&path.join(&name));
            (name, stamp)
        });
        Print {
            files: files.collect(),
            itself: folder.filter(|_| !arm.itself.is_empty()),
            folder,
        }
    }

    /// Whether something that matters is another than it was.
    pub fn differs(&self, other: &Print) -> bool {
        // What else happens in the folder changes its time and is nothing to us.
        let what = |print: &Print| print.folder.map(|(identity, _, _)| identity);
        self.files != other.files || self.itself != other.itself || what(self) != what(other)
    }

    /// Whether a file that matters was written, or any name came or went, not longer ago
    /// than this.
    pub fn is_fresh(&self, now: SystemTime, age: Duration) -> bool {
        let stamps = self.files.iter().map(|(_, stamp)| stamp);
        stamps.chain([&self.folder]).any(|stamp| {
            let since = stamp.and_then(|(_, _, at)| now.duration_since(at).ok());
            since.is_some_and(|since| since <= age)
        })
    }

    /// Whether there is anything in it that matters.
    pub fn is_empty(&self) -> bool {
        self.files.iter().all(|(_, stamp)| stamp.is_none())
    }
}

/// The names in a folder that matter, in order.
fn names(path: &Path, arm: &Arm, kind: &Kind) -> Vec<OsString> {
    let mut names: Vec<OsString> = arm.files.keys().cloned().collect();
    names.extend(arm.awaited.iter().cloned());
    if !arm.known.is_empty()
        && let Ok(entries) = std::fs::read_dir(path)
    {
        let entries = entries.take(MOST_NAMES).flatten();
        let known = entries.map(|entry| entry.file_name());
        names.extend(known.filter(|name| name.to_str().is_some_and(kind.matters)));
    }
    names.sort();
    names.dedup();
    names
}

fn stamp(path: &Path) -> Stamp {
    let meta = std::fs::metadata(path).ok()?;
    let changed = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    Some((identity(&meta), meta.len(), changed))
}
