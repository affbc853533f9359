//! What a case asks of the processes of the user's own project.

use super::Case;
use super::expected::{Expected, is_in_folder};
use crate::facts::{
    Expectation, Framework, Listener, ProcId, ProcState, Process, Project, Proto, Service, is_below,
};

/// Ports on which runtimes wait for a debugger: Node, Python, Java, Go.
pub const DEBUGGERS: &[u16] = &[9229, 9230, 5678, 5005, 2345];

/// A server of the user's own project that listens on another port than the asked one.
#[derive(Debug, Clone, Copy)]
pub struct OwnServer<'a> {
    /// Where it listens.
    pub listener: &'a Listener,
    /// The process.
    pub owner: &'a Process,
    /// The service that it runs, if one that should have the asked port is among them.
    pub meant: Option<Expected<'a>>,
    /// What says that it should be where it is, if a file does.
    pub told: Option<Expected<'a>>,
}

impl<'a> Case<'a> {
    /// Whether a process belongs to the user's own project; nothing if that cannot be told.
    #[must_use]
    pub fn is_ours(&self, process: &Process) -> Option<bool> {
        let root = &self.own_project()?.root;
        if let Some(project) = &process.project {
            return Some(is_below(project, root));
        }
        Some(is_below(process.cwd.seen()?, root))
    }

    /// Who listens on the asked port and has nothing to do with the user's project, as
    /// far as its folder tells: no forwarder, and no service of the machine.
    #[must_use]
    pub fn stranger(&self) -> Option<(&'a Listener, &'a Process)> {
        let own = &self.own_project()?.root;
        self.listeners().find_map(|listener| {
            let owner = self.owner(listener)?;
            let place = owner.project.as_ref().or(owner.cwd.seen())?;
            let service = self.framework(owner).is_some_and(|row| !row.dev_server);
            let apart = !is_below(place, own) && !is_below(own, place);
            (apart && !service && !self.is_forwarder(owner)).then_some((listener, owner))
        })
    }

