//! What a case asks of what has to do with the port besides its listeners.

use super::Case;
use crate::facts::{Connection, ConnectionState, Listener, PidFile, Process};

impl<'a> Case<'a> {
    /// The sockets that have the asked port and do not listen, in this state.
    pub fn sockets_that(
        &self,
        state: ConnectionState,
    ) -> impl Iterator<Item = &'a Connection> + use<'a> {
        let port = self.target.port;
        let all = self.facts.connections.items().iter();
        all.filter(move |one| one.state == state && one.at.port() == port)
    }

    /// Whether nothing that has to do with the port besides its listeners was out of sight,
    /// nor who has the pid that a leftover file names.
    #[must_use]
    pub fn port_is_settled(&self) -> bool {
        let known = |file: &PidFile| {
            let mut holders = file.holder.seen().into_iter().flatten();
            file.holder.is_seen()
                && holders.all(|id| {
                    let process = self.process(*id);
                    process.is_some_and(|one| one.framework.is_some() || one.argv.is_seen())
                })
        };
        self.facts.port_is_settled() && self.facts.pid_files.items().iter().all(known)
    }

    /// The process that holds a socket, as far as it could be seen.
    #[must_use]
    pub fn holder(&self, socket: &Connection) -> Option<&'a Process> {
        self.process(*socket.owners.seen()?.first()?)
    }

    /// Whether a socket was opened by its own program, to connect to somebody: the port is
    /// one of those that the system gives out for that, and the other end is none of them,
    /// or listens on this machine.
    #[must_use]
    pub fn is_outgoing(&self, socket: &Connection) -> bool {
        let Some(to) = socket.to else {
            return false;
        };
        let listens = |one: &Listener| one.at.port() == to.port();
        let local = self.is_local(to.ip()) == Some(true);
        if local && self.facts.listeners.items().iter().any(listens) {
            return true;
        }
        let outgoing = self.facts.binding.seen().and_then(|limits| limits.outgoing);
        outgoing.is_some_and(|range| range.contains(socket.at.port()) && !range.contains(to.port()))
    }
}

/// Whether the socket is the system's service manager's, which opened it for a service.
#[must_use]
pub fn is_managers(case: &Case, listener: &Listener) -> bool {
    if case.facts.host.os != "linux" {
        return false;
    }
    let holders = case.holders(listener);
    let hidden = listener
        .cgroup
        .as_deref()
        .is_some_and(|cgroup| cgroup.ends_with("/init.scope") || cgroup == "init.scope");
    match holders.as_slice() {
        [] => hidden && !listener.owners.is_seen(),
        all => all.iter().all(|process| process.comm == "systemd"),
    }
}
