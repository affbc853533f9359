//! The listeners with their owners, kept fresh.
//!
//! What a look costs hangs on what has changed and not on what there is: sockets are
//! told apart by the kernel's own numbers (cookies), owners are searched for new
//! sockets only, and processes are looked at once. A full refresh forgets all that, and
//! so heals whatever was missed.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Backend, Row, by_the_first, os};
use crate::facts::{Known, Listener, ProcId, Process};
use crate::sources::processes;
use table::{Seen, Table, World};

mod cast;
mod table;
#[cfg(test)]
mod tests;

/// For a search for owners. An ordinary machine needs a thousandth of it.
const BUDGET: Duration = Duration::from_millis(500);
/// A way that walks all connections may take one part in so many of a core, however
/// often it is asked for.
const SHARE: u32 = 20;

/// How the listeners and their owners stand.
#[derive(Debug, Clone)]
pub struct Refreshed {
    /// Every TCP listener of our own network namespace, with its owners.
    pub listeners: Known<Arc<[Listener]>>,
    /// The owners and their ancestors. [`Process::age_s`] and [`Process::fds`] are those
    /// of the moment at which the process was looked at.
    pub processes: Known<Arc<[Process]>>,
    /// How the sockets were read: `sock_diag`, `/proc/net` or `netstat2`, and why not the
    /// first.
    pub by: String,
    /// Whether there are other sockets, other owners or other facts of them than at the
    /// last refresh. Queues, ages and the number of open files do not count.
    pub changed: bool,
}

/// The listeners with their owners, kept fresh.
#[derive(Debug)]
pub struct Watch {
    table: Table<Machine>,
    /// Whether the next refresh is to trust nothing that is known.
    anew: bool,
}

impl Watch {
    /// A watch that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Watch {
            table: Table::new(Machine::new()),
            anew: false,
        }
    }

    /// Looks at the sockets, and at what is new among them.
    ///
    /// Where nothing has changed the slices are the same ones as before. This does not
    /// block for longer than the kernel needs, unless owners have to be searched among
    /// thousands of processes.
    pub fn refresh(&mut self) -> Refreshed {
        self.table.refresh(std::mem::take(&mut self.anew))
    }

    /// Forgets everything: the next refresh looks at everything anew, and so heals what
    /// was missed. With thousands of processes that takes tens of milliseconds.
    pub fn full_refresh(&mut self) {
        self.anew = true;
    }

    /// Takes note that a process has ended: if a socket of its is still there, the next
    /// refresh searches for who has inherited it.
    pub fn ended(&mut self, id: ProcId) {
        self.table.ended(id);
    }
}

impl Default for Watch {
    fn default() -> Self {
        Watch::new()
    }
}

/// This machine.
#[derive(Debug)]
struct Machine {
    began: Instant,
    kept: os::Kept,
    /// Before this a way that costs much is not taken again.
    rest: Instant,
}

impl Machine {
    fn new() -> Self {
        let now = Instant::now();
        Machine {
            began: now,
            kept: os::Kept::default(),
            rest: now,
        }
    }
}

impl World for Machine {
    fn rows(&mut self, rows: &mut Vec<Row>, anew: bool) -> Seen {
        let began = Instant::now();
        if began < self.rest && !anew {
            return Seen::AsBefore;
        }
        let mut dear = false;
        let (told, by) = by_the_first(Backend::all(), |backend| {
            rows.clear();
            if let Some(told) = self.kept.rows(backend, rows, anew) {
                return told;
            }
            dear = true;
            number(os::read(backend, None)?, rows);
            Ok(true)
        });
        if dear {
            self.rest = began + began.elapsed() * SHARE;
        }
        match told {
            Known::Seen(true) => Seen::Rows { by },
            Known::Seen(false) => Seen::AsBefore,
            Known::Unseen(gap) => Seen::Nothing { gap, by },
        }
    }

    fn find_owners(&mut self, listeners: &mut [Listener], cgroups: &HashMap<u64, u64>) {
        os::find_owners(listeners, cgroups, BUDGET);
    }

    fn look(&mut self, ids: &[ProcId]) -> Vec<Process> {
        processes::look(ids)
    }

    fn lives(&mut self, id: ProcId) -> bool {
        os::lives(id)
    }

    fn now(&mut self) -> Duration {
        self.began.elapsed()
    }
}

/// Numbers sockets to which the kernel gave none, by everything that sets them apart.
fn number(listeners: Vec<Listener>, rows: &mut Vec<Row>) {
    let mut alike: HashMap<u64, u64> = HashMap::new();
    for listener in listeners {
        let mut hasher = DefaultHasher::new();
        (listener.at, listener.inode, listener.owners.seen()).hash(&mut hasher);
        let count = alike.entry(hasher.finish()).or_default();
        *count += 1;
        count.hash(&mut hasher);
        rows.push(Row {
            cookie: hasher.finish(),
            cgroup: 0,
            listener,
        });
    }
}
