//! Who owns the asked port, at the first look and again after a silence.

use std::time::Instant;

use super::flaps::{self, Flap};
use super::parts::{find_owners, look_at_processes};
use super::why::Doctor;
use crate::facts::{Known, ProcId, ProcState, Process, Protocol};
use crate::rules::Case;
use crate::sources::{processes, sockets};

impl Doctor<'_> {
    pub(super) fn ids_of_port(&self) -> Vec<ProcId> {
        let case = Case::new(self.target, &self.facts);
        case.listeners()
            .filter_map(|listener| listener.owners.seen())
            .flatten()
            .copied()
            .collect()
    }

    pub(super) fn look_at_owners(&mut self) {
        let Known::Seen(list) = &self.facts.listeners else {
            return;
        };
        let mut list = list.to_vec();
        let port = self.target.port;
        list.sort_by_key(|listener| listener.at.port() != port);
        let asked = list.partition_point(|listener| listener.at.port() == port);
        find_owners(&mut self.looks, &mut list[..asked]);
        self.facts.listeners = Known::Seen(list.into());
        let ids = self.ids_of_port();
        let cwd = self.facts.host.cwd.clone();
        self.facts.processes = look_at_processes(
            &mut self.looks,
            &ids,
            processes::look,
            &mut self.facts.projects,
            cwd,
        );
    }

    /// Looks once more at what changes while a server is silent: the accept queue, and
    /// what its processes did meanwhile.
    pub(super) fn look_again(&mut self, sample: &processes::CpuSample) {
        let port = self.target.port;
        let began = Instant::now();
        let fresh = sockets::listeners(Some(port)).listeners;
        if let (Known::Seen(old), Known::Seen(fresh)) = (self.facts.listeners.clone(), fresh) {
            let old = &old[..];
            if flaps::changed(port, old, &fresh) {
                let processes = self.facts.processes.items();
                self.flap = Flap::of(port, old, processes).or(self.flap.take());
                self.changed = true;
                let others = old.iter().filter(|l| l.at.port() != port).cloned();
                let list: Vec<_> = fresh.into_iter().chain(others).collect();
                self.facts.listeners = Known::Seen(list.into());
                self.look_at_owners();
                return;
            }
            let mut list = old.to_vec();
            for listener in list.iter_mut().filter(|l| l.at.port() == port) {
                if let Some(now) = fresh
                    .iter()
                    .find(|now| now.inode == listener.inode && now.at == listener.at)
                {
                    listener.queue = now.queue.clone();
                }
            }
            self.facts.listeners = Known::Seen(list.into());
        }
        if let Known::Seen(known) = &self.facts.processes {
            let ids: Vec<_> = known.iter().map(|process| process.id).collect();
            let mut fresh = processes::look(&ids);
            for process in &mut fresh {
                let before = known.iter().find(|old| old.id == process.id);
                process.project = before.and_then(|old| old.project.clone());
            }
            processes::cpu_since(sample, &mut fresh);
            self.facts.processes = Known::Seen(fresh.into());
        }
        self.looks.note("owners, again", String::new(), began);
    }

    pub(super) fn holders(&self) -> Vec<&Process> {
        let ids = self.ids_of_port();
        self.facts
            .processes
            .items()
            .iter()
            .filter(|process| ids.contains(&process.id))
            .collect()
    }

    pub(super) fn owners_are_stopped(&self) -> bool {
        let holders = self.holders();
        !holders.is_empty()
            && holders
                .iter()
                .all(|p| matches!(p.state, ProcState::Stopped | ProcState::Traced))
    }

    /// Whether the owners took the connection and are busy with it: a page that is
    /// compiled on demand takes long, and is no fault.
    pub(super) fn owners_are_working(&self) -> bool {
        let case = Case::new(self.target, &self.facts);
        let accepted = case
            .listeners()
            .all(|l| l.queue.seen().is_none_or(|queue| queue.waiting == 0));
        accepted
            && self
                .holders()
                .iter()
                .any(|p| p.cpu.seen().is_some_and(|cpu| cpu.percent() >= 20))
    }

    pub(super) fn protocol_of_owner(&self) -> Option<Protocol> {
        let case = Case::new(self.target, &self.facts);
        if case.on_another_machine() {
            return None;
        }
        let holders = self.holders();
        holders
            .iter()
            .find_map(|process| case.framework(process)?.speaks())
    }
}
