//! The table of listeners, and what each look changes in it. Pure but for its [`World`].

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::super::Row;
use super::Refreshed;
use super::cast::{Cast, alike};
use crate::facts::{Gap, Known, Listener, ProcId, Process};

/// After how long an owner that was not found is searched again: the first, second and
/// third time. After that only a full refresh does.
const BACK_OFF: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
];
/// How many owners are asked at one look whether they still live, and how long after that
/// the next are: in this every one costs as much as ten sockets do.
const ROLL_CALL: usize = 4;
const ROLL_PAUSE: Duration = Duration::from_secs(1);

/// What a look at the sockets gave.
#[derive(Debug)]
pub(super) enum Seen {
    /// Nothing but what the last one did, or it is too soon for another.
    AsBefore,
    /// Every socket, as rows.
    Rows { by: String },
    /// Nothing can be seen.
    Nothing { gap: Gap, by: String },
}

/// What a table has to be told.
pub(super) trait World {
    /// Adds every row, unless all are as before and they need not be told `anew`.
    fn rows(&mut self, rows: &mut Vec<Row>, anew: bool) -> Seen;
    /// Fills in the owners of these, whose cgroups have these numbers by inode.
    fn find_owners(&mut self, listeners: &mut [Listener], cgroups: &HashMap<u64, u64>);
    /// These processes and their ancestors.
    fn look(&mut self, ids: &[ProcId]) -> Vec<Process>;
    /// Whether this process can still hold a socket. Asked often: it must not cost much,
    /// and may err to the side of life.
    fn lives(&mut self, id: ProcId) -> bool;
    /// The time, from any moment on.
    fn now(&mut self) -> Duration;
}

/// A socket that is there.
#[derive(Debug)]
struct Entry {
    listener: Listener,
    cgroup: u64,
    /// The owners that its row told.
    told: Known<Vec<ProcId>>,
    /// Where it stands in the list.
    place: usize,
    /// The look at which it was seen last.
    seen: u64,
    /// When its owners are to be searched.
    search: Option<Duration>,
    /// How often they were searched in vain.
    failures: usize,
}

#[derive(Debug)]
pub(super) struct Table<W> {
    pub world: W,
    entries: HashMap<u64, Entry>,
    look: u64,
    /// When the next search is due.
    due: Option<Duration>,
    cast: Cast,
    /// Every owner, and whose turn it is to be asked whether it lives.
    owners: Vec<ProcId>,
    turn: usize,
    next_roll: Duration,
    /// Kept for their room.
    rows: Vec<Row>,
    requeued: Vec<u64>,
    listeners: Known<Arc<[Listener]>>,
    processes: Known<Arc<[Process]>>,
    by: String,
}

impl<W: World> Table<W> {
    pub fn new(world: W) -> Self {
        Table {
            world,
            entries: HashMap::new(),
            look: 0,
            due: None,
            cast: Cast::default(),
            owners: Vec::new(),
            turn: 0,
            next_roll: Duration::ZERO,
            rows: Vec::new(),
            requeued: Vec::new(),
            listeners: Known::default(),
            processes: Known::default(),
            by: String::new(),
        }
    }

    /// One look; `anew` forgets what is known.
    pub fn refresh(&mut self, anew: bool) -> Refreshed {
        let now = self.world.now();
        let mut rows = std::mem::take(&mut self.rows);
        self.requeued.clear();
        let changed = match self.world.rows(&mut rows, anew) {
            Seen::AsBefore if self.listeners.is_seen() => self.take(false, anew, now),
            Seen::AsBefore => false,
            Seen::Rows { by } => {
                self.by = by;
                let stirred = self.compare(&mut rows, now);
                self.take(stirred, anew, now)
            }
            Seen::Nothing { gap, by } => {
                self.by = by;
                self.blind(gap)
            }
        };
        rows.clear();
        self.rows = rows;
        Refreshed {
            listeners: self.listeners.clone(),
            processes: self.processes.clone(),
            by: self.by.clone(),
            changed,
        }
    }

