//! The latest slices of the world, and who had each port before. Pure: it is handed what
//! was seen, and when.
//!
//! A slice that could not be looked at changes nothing but itself: nobody is taken to
//! have gone because a look failed.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod changes;
mod compare;
mod holders;
mod leaving;
mod past;

#[cfg(test)]
mod histories;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub use changes::Changes;
pub use past::{MOST_OWNERS, MOST_PER_PORT, MOST_PORTS};

use super::event::Moment;
use crate::facts::{
    Container, Departed, Ended, Engine, Host, Known, Listener, PastOwner, ProcId, Process, Project,
    Snapshot,
};
use holders::Holding;
use leaving::Leaving;
use past::Past;

/// For so long a former owner of a port is worth a word.
const REMEMBERED_MS: u64 = 24 * 60 * 60 * 1000;

/// What the daemon knows.
#[derive(Debug, Default)]
pub struct State {
    listeners: Known<Arc<[Listener]>>,
    processes: Known<Arc<[Process]>>,
    engines: Arc<[Engine]>,
    containers: Known<Arc<[Container]>>,
    projects: BTreeMap<String, Project>,
    /// The same, as facts are handed out.
    project_list: Known<Arc<[Project]>>,
    host: Host,
    /// Who has each port, at the last look that succeeded.
    holders: BTreeMap<u16, Vec<Holding>>,
    leaving: Leaving,
    past: Past,
    /// Owners of an earlier run of the daemon that had not left when it ended.
    left_over: Vec<u64>,
    /// Whether other processes may matter than when that was asked last.
    stirred: bool,
}

impl State {
    /// A state that knows nothing, and remembers what an earlier one has kept.
    #[must_use]
    pub fn new(kept: Vec<(u64, PastOwner)>) -> Self {
        let past = Past::restore(kept);
        State {
            left_over: past.open(),
            past,
            ..State::default()
        }
    }

    /// Takes the sockets that listen and who owns them.
    pub fn sockets(
        &mut self,
        listeners: Known<Arc<[Listener]>>,
        processes: Known<Arc<[Process]>>,
        now: Moment,
    ) -> Changes {
        let same = same(&self.listeners, &listeners) && same(&self.processes, &processes);
        self.listeners = listeners;
        self.processes = processes;
        if same {
            return Changes::default();
        }
        self.compare(now)
    }

    /// Takes the containers.
    pub fn containers(
        &mut self,
        engines: Arc<[Engine]>,
        containers: Known<Arc<[Container]>>,
        now: Moment,
    ) -> Changes {
        let mut changes = Changes::default();
        changes.containers(&self.containers, &containers);
        changes.engines = self.engines != engines;
        self.engines = engines;
        self.containers = containers;
        if let Known::Seen(list) = &self.containers {
            let ended = self.leaving.containers(list, now.up, &mut self.past);
            changes.ended.extend(ended);
        }
        changes.merge(self.compare(now));
        changes
    }

    /// Takes what the files of a project say.
    pub fn project(&mut self, project: Project) -> Changes {
        let mut changes = Changes::default();
        let old = self.projects.get(&project.root);
        if old.is_none_or(|old| changes::says_another_thing(old, &project)) {
            changes.projects.insert(project.root.clone());
        }
        self.projects.insert(project.root.clone(), project);
        self.list_projects();
        changes
    }

    /// Forgets a project.
    pub fn forget(&mut self, root: &str) -> Changes {
        let mut changes = Changes::default();
        if self.projects.remove(root).is_some() {
            changes.projects.insert(root.to_owned());
            self.list_projects();
        }
        changes
    }

    fn list_projects(&mut self) {
        self.project_list = match self.projects.is_empty() {
            true => Known::default(),
            false => Known::Seen(self.projects.values().cloned().collect()),
        };
    }

    /// Takes the machine.
    pub fn host(&mut self, host: Host) -> Changes {
        let changes = Changes {
            host: self.host != host,
            ..Changes::default()
        };
        self.host = host;
        changes
    }

    /// Takes the end of a process; its sockets may be seen to go before or after it.
    pub fn exited(&mut self, id: ProcId, ended: Known<Ended>, now: Moment) -> Changes {
        self.leaving_changes();
        Changes {
            ended: self.leaving.exited(id, ended, now.up, &mut self.past),
            ..Changes::default()
        }
    }

