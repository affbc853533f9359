//! Who had each port, from when to when: bounded, the oldest out first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::facts::{Ended, Known, PastOwner};

/// So many owners of one port are remembered.
pub const MOST_PER_PORT: usize = 64;
/// The owners of so many ports are.
pub const MOST_PORTS: usize = 2048;
/// So many are in all.
pub const MOST_OWNERS: usize = 8192;

/// Within this stretch of time, one who comes and goes keeps coming and going.
const WATCHED_MS: u64 = 60_000;
/// One whose end nobody saw, and which lived no longer than this, fell at its start.
const SHORT_MS: u64 = 5_000;

/// The owners, by number: a later one has a higher number.
#[derive(Debug, Default)]
pub(super) struct Past {
    rows: BTreeMap<u64, PastOwner>,
    ports: BTreeMap<u16, VecDeque<u64>>,
    /// Those who have left.
    closed: BTreeSet<u64>,
    next: u64,
    unsaved: BTreeSet<u64>,
}

impl Past {
    /// What was kept, as far as it may be.
    pub(super) fn restore(mut kept: Vec<(u64, PastOwner)>) -> Self {
        kept.sort_by_key(|(row, _)| *row);
        kept.dedup_by_key(|(row, _)| *row);
        let mut past = Past::default();
        for (row, mut owner) in kept {
            // The daemon ended before it learnt how this one did.
            let mended = owner.until.is_some() && owner.ended.is_not_asked();
            if mended {
                owner.ended = Known::Seen(Ended::Gone);
            }
            past.insert(row, owner);
            if mended {
                past.unsaved.insert(row);
            }
            past.next = past.next.max(row.saturating_add(1));
        }
        past
    }

    /// The numbers of those who have not left.
    pub(super) fn open(&self) -> Vec<u64> {
        let open = self.rows.iter().filter(|(_, owner)| owner.until.is_none());
        open.map(|(row, _)| *row).collect()
    }

    pub(super) fn get(&self, row: u64) -> Option<&PastOwner> {
        self.rows.get(&row)
    }

    /// Adds an owner. Its number follows the clock, so that it is another one than any of an
    /// earlier run, even where nothing of that could be read.
    pub(super) fn add(&mut self, owner: PastOwner) -> u64 {
        let row = self.next.max(owner.from);
        self.next = row.saturating_add(1);
        self.insert(row, owner);
        self.unsaved.insert(row);
        row
    }

    /// Changes an owner, if it is still remembered.
    pub(super) fn change(&mut self, row: u64, change: impl FnOnce(&mut PastOwner)) {
        let Some(owner) = self.rows.get_mut(&row) else {
            return;
        };
        let before = owner.clone();
        change(owner);
        if *owner != before {
            self.unsaved.insert(row);
        }
        match owner.until {
            Some(_) => self.closed.insert(row),
            None => self.closed.remove(&row),
        };
    }

    /// Takes what is seen of an owner now; since when it is there stays.
    pub(super) fn update(&mut self, row: u64, seen: PastOwner) {
        self.change(row, |owner| {
            // What could be seen once and cannot any more is no news.
            let seen = PastOwner {
                from: owner.from,
                framework: seen.framework.or(owner.framework.take()),
                cwd: seen.cwd.or(owner.cwd.take()),
                project: seen.project.or(owner.project.take()),
                watcher: seen.watcher.or(owner.watcher),
                ..seen
            };
            *owner = seen;
        });
    }

    fn insert(&mut self, row: u64, owner: PastOwner) {
        let of_port = self.ports.entry(owner.port).or_default();
        of_port.push_back(row);
        let first = match of_port.len() > MOST_PER_PORT {
            true => of_port.front().copied(),
            false => None,
        };
        if owner.until.is_some() {
            self.closed.insert(row);
        }
        self.rows.insert(row, owner);
        if let Some(first) = first {
            self.remove(first);
        }
        while self.rows.len() > MOST_OWNERS || self.ports.len() > MOST_PORTS {
            // Who has left goes before who is still there.
            let oldest = self.closed.first().or_else(|| self.rows.keys().next());
            match oldest.copied() {
                Some(oldest) => self.remove(oldest),
                None => break,
            }
        }
    }

    fn remove(&mut self, row: u64) {
        self.closed.remove(&row);
        let Some(owner) = self.rows.remove(&row) else {
            return;
        };
        self.unsaved.insert(row);
        if let Some(of_port) = self.ports.get_mut(&owner.port) {
            of_port.retain(|one| *one != row);
            if of_port.is_empty() {
                self.ports.remove(&owner.port);
            }
        }
    }

    /// The ports of which somebody is remembered.
    pub(super) fn ports(&self) -> impl Iterator<Item = u16> + '_ {
        self.ports.keys().copied()
    }

    /// Who left the port last.
    pub(super) fn last(&self, port: u16) -> Option<&PastOwner> {
        let rows = self.ports.get(&port)?.iter();
        let left = rows.filter_map(|row| self.rows.get(row));
        left.filter(|owner| owner.until.is_some())
            .max_by_key(|owner| owner.until)
    }

    /// How often the like of who left the port last has fallen and come back, of late.
    pub(super) fn restarts(&self, port: u16, now: u64) -> u32 {
        let Some(last) = self.last(port) else {
            return 0;
        };
        let rows = self.ports.get(&port).into_iter().flatten();
        let fell = rows
            .filter_map(|row| self.rows.get(row))
            .filter(|one| one.name == last.name && one.project == last.project)
            .filter(|one| {
                let late = |until| now.saturating_sub(until) <= WATCHED_MS;
                one.until.is_some_and(late) && has_fallen(one)
            });
        // The last one has not come back.
        let fell = u32::try_from(fell.count()).unwrap_or(u32::MAX);
        match has_fallen(last) {
            true => fell.saturating_sub(1),
            false => 0,
        }
    }

    pub(super) fn history(&self, port: Option<u16>) -> Vec<PastOwner> {
        let mut owners: Vec<PastOwner> = match port {
            Some(port) => {
                let rows = self.ports.get(&port).into_iter().flatten();
                rows.filter_map(|row| self.rows.get(row)).cloned().collect()
            }
            None => self.rows.values().cloned().collect(),
        };
        // Who is there comes first, then who left last.
        owners
            .sort_by_key(|owner| std::cmp::Reverse((owner.until.unwrap_or(u64::MAX), owner.from)));
        owners
    }

    pub(super) fn unsaved(&mut self) -> Vec<(u64, Option<PastOwner>)> {
        let rows = std::mem::take(&mut self.unsaved).into_iter();
        rows.map(|row| (row, self.rows.get(&row).cloned()))
            .collect()
    }
}

/// Whether an owner ended in a way that nobody wants, as opposed to being told to end:
/// a watcher tells its server to whenever a file is saved.
fn has_fallen(owner: &PastOwner) -> bool {
    let Some(until) = owner.until.filter(|_| !owner.missed) else {
        return false;
    };
    match owner.ended.seen() {
        // SIGHUP, SIGINT, SIGUSR1, SIGUSR2, SIGTERM; a shell adds 128.
        Some(Ended::Exited(status)) => !matches!(status, 0 | 129 | 130 | 138 | 140 | 143),
        Some(Ended::Killed(signal)) => !matches!(signal, 1 | 2 | 10 | 12 | 15),
        Some(Ended::OutOfMemory) => true,
        Some(Ended::ClosedThePort) => false,
        Some(Ended::Gone) | None => until.saturating_sub(owner.from) <= SHORT_MS,
    }
}
