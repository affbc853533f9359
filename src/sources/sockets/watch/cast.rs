//! The processes behind the listeners: looked at once, and once more when they have
//! settled.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::facts::{ProcId, ProcState, Process};

/// After this a process that was new is looked at again: by now it has the title it
/// gives itself, and is the program that its starter becomes.
const SETTLED: Duration = Duration::from_secs(2);

/// The owners and their ancestors, as they were when they were looked at.
#[derive(Debug, Default)]
pub(super) struct Cast {
    members: HashMap<ProcId, Member>,
    /// Owners that are to be looked at once more, and when.
    young: Vec<(Duration, ProcId)>,
}

#[derive(Debug)]
struct Member {
    /// None for one that had gone when it was looked at.
    process: Option<Process>,
    /// Whether it was looked at as an owner, and not only as somebody's ancestor.
    owner: bool,
}

impl Cast {
    /// Forgets this process.
    pub fn forget(&mut self, id: ProcId) {
        self.members.remove(&id);
    }

    /// Forgets all of them.
    pub fn forget_all(&mut self) {
        self.members.clear();
        self.young.clear();
    }

    /// Whether somebody is to be looked at once more.
    pub fn is_due(&self, now: Duration) -> bool {
        self.young.iter().any(|&(due, _)| due <= now)
    }

    /// These owners and their ancestors, in the order of [`crate::sources::processes::look`].
    pub fn of(
        &mut self,
        owners: &[ProcId],
        now: Duration,
        look: impl FnOnce(&[ProcId]) -> Vec<Process>,
    ) -> Vec<Process> {
        let members = &self.members;
        let is_known = |id: &ProcId| members.get(id).is_some_and(|member| member.owner);
        let mut wanted: Vec<ProcId> = owners.iter().copied().filter(|id| !is_known(id)).collect();
        let new = wanted.len();
        let mut settled = Vec::new();
        self.young.retain(|&(due, id)| {
            if due <= now {
                settled.push(id);
            }
            due > now
        });
        wanted.extend(settled.into_iter().filter(|id| owners.contains(id)));
        wanted.dedup();
        if !wanted.is_empty() {
            self.take(&wanted, look(&wanted));
        }
        let new = wanted.iter().take(new);
        self.young.extend(new.map(|&id| (now + SETTLED, id)));
        self.list(owners)
    }

    fn take(&mut self, asked: &[ProcId], looked: Vec<Process>) {
        let asked: HashSet<ProcId> = asked.iter().copied().collect();
        for &id in &asked {
            let gone = Member {
                process: None,
                owner: true,
            };
            self.members.insert(id, gone);
        }
        for process in looked {
            let id = process.id;
            let owner = asked.contains(&id);
            // Of an ancestor less is looked at: it must not cover what is known already.
            if owner || !self.members.get(&id).is_some_and(|member| member.owner) {
                let process = Some(process);
                self.members.insert(id, Member { process, owner });
            }
        }
    }

    /// The owners and then their ancestors, each once. Whoever is neither is forgotten.
    fn list(&mut self, owners: &[ProcId]) -> Vec<Process> {
        let mut by_pid: HashMap<u32, ProcId> = HashMap::new();
        for (&id, member) in &self.members {
            let latest = by_pid.entry(id.pid).or_insert(id);
            if member.process.is_some() && latest.started < id.started {
                *latest = id;
            }
        }
        let mut list: Vec<Process> = Vec::with_capacity(self.members.len());
        let mut listed: HashSet<u32> = HashSet::new();
        let process = |id: &ProcId| self.members.get(id)?.process.as_ref();
        for owner in owners.iter().filter_map(process) {
            if listed.insert(owner.id.pid) {
                list.push(owner.clone());
            }
        }
        for at in 0..list.len() {
            let mut parent = list.get(at).map_or(0, |process| process.parent);
            while parent != 0
                && listed.insert(parent)
                && let Some(above) = by_pid.get(&parent).and_then(process)
            {
                parent = above.parent;
                list.push(above.clone());
            }
        }
        let kept: HashSet<ProcId> = list.iter().map(|process| process.id).collect();
        self.members
            .retain(|id, _| kept.contains(id) || owners.contains(id));
        list
    }
}

/// Whether a look would say the same of both, but for what changes all the time.
pub(super) fn alike(one: &[Process], other: &[Process]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(one, other)| still(one, other) == *other)
}

/// The first, with what changes all the time as it is in the second.
fn still(one: &Process, other: &Process) -> Process {
    let active = |state| {
        matches!(
            state,
            ProcState::Running | ProcState::Sleeping | ProcState::Blocked
        )
    };
    let state = if active(one.state) && active(other.state) {
        other.state
    } else {
        one.state
    };
    Process {
        age_s: other.age_s,
        fds: other.fds.clone(),
        cpu: other.cpu.clone(),
        oldest_child_s: other.oldest_child_s,
        state,
        ..one.clone()
    }
}