    /// See [`super::Watch::ended`].
    pub fn ended(&mut self, id: ProcId) {
        self.cast.forget(id);
        let holds = |owners: &Vec<ProcId>| owners.contains(&id);
        for entry in self.entries.values_mut() {
            if entry.listener.owners.seen().is_some_and(holds) {
                entry.search = Some(Duration::ZERO);
                entry.failures = 0;
                self.due = Some(Duration::ZERO);
            }
        }
    }

    /// What is known of the sockets stays for when they can be seen again.
    fn blind(&mut self, gap: Gap) -> bool {
        let changed = self.listeners.gap() != Some(&gap);
        self.listeners = Known::Unseen(gap.clone());
        self.processes = Known::Unseen(gap);
        changed
    }

    /// Does what its time has come for, after a look that has `stirred` something or not.
    fn take(&mut self, stirred: bool, anew: bool, now: Duration) -> bool {
        let mut stirred = stirred | anew | !self.listeners.is_seen();
        if anew {
            self.cast.forget_all();
            for entry in self.entries.values_mut() {
                entry.search = Some(now);
            }
            self.due = Some(now);
        } else if self.next_roll <= now {
            self.next_roll = now + ROLL_PAUSE;
            self.call_the_roll();
        }
        if self.due.is_some_and(|due| due <= now) {
            self.search(now);
            stirred = true;
        }
        if stirred || self.cast.is_due(now) {
            self.tell(now)
        } else {
            self.tell_queues();
            false
        }
    }

    /// Takes over what the rows say; true if anything but a queue is another.
    fn compare(&mut self, rows: &mut Vec<Row>, now: Duration) -> bool {
        self.look += 1;
        let mut stirred = false;
        let mut seen = 0;
        for row in rows.drain(..) {
            let Some(entry) = self.entries.get_mut(&row.cookie) else {
                self.entries
                    .insert(row.cookie, Entry::new(&row, self.look, now));
                self.due = Some(now);
                (seen, stirred) = (seen + 1, true);
                continue;
            };
            if entry.seen != self.look {
                entry.seen = self.look;
                seen += 1;
            }
            if entry.listener.queue != row.listener.queue {
                entry.listener.queue = row.listener.queue.clone();
                self.requeued.push(row.cookie);
            }
            if !entry.is(&row) {
                *entry = Entry::new(&row, self.look, now);
                self.due = Some(now);
                stirred = true;
            }
        }
        if seen < self.entries.len() {
            let look = self.look;
            self.entries.retain(|_, entry| entry.seen == look);
            stirred = true;
        }
        stirred
    }

    /// Asks some of the owners whether they live. A socket may outlive its owner.
    fn call_the_roll(&mut self) {
        for _ in 0..ROLL_CALL.min(self.owners.len()) {
            self.turn = (self.turn + 1) % self.owners.len();
            if let Some(&id) = self.owners.get(self.turn)
                && !self.world.lives(id)
            {
                self.ended(id);
            }
        }
    }

    /// Searches the owners of every socket whose search is due, in one pass.
    fn search(&mut self, now: Duration) {
        let mut found: Vec<(u64, Listener)> = Vec::new();
        let mut cgroups = HashMap::new();
        for (&cookie, entry) in &self.entries {
            if entry.search.is_some_and(|due| due <= now) {
                cgroups.insert(entry.listener.inode, entry.cgroup);
                let bare = Listener {
                    owners: entry.told.clone(),
                    cgroup: None,
                    ..entry.listener.clone()
                };
                found.push((cookie, bare));
            }
        }
        // The order in which sockets are searched must not decide what is found.
        found.sort_unstable_by_key(|&(cookie, _)| cookie);
        let (cookies, mut listeners): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        if !listeners.is_empty() {
            self.world.find_owners(&mut listeners, &cgroups);
        }
        for (cookie, listener) in cookies.into_iter().zip(listeners) {
            if let Some(entry) = self.entries.get_mut(&cookie) {
                entry.found(listener, now);
            }
        }
        self.due = self.entries.values().filter_map(|entry| entry.search).min();
    }

