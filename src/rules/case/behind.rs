//! What a case asks of containers and projects.

use super::Case;
use crate::facts::{Container, Departed, Gap, Known, Listener, Project, Proto, Publish, is_below};

impl<'a> Case<'a> {
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
        // Where it is known who should be here, the watcher of another service is no news.
        let known = self.expected().iter().any(|one| one.service.is_on());
        let of_project = |departed: &&Departed| {
            let watcher = departed.watcher.and_then(|id| self.process(id));
            let root = watcher.and_then(|watcher| watcher.project.as_deref());
            let own = self.project().map(|project| project.root.as_str());
            let elsewhere = watcher
                .is_some_and(|one| known && one.cwd.is_seen() && !self.stands_where_expected(one));
            departed.port.is_none() && !elsewhere && root.is_none_or(|root| Some(root) == own)
        };
        // Who had the port once, and is of another project, is not why ours is not there.
        let strange = |departed: &Departed| {
            let own = self.own_project().map(|own| own.root.as_str());
            let other = departed.project.as_deref().zip(own);
            known && other.is_some_and(|(other, own)| !is_below(other, own))
        };
        gone.iter()
            .find(|gone| gone.port == Some(self.target.port) && !strange(gone))
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
            && self.project_is_settled()
            && facts.udp.is_seen()
            && facts.unix_listeners.is_seen()
            && facts.elsewhere.is_seen()
            && facts.departed.is_seen()
            && self.port_is_settled()
            && (self.target.is_localhost_name()
                || self.target.ip().is_some()
                || facts.host.hosts_file.is_seen())
    }
}
