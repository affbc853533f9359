//! Which events count. Runs on the thread of the system's watcher, for every event there
//! is: most of them end here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Instant;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind};

use super::arms::Arm;
use super::{Kind, Who};

/// How many new folders are remembered until they are looked at.
const MOST_NEW: usize = 256;
/// How many events that do not matter a new folder may have: more is a build at work.
const MOST_NOISE: u32 = 512;

/// What was heard since it was last asked.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// For whom something has changed.
    pub who: BTreeSet<Who>,
    /// Whether events were lost.
    pub all: bool,
    /// Whether other folders are to be watched than before.
    pub rearrange: bool,
    /// Watched paths that were renamed or removed.
    pub lost: BTreeSet<PathBuf>,
    /// What may be a new folder, and for whom it matters.
    pub new: BTreeMap<PathBuf, BTreeSet<Who>>,
    /// New folders that are written to without end.
    pub noisy: BTreeSet<PathBuf>,
    /// When the first and the last of this came.
    pub when: Option<(Instant, Instant)>,
}

/// The watched folders and what was heard of them.
#[derive(Debug, Default)]
pub(super) struct Filter {
    /// What is watched.
    pub arms: HashMap<PathBuf, Arm>,
    /// What was heard.
    pub heard: Heard,
    /// How many events that do not matter new folders had.
    pub noise: HashMap<PathBuf, u32>,
}

impl Filter {
    /// Takes an event; whether it is the first since somebody asked.
    pub fn take(&mut self, event: &notify::Result<Event>, kind: &Kind, now: Instant) -> bool {
        let counts = match event {
            Ok(event) if event.need_rescan() => {
                self.heard.all = true;
                true
            }
            Ok(event) => {
                let mut counts = false;
                for path in &event.paths {
                    counts |= self.judge(event.kind, path, kind);
                }
                counts
            }
            // What cannot be told any more may be anything.
            Err(_) => {
                self.heard.all = true;
                true
            }
        };
        if !counts {
            return false;
        }
        let first = self.heard.when.is_none();
        let since = self.heard.when.map_or(now, |(since, _)| since);
        self.heard.when = Some((since, now));
        first
    }

    fn judge(&mut self, event: EventKind, path: &Path, kind: &Kind) -> bool {
        let renamed = matches!(event, EventKind::Modify(ModifyKind::Name(_)));
        let came = renamed || event.is_create();
        let gone = renamed || event.is_remove();
        let changes = match event {
            // That somebody reads is nothing; we do so ourselves.
            EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
            EventKind::Other => false,
            _ => true,
        };
        if !changes {
            return false;
        }
        let heard = &mut self.heard;
        let mut counts = false;
        if let Some(arm) = self.arms.get(path) {
            if gone {
                heard.who.extend(arm.everybody().cloned());
                heard.lost.insert(path.to_owned());
                heard.rearrange = true;
                counts = true;
            } else if !arm.itself.is_empty() {
                heard.who.extend(arm.itself.iter().cloned());
                counts = true;
            }
        }
        let folder = path.parent();
        let Some((folder, arm)) = folder.and_then(|at| self.arms.get_key_value(at)) else {
            return counts;
        };
        let Some(name) = path.file_name() else {
            return counts;
        };
        if let Some(who) = arm.files.get(name) {
            heard.who.extend(who.iter().cloned());
            // It may be another file now, or a link to another place.
            heard.rearrange |= came || gone;
            counts = true;
        }
        if came && arm.awaited.contains(name) {
            heard.rearrange = true;
            counts = true;
        }
        if arm.known.is_empty() {
            return counts;
        }
        // A name that is no text is none that anybody knows.
        let name = name.to_str();
        if name.is_some_and(kind.matters) {
            heard.who.extend(arm.known.iter().cloned());
            return true;
        }
        if came && name.is_some_and(kind.enters) && heard.new.len() < MOST_NEW {
            let who = heard.new.entry(path.to_owned()).or_default();
            who.extend(arm.known.iter().cloned());
            counts = true;
        }
        if arm.young {
            let noise = self.noise.entry(folder.clone()).or_default();
            *noise += 1;
            if *noise == MOST_NOISE {
                heard.noisy.insert(folder.clone());
                heard.rearrange = true;
                counts = true;
            }
        }
        counts
    }
}