    /// Lists everything; true if anything but a queue or an age is another.
    fn tell(&mut self, now: Duration) -> bool {
        let mut entries: Vec<(&u64, &mut Entry)> = self.entries.iter_mut().collect();
        entries.sort_unstable_by_key(|(cookie, entry)| {
            let listener = &entry.listener;
            (listener.at.port(), listener.at, listener.inode, **cookie)
        });
        let mut listeners = Vec::with_capacity(entries.len());
        for (place, (_, entry)) in entries.into_iter().enumerate() {
            entry.place = place;
            listeners.push(entry.listener.clone());
        }
        let mut listed = HashSet::new();
        let owners = listeners.iter().filter_map(|one| one.owners.seen());
        self.owners = owners.flatten().copied().collect();
        self.owners.retain(|&id| listed.insert(id));
        let world = &mut self.world;
        let processes = self.cast.of(&self.owners, now, |ids| world.look(ids));

        let same = self.listeners.seen().is_some_and(|before| {
            before.len() == listeners.len()
                && before.iter().zip(&listeners).all(|(a, b)| is_same(a, b))
        });
        let played = self.processes.seen();
        let same = same && played.is_some_and(|before| alike(before, &processes));
        replace(&mut self.listeners, listeners);
        replace(&mut self.processes, processes);
        !same
    }

    /// Sets the queues that are others now in the list as it stands.
    fn tell_queues(&mut self) {
        let Known::Seen(listeners) = &mut self.listeners else {
            return;
        };
        if self.requeued.is_empty() {
            return;
        }
        let listeners = Arc::make_mut(listeners);
        for cookie in self.requeued.drain(..) {
            if let Some(entry) = self.entries.get(&cookie)
                && let Some(listener) = listeners.get_mut(entry.place)
            {
                listener.queue = entry.listener.queue.clone();
            }
        }
    }
}

impl Entry {
    fn new(row: &Row, look: u64, now: Duration) -> Self {
        Entry {
            listener: row.listener.clone(),
            cgroup: row.cgroup,
            told: row.listener.owners.clone(),
            place: 0,
            seen: look,
            search: Some(now),
            failures: 0,
        }
    }

    /// Whether the row says of the socket what is known of it. An address stays with its
    /// socket; the user and the interface do not have to.
    fn is(&self, row: &Row) -> bool {
        let (ours, theirs) = (&self.listener, &row.listener);
        ours.at == theirs.at
            && ours.inode == theirs.inode
            && ours.uid == theirs.uid
            && ours.v6only == theirs.v6only
            && ours.interface == theirs.interface
    }

    fn found(&mut self, listener: Listener, now: Duration) {
        self.listener = listener;
        if self.listener.owners.is_seen() {
            (self.search, self.failures) = (None, 0);
        } else {
            self.search = BACK_OFF.get(self.failures).map(|wait| now + *wait);
            self.failures += 1;
        }
    }
}

/// Whether two are the same but for their queues.
fn is_same(one: &Listener, other: &Listener) -> bool {
    let Listener {
        at,
        proto,
        owners,
        uid,
        v6only,
        queue: _,
        cgroup,
        interface,
        inode,
        netns,
    } = one;
    (at, proto, owners, uid, v6only)
        == (
            &other.at,
            &other.proto,
            &other.owners,
            &other.uid,
            &other.v6only,
        )
        && (cgroup, interface, inode, netns)
            == (&other.cgroup, &other.interface, &other.inode, &other.netns)
}

/// Puts the list in the place of what was there, unless it is the same.
fn replace<T: PartialEq>(place: &mut Known<Arc<[T]>>, list: Vec<T>) {
    if place.seen().is_none_or(|before| **before != *list) {
        *place = Known::Seen(list.into());
    }
}
