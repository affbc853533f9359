//! A case: one question with all the facts there are, and the ways to ask them.

use std::net::IpAddr;

use crate::facts::{
    Container, Departed, Framework, Gap, Greeting, Known, Listener, Outcome, Probe, ProcId,
    Process, Project, Proto, Publish, Resolution, Snapshot, Target, catalogue, is_below,
};
use crate::findings::{Confidence, Finding, Severity, Verdict};

/// One question, with all the facts there are.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// What was asked about.
    pub target: &'a Target,
    /// What was seen.
    pub facts: &'a Snapshot,
    /// What earlier rules have said.
    spoken: &'a [Finding],
}

impl<'a> Case<'a> {
    /// A case that no rule has seen yet.
    #[must_use]
    pub fn new(target: &'a Target, facts: &'a Snapshot) -> Self {
        Case {
            target,
            facts,
            spoken: &[],
        }
    }

    pub(super) fn after<'b>(&self, spoken: &'b [Finding]) -> Case<'b>
    where
        'a: 'b,
    {
        Case {
            target: self.target,
            facts: self.facts,
            spoken,
        }
    }

    /// Whether an earlier rule has already explained a failure.
    #[must_use]
    pub fn explained(&self) -> bool {
        self.spoken
            .iter()
            .any(|finding| finding.severity > Severity::Info)
    }

    /// What earlier rules have said.
    #[must_use]
    pub fn spoken(&self) -> &'a [Finding] {
        self.spoken
    }

    /// What a client meets at the target.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        super::verdict::of(self)
    }

    /// The asked port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.target.port
    }

    // --- the name -------------------------------------------------------

    /// What the target's name resolves to; nothing if the target is an address.
    #[must_use]
    pub fn resolution(&self) -> Option<&'a Resolution> {
        self.facts
            .resolutions
            .iter()
            .find(|resolution| resolution.name.eq_ignore_ascii_case(&self.target.host))
    }

    /// The addresses a client dials for this target, in the resolver's order.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        if let Some(ip) = self.target.ip() {
            return vec![ip];
        }
        let resolved = self.resolution().and_then(|r| r.addresses.seen());
        match resolved {
            Some(addresses) => addresses.clone(),
            None => self.probes().map(|probe| probe.to.ip()).collect(),
        }
    }

    /// Whether this address belongs to this machine; nothing if that cannot be told.
    #[must_use]
    pub fn is_local(&self, ip: IpAddr) -> Option<bool> {
        if ip.is_loopback() || ip.is_unspecified() {
            return Some(true);
        }
        let own = self.facts.host.addresses.seen()?;
        Some(own.iter().any(|address| address.ip == ip))
    }

    /// Whether the target is this machine: every address it has belongs to it.
    #[must_use]
    pub fn on_this_machine(&self) -> bool {
        let addresses = self.addresses();
        if addresses.is_empty() {
            return self.target.is_localhost_name();
        }
        addresses
            .iter()
            .all(|ip| self.is_local(*ip) == Some(true) || self.bound_here(*ip))
    }

    /// Whether this address is another machine's: not ours, and nobody here is bound to it.
    #[must_use]
    pub fn is_far(&self, ip: IpAddr) -> bool {
        self.is_local(ip) == Some(false) && !self.bound_here(ip)
    }

    /// Whether the target is another machine: every address it has is another one's.
    #[must_use]
    pub fn on_another_machine(&self) -> bool {
        let addresses = self.addresses();
        !addresses.is_empty() && addresses.iter().all(|ip| self.is_far(*ip))
    }

    /// Whether somebody here is bound to exactly this address.
    fn bound_here(&self, ip: IpAddr) -> bool {
        self.listeners().any(|listener| listener.at.ip() == ip)
    }

    // --- the probes -----------------------------------------------------

    /// The probes of the asked port, in the order in which they were made.
    pub fn probes(&self) -> impl Iterator<Item = &'a Probe> + use<'a> {
        let target = self.target;
        let resolved = self.resolution().and_then(|r| r.addresses.seen());
        let literal = target.ip();
        self.facts.probes.iter().filter(move |probe| {
            probe.to.port() == target.port
                && match (literal, resolved) {
                    (Some(ip), _) => probe.to.ip() == ip,
                    (None, Some(addresses)) => addresses.contains(&probe.to.ip()),
                    (None, None) => true,
                }
        })
    }

    /// The probes with this outcome.
    pub fn probes_that(&self, outcome: Outcome) -> impl Iterator<Item = &'a Probe> + use<'a> {
        self.probes().filter(move |probe| probe.outcome == outcome)
    }

    /// The first probe with this outcome.
    #[must_use]
    pub fn probe_that(&self, outcome: Outcome) -> Option<&'a Probe> {
        self.probes_that(outcome).next()
    }

    /// The first probe that was connected and then reset or closed before a byte came.
    ///
    /// Which of the two it is, is a race behind a forwarder: they are one symptom.
    #[must_use]
    pub fn cut_off(&self) -> Option<&'a Probe> {
        self.probes()
            .find(|probe| matches!(probe.outcome, Outcome::Reset | Outcome::Closed))
    }

    /// The first probe that failed in any way.
    #[must_use]
    pub fn failure(&self) -> Option<&'a Probe> {
        self.probes().find(|probe| !probe.outcome.well())
    }

    /// Whether a client would be content with what this probe met: not only the
    /// connection, but also the protocol and the answer.
    #[must_use]
    pub fn content(probe: &Probe) -> bool {
        super::verdict::of_probe(probe) == Verdict::Reachable
    }

    /// Whether every probe failed, and there was one.
    #[must_use]
    pub fn all_failed(&self) -> bool {
        self.failure().is_some() && self.probes().all(|probe| !probe.outcome.well())
    }

    /// Whether every probe was refused, and there was one.
    #[must_use]
    pub fn all_refused(&self) -> bool {
        self.probe_that(Outcome::Refused).is_some()
            && self.probes().all(|probe| probe.outcome == Outcome::Refused)
    }

    /// What the first server that said anything said.
    #[must_use]
    pub fn greeting(&self) -> Option<(&'a Probe, &'a Greeting)> {
        self.probes()
            .find_map(|probe| Some((probe, probe.greeting.seen()?)))
    }

    /// How sure a rule can be of what servers say: certain only if what every one of
    /// them said was seen.
    #[must_use]
    pub fn hearing(&self) -> Confidence {
        let heard = |probe: &Probe| probe.greeting.is_seen();
        if self.probes_that(Outcome::Answered).all(heard) {
            Confidence::Certain
        } else {
            Confidence::Likely
        }
    }

    // --- the sockets ----------------------------------------------------

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

    // --- the processes --------------------------------------------------

    /// The process with this identity.
    #[must_use]
    pub fn process(&self, id: ProcId) -> Option<&'a Process> {
        self.facts
            .processes
            .items()
            .iter()
            .find(|process| process.id == id)
    }

    /// The process with this pid.
    #[must_use]
    pub fn process_by_pid(&self, pid: u32) -> Option<&'a Process> {
        self.facts
            .processes
            .items()
            .iter()
            .find(|process| process.id.pid == pid)
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
        catalogue().framework(process.framework.as_deref()?)
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

    // --- the containers -------------------------------------------------

    /// The containers that publish the asked port, or would if they ran.
    pub fn publishers(&self) -> impl Iterator<Item = &'a Container> + use<'a> {
        let port = self.target.port;
        self.facts
            .containers
            .items()
            .iter()
            .filter(move |container| {
                container
                    .publishes()
                    .any(|publish| publish.host_port == Some(port))
            })
    }

    /// The running container behind the asked port: it publishes it, and who listens
    /// on this machine is its engine's forwarder, or nobody that can be named.
    #[must_use]
    pub fn container_behind(&self) -> Option<&'a Container> {
        if self.own_server() {
            return None;
        }
        self.published().next().map(|(container, _)| container)
    }

    /// The running containers that publish the asked port now, with their mappings.
    pub fn published(&self) -> impl Iterator<Item = (&'a Container, &'a Publish)> + use<'a> {
        let port = self.target.port;
        let up = self.facts.containers.items().iter().filter(|c| c.is_up());
        up.flat_map(|container| container.published.iter().map(move |p| (container, p)))
            .filter(move |(_, p)| p.host_port == Some(port) && p.proto == Proto::Tcp)
    }

    /// Whether a process that is no forwarder holds the asked port.
    #[must_use]
    pub fn own_server(&self) -> bool {
        self.listeners().any(|listener| {
            self.owner(listener).is_some_and(|process| {
                // An engine's forwarder that we do not know by name is known by its socket:
                // nobody else could have bound the very address that the engine published.
                !self.is_forwarder(process)
                    && (process.framework.is_some() || !self.is_engines(listener))
            })
        })
    }

    /// Whether the socket is the one by which an engine publishes the asked port.
    #[must_use]
    pub fn is_engines(&self, listener: &Listener) -> bool {
        let ip = listener.at.ip();
        self.published().any(|(_, publish)| match publish.host_ip {
            None => ip.is_unspecified(),
            Some(published) => published == ip,
        })
    }

    // --- the project ----------------------------------------------------

    /// The project that the user stands in.
    #[must_use]
    pub fn project(&self) -> Option<&'a Project> {
        let cwd = self.facts.host.cwd.as_deref()?;
        self.facts
            .projects
            .items()
            .iter()
            .filter(|project| is_below(cwd, &project.root))
            .max_by_key(|project| project.root.len())
    }

    /// The former owner of the asked port, or else of the user's project, that has gone.
    #[must_use]
    pub fn departed(&self) -> Option<&'a Departed> {
        let gone = self.facts.departed.items();
        let of_project = |departed: &&Departed| {
            let root = departed
                .watcher
                .and_then(|id| self.process(id))
                .and_then(|watcher| watcher.project.as_deref());
            let own = self.project().map(|project| project.root.as_str());
            departed.port.is_none() && root.is_none_or(|root| Some(root) == own)
        };
        gone.iter()
            .find(|departed| departed.port == Some(self.target.port))
            .or_else(|| gone.iter().find(of_project))
    }

    /// Whether containers are out of the question: every engine answered or does not run.
    #[must_use]
    pub fn containers_settled(&self) -> bool {
        let off = |gap: &Gap| *gap == Gap::NotRunning;
        match &self.facts.containers {
            Known::Seen(_) => self
                .facts
                .engines
                .iter()
                .all(|engine| engine.gap.as_ref().is_none_or(off)),
            Known::Unseen(gap) => off(gap),
        }
    }

    /// Whether nothing that could stand behind a port without a listener was out of sight.
    ///
    /// Only then may the absence of a server be called certain.
    #[must_use]
    pub fn absence_is_settled(&self) -> bool {
        let facts = self.facts;
        self.containers_settled()
            && (facts.containers.is_seen() || facts.projects.is_seen())
            && facts.udp.is_seen()
            && facts.unix_listeners.is_seen()
            && facts.elsewhere.is_seen()
            && facts.departed.is_seen()
            && (self.target.is_localhost_name()
                || self.target.ip().is_some()
                || facts.host.hosts_file.is_seen())
    }
}