    /// The development servers of the user's own project that listen on other ports:
    /// those that should have the asked port first, then those that are nearest to it.
    #[must_use]
    pub fn own_servers(&self) -> Vec<OwnServer<'a>> {
        let port = self.port();
        let expected = self.expected();
        let listeners = self.facts.listeners.items().iter();
        let mut found: Vec<OwnServer<'a>> = listeners
            .filter(|listener| listener.proto == Proto::Tcp)
            .filter(|listener| listener.at.port() != port && !is_debuggers(listener))
            .filter_map(|listener| {
                let owner = self.owner(listener)?;
                let runs = |one: &&Expected| self.runs(one.project, one.service, owner);
                let meant = expected.iter().find(runs).copied();
                let serves = self.dev_server(owner).is_some() || meant.is_some();
                let ours = self.is_ours(owner) == Some(true) && !self.leads_here(owner);
                (serves && ours).then(|| OwnServer {
                    listener,
                    owner,
                    meant,
                    told: self.told(owner, listener.at.port()),
                })
            })
            .collect();
        found.sort_by_key(|one| {
            let there = one.listener.at.port();
            (one.meant.is_none(), there.abs_diff(port), one.listener.at)
        });
        // One server has one line, on however many addresses it listens.
        found.dedup_by_key(|one| (one.listener.at.port(), one.owner.id));
        found
    }

    /// Whether this process passes on to the asked port what it is asked: then it is not
    /// the one that should have it.
    fn leads_here(&self, process: &Process) -> bool {
        let mut places = self.facts.onward.items().iter();
        places.any(|place| place.by == Some(process.id) && place.to == Some(self.port()))
    }

    /// The row of a process that is a development server itself.
    #[must_use]
    pub fn dev_server(&self, process: &Process) -> Option<&'static Framework> {
        self.framework(process)
            .filter(|row| row.dev_server && !row.forwarder && !row.watcher)
    }

    /// What says that this process should be on this port.
    #[must_use]
    pub fn told(&self, process: &Process, port: u16) -> Option<Expected<'a>> {
        let wanted =
            |wants: &&Expectation| wants.port == Some(port) && wants.protocol == Proto::Tcp;
        let services = self.services_of(process).into_iter();
        services
            .filter_map(|(project, service): (&'a Project, &'a Service)| {
                Some(Expected {
                    project,
                    service,
                    by: service.expects.iter().find(wanted)?,
                })
            })
            .next()
    }

    /// Whether nothing of the user's own project was out of sight: what its files say,
    /// which processes it has, and whose the other ports are.
    ///
    /// Only then may it be called certain that its server does not run.
    #[must_use]
    pub fn project_is_settled(&self) -> bool {
        let known = |process: &Process| {
            process.cwd.is_seen() && (process.framework.is_some() || process.argv.is_seen())
        };
        self.own_servers_are_settled()
            && (self.own_project().is_none()
                || self.facts.project_processes.is_seen()
                    && self.facts.project_processes.items().iter().all(known))
    }

    /// Whether nothing of the servers that listen for the user's own project was out of
    /// sight: what its files say, and whose the other ports are.
    #[must_use]
    pub fn own_servers_are_settled(&self) -> bool {
        if !self.facts.projects.is_seen() {
            return false;
        }
        let Some(own) = self.own_project() else {
            return true;
        };
        own.claims.seen().is_some_and(|claims| !claims.cut)
            && self.facts.listeners.items().iter().all(|listener| {
                let user = &self.facts.host.user;
                let foreign = listener.uid.is_some_and(|uid| uid != user.uid);
                foreign
                    || listener
                        .owner()
                        .and_then(|id| self.process(id))
                        .is_some_and(|process| self.is_ours(process).is_some())
            })
    }

    /// The processes of the user's project that should be on the asked port and listen
    /// nowhere, the innermost of each family.
    #[must_use]
    pub fn waiting(&self) -> Vec<&'a Process> {
        let port = self.port();
        let expected = self.expected();
        let is_known = self
            .claims()
            .is_some_and(|claims| !claims.services.is_empty());
        let meant = |process: &&Process| {
            if is_known {
                return expected
                    .iter()
                    .any(|one| self.runs(one.project, one.service, process));
            }
            // Without files that say who should be here, a server that is usually here.
            let row = self.framework(process);
            row.is_some_and(|row| row.dev_server && !row.watcher && row.port == Some(port))
        };
        let own = self.facts.project_processes.items().iter();
        let deaf: Vec<&'a Process> = own
            .filter(|process| process.state != ProcState::Zombie)
            .filter(meant)
            .filter(|process| !self.serves(process))
            .collect();
        let above = |one: &Process| {
            deaf.iter()
                .any(|other| self.ancestors(other).iter().any(|above| above.id == one.id))
        };
        deaf.iter().filter(|one| !above(one)).copied().collect()
    }

    /// The service that should have the asked port and that this process runs.
    #[must_use]
    pub fn meant_by(&self, process: &Process) -> Option<Expected<'a>> {
        let runs = |one: &Expected| self.runs(one.project, one.service, process);
        self.expected().into_iter().find(runs)
    }

    /// Whether a process stands in the folder of a service that should have the asked port.
    #[must_use]
    pub fn stands_where_expected(&self, process: &Process) -> bool {
        let expected = self.expected();
        let stands = |one: &Expected| is_in_folder(one.project, one.service, process);
        expected.iter().any(stands)
    }

    /// How much of a processor a process, or the busiest below it, used while it was
    /// watched, in percent.
    #[must_use]
    pub fn busy_percent(&self, process: &Process) -> Option<u64> {
        let own = self.facts.project_processes.items().iter();
        own.filter(|one| {
            one.id == process.id
                || self
                    .ancestors(one)
                    .iter()
                    .any(|above| above.id == process.id)
        })
        .filter_map(|one| Some(one.cpu.seen()?.percent()))
        .max()
    }

    /// Whether this process, one below it or one above it listens on a port that is no
    /// debugger's.
    #[must_use]
    pub fn serves(&self, process: &Process) -> bool {
        let above = self.ancestors(process);
        let kin = std::iter::once(process.id).chain(
            above
                .iter()
                .filter(|above| above.framework.is_some() && above.framework == process.framework)
                .map(|above| above.id),
        );
        kin.into_iter().any(|id| {
            self.listeners_of(id)
                .any(|listener| !is_debuggers(listener))
        })
    }

    /// Whether this process, or one below it, has a listening socket.
    #[must_use]
    pub fn listens(&self, id: ProcId) -> bool {
        self.listeners_of(id).next().is_some()
    }

    /// The TCP listeners of this process and of those below it.
    pub fn listeners_of(&self, id: ProcId) -> impl Iterator<Item = &'a Listener> {
        let listeners = self.facts.listeners.items().iter();
        listeners.filter(move |listener| {
            let holders = listener.owners.seen().map_or(&[][..], Vec::as_slice);
            holders.iter().any(|holder| {
                *holder == id
                    || self.process(*holder).is_some_and(|process| {
                        self.ancestors(process).iter().any(|above| above.id == id)
                    })
            })
        })
    }
}

/// Whether a listener is the one by which a debugger attaches.
#[must_use]
pub fn is_debuggers(listener: &Listener) -> bool {
    DEBUGGERS.contains(&listener.at.port())
}
