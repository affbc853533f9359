//! What a case asks of sockets and processes.

use std::net::IpAddr;

use super::Case;
use crate::facts::{Framework, Listener, Outcome, Probe, ProcId, Process, Proto};

impl<'a> Case<'a> {
    /// The TCP listeners on the asked port in our own network namespace.
    pub fn listeners(&self) -> impl Iterator<Item = &'a Listener> + use<'a> {
        let port = self.target.port;
        self.facts
            .listeners
            .items()
            .iter()
            .filter(move |listener| listener.at.port() == port && listener.proto == Proto::Tcp)
    }

    /// The listener that a connection to this address reaches, the most specific first.
    #[must_use]
    pub fn listener_for(&self, ip: IpAddr) -> Option<&'a Listener> {
        // A socket on every address has every address of this machine, and no other.
        let ours = self.is_local(ip) == Some(true);
        self.listeners()
            .filter(|listener| ours || !listener.at.ip().is_unspecified())
            .filter(|listener| listener.covers(ip) == Some(true))
            .min_by_key(|listener| listener.at.ip().is_unspecified())
    }

    /// The first probe with one of these outcomes that reached a listener of this
    /// machine, with that listener; nothing where two sockets share its address,
    /// for then it is not known which one took the connection.
    #[must_use]
    pub fn accepted(&self, outcomes: &[Outcome]) -> Option<(&'a Probe, &'a Listener)> {
        let (probe, listener) = self
            .probes()
            .filter(|probe| outcomes.contains(&probe.outcome))
            .find_map(|probe| Some((probe, self.listener_for(probe.to.ip())?)))?;
        let sharing = self.listeners().filter(|other| other.at == listener.at);
        (sharing.count() == 1).then_some((probe, listener))
    }

    /// Whether some listener may cover the address, for all that could be seen.
    #[must_use]
    pub fn may_be_covered(&self, ip: IpAddr) -> bool {
        !self.is_far(ip)
            && self
                .listeners()
                .any(|listener| listener.covers(ip) != Some(false))
    }

    /// Whether the socket table was read and holds nobody on the asked port.
    #[must_use]
    pub fn nobody_listens(&self) -> bool {
        self.facts.listeners.is_seen() && self.listeners().next().is_none()
    }

    /// Every process that was looked at, once.
    pub fn every_process(&self) -> impl Iterator<Item = &'a Process> + use<'a> {
        let owners = self.facts.processes.items();
        let own = self.facts.project_processes.items().iter();
        let more = own.filter(move |own| owners.iter().all(|owner| owner.id != own.id));
        owners.iter().chain(more)
    }

    /// The process with this identity.
    #[must_use]
    pub fn process(&self, id: ProcId) -> Option<&'a Process> {
        self.every_process().find(|process| process.id == id)
    }

    /// The process with this pid.
    #[must_use]
    pub fn process_by_pid(&self, pid: u32) -> Option<&'a Process> {
        self.every_process().find(|process| process.id.pid == pid)
    }

    /// The process a person would name as the owner of this listener.
    #[must_use]
    pub fn owner(&self, listener: &Listener) -> Option<&'a Process> {
        self.process(listener.owner()?)
    }

    /// Every process that holds this listener, as far as they could be seen.
    pub fn holders(&self, listener: &Listener) -> Vec<&'a Process> {
        let ids = listener.owners.seen().map_or(&[][..], Vec::as_slice);
        ids.iter().filter_map(|id| self.process(*id)).collect()
    }

    /// The framework that a process runs.
    #[must_use]
    pub fn framework(&self, process: &Process) -> Option<&'static Framework> {
        process.row()
    }

    /// Whether the process only carries connections to somewhere else.
    #[must_use]
    pub fn is_forwarder(&self, process: &Process) -> bool {
        self.framework(process).is_some_and(|row| row.forwarder)
    }

    /// The ancestors of a process, its parent first, as far as they could be seen.
    pub fn ancestors(&self, process: &Process) -> Vec<&'a Process> {
        let mut chain: Vec<&'a Process> = Vec::new();
        let mut parent = process.parent;
        // A pid that is used again could close a circle.
        while let Some(next) = self.process_by_pid(parent)
            && next.id != process.id
            && chain.iter().all(|seen| seen.id != next.id)
        {
            parent = next.parent;
            chain.push(next);
        }
        chain
    }

    /// The nearest ancestor that looks after this process, and may start it again if it ends.
    #[must_use]
    pub fn supervisor(&self, process: &Process) -> Option<&'a Process> {
        let watches = |process: &&Process| self.framework(process).is_some_and(|row| row.watcher);
        self.ancestors(process).into_iter().find(watches)
    }
}