    /// Takes a look at the processes of [`State::unsure`]: `seen` are those of `asked` that
    /// are there.
    pub fn looked(&mut self, asked: &[ProcId], seen: &[Process]) -> Changes {
        self.leaving_changes();
        Changes {
            ended: self.leaving.looked(asked, seen, &mut self.past),
            ..Changes::default()
        }
    }

    /// Takes note that more may be known in a moment of those who have left a port.
    fn leaving_changes(&mut self) {
        self.stirred |= !self.leaving.is_empty();
    }

    /// What only the time changes.
    pub fn tick(&mut self, now: Moment) -> Changes {
        self.leaving_changes();
        Changes {
            ended: self.leaving.tick(now.up, &mut self.past),
            ..Changes::default()
        }
    }

    /// Processes that have left a port, of which nobody has told whether they ended: look
    /// at them, and hand over what is there.
    /// Each is named again only after a while, so that the answer may take its time.
    #[must_use]
    pub fn unsure(&mut self, now: Moment) -> Vec<ProcId> {
        self.leaving.unsure(now.up)
    }

    /// When, by [`Moment::up`], there is something to do for [`State::tick`] or
    /// [`State::unsure`].
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.leaving.next_deadline()
    }

    /// The same as [`State::watched`], if it may be otherwise than when this was asked last.
    pub fn watched_anew(&mut self) -> Option<Vec<ProcId>> {
        std::mem::take(&mut self.stirred).then(|| self.watched())
    }

    /// The processes whose end matters: the owners of ports, and those that have just left
    /// one and may still be there.
    #[must_use]
    pub fn watched(&self) -> Vec<ProcId> {
        let owners = self.holders.values().flatten();
        let owners = owners.filter_map(|holding| holding.who.id());
        let all: BTreeSet<ProcId> = owners.chain(self.leaving.ids()).collect();
        all.into_iter().collect()
    }

    /// Everything that is known, as facts of a diagnosis. A few pointers are copied.
    #[must_use]
    pub fn snapshot(&self, now: Moment) -> Snapshot {
        let departed = match self.listeners.is_seen() {
            true => Known::Seen(self.all_departed(now).into()),
            false => Known::default(),
        };
        Snapshot {
            taken: now.wall,
            listeners: self.listeners.clone(),
            processes: self.processes.clone(),
            engines: Arc::clone(&self.engines),
            containers: self.containers.clone(),
            projects: self.project_list.clone(),
            host: self.host.clone(),
            departed,
            ..Snapshot::default()
        }
    }

    /// The last owner of a port that nobody has now, if it left within a day and it is
    /// known whether it ended.
    #[must_use]
    pub fn departed(&self, port: u16, now: Moment) -> Option<Departed> {
        if self.holders.contains_key(&port) {
            return None;
        }
        let last = self.past.last(port)?;
        let ago = now.wall.saturating_sub(last.until?);
        if ago > REMEMBERED_MS {
            return None;
        }
        last.departed(now.wall, self.past.restarts(port, now.wall))
    }

    fn all_departed(&self, now: Moment) -> Vec<Departed> {
        let ports = self.past.ports();
        ports.filter_map(|port| self.departed(port, now)).collect()
    }

    /// Who had the port before and who has it now, the last one first; of all ports if
    /// none is named.
    #[must_use]
    pub fn history(&self, port: Option<u16>) -> Vec<PastOwner> {
        self.past.history(port)
    }

    /// What of the past has changed since this was asked last, by its number: to be kept,
    /// or, where nothing is left of it, to be forgotten.
    pub fn unsaved(&mut self) -> Vec<(u64, Option<PastOwner>)> {
        self.past.unsaved()
    }

    /// The projects, by root.
    #[must_use]
    pub fn projects(&self) -> &BTreeMap<String, Project> {
        &self.projects
    }

    /// Whether anybody listens on the port, as far as it was seen.
    #[must_use]
    pub fn is_open(&self, port: u16) -> bool {
        self.holders.contains_key(&port)
    }
}

/// Whether two looks gave the very same slice.
fn same<T>(old: &Known<Arc<[T]>>, new: &Known<Arc<[T]>>) -> bool {
    match (old, new) {
        (Known::Seen(old), Known::Seen(new)) => Arc::ptr_eq(old, new),
        (Known::Unseen(old), Known::Unseen(new)) => old == new,
        _ => false,
    }
}
