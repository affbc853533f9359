//! A project's claims beside what runs: how each of its services stands.

mod stand;

use crate::facts::{
    Claims, Container, Expectation, Framework, Listener, Origin, ProcId, Process, Project, Proto,
    Runs, Service, Snapshot, Target, catalogue, is_below,
};
use crate::findings::{Evidence, Seen, ServiceState};

use super::{Case, evidence};

/// What the files of one project say, beside everything that was seen.
#[derive(Debug, Clone, Copy)]
pub struct Survey<'a> {
    /// What was seen.
    pub facts: &'a Snapshot,
    /// The project's folder.
    pub root: &'a str,
    /// What its files say.
    pub claims: &'a Claims,
}

/// How one service stands.
#[derive(Debug, Clone)]
pub struct Standing<'a> {
    /// The service.
    pub service: &'a Service,
    /// How each of its ports stands, in their order.
    pub ports: Vec<PortStanding<'a>>,
    /// The worst of these.
    pub state: ServiceState,
    /// Who that is: its own process or container, or whoever has its port.
    pub who: Option<String>,
}

/// How one port of a service stands.
#[derive(Debug, Clone)]
pub struct PortStanding<'a> {
    /// What the files say.
    pub wants: &'a Expectation,
    /// How it stands.
    pub state: ServiceState,
    /// The service's own socket.
    pub own: Option<&'a Listener>,
    /// The service's own container, and the port of this machine that leads to it.
    pub published: Option<(&'a Container, u16)>,
    /// Who has the port, in words.
    pub who: Option<String>,
}

impl<'a> Survey<'a> {
    /// The project whose files were read.
    #[must_use]
    pub fn of(facts: &'a Snapshot) -> Option<Self> {
        let read = |project: &'a Project| Some((project, project.claims.seen()?));
        let (project, claims) = facts.projects.items().iter().find_map(read)?;
        Some(Survey {
            facts,
            root: &project.root,
            claims,
        })
    }

    /// How every service stands, in the order of the files.
    #[must_use]
    pub fn standings(&self) -> Vec<Standing<'a>> {
        let services = self.claims.services.iter();
        services.map(|service| self.standing(service)).collect()
    }

    /// The folder that a service runs in.
    #[must_use]
    pub fn folder(&self, service: &Service) -> String {
        match service.folder.as_str() {
            "" => self.root.to_owned(),
            below => format!("{}/{below}", self.root.trim_end_matches('/')),
        }
    }

    /// Where a place in the project's files was seen.
    #[must_use]
    pub fn seen_at(origin: &Origin) -> Seen {
        Seen::File {
            file: origin.file.clone(),
            line: (origin.line > 0).then_some(origin.line),
        }
    }

    /// What a file says of a port: `vite.config.ts sets server.port to 5173`.
    #[must_use]
    pub fn says(service: &Service, wants: &Expectation) -> Evidence {
        let port = match wants.port {
            Some(port) => port.to_string(),
            None => "a port that is chosen at its start".to_owned(),
        };
        let name = &service.name;
        let words = match (wants.key.as_str(), row(service)) {
            ("", Some(row)) => {
                format!(
                    "{name} should have port {port}: {} takes it by default",
                    row.title
                )
            }
            ("", None) => format!("{name} should have port {port}"),
            (key, _) => format!("{name} should have port {port}, by {key}"),
        };
        Evidence::new(words, Self::seen_at(&wants.origin))
    }

    /// Who listens there.
    #[must_use]
    pub fn listens(&self, listener: &Listener) -> Evidence {
        let target = here(listener.at.port());
        evidence::listener(&Case::new(&target, self.facts), listener)
    }

    /// The TCP or UDP sockets of this network namespace; nothing where they were not seen.
    fn sockets(&self, proto: Proto) -> Option<&'a [Listener]> {
        let list = match proto {
            Proto::Tcp => &self.facts.listeners,
            Proto::Udp => &self.facts.udp,
        };
        list.seen().map(|list| &list[..])
    }

    /// Who listens on this port.
    pub fn on(&self, port: u16, proto: Proto) -> impl Iterator<Item = &'a Listener> + use<'a> {
        let list = self.sockets(proto).unwrap_or_default();
        let here = move |listener: &&Listener| {
            listener.at.port() == port && listener.proto == proto && listener.netns.is_none()
        };
        list.iter().filter(here)
    }

    /// The process with this identity.
    fn process(&self, id: ProcId) -> Option<&'a Process> {
        let mut all = self.facts.processes.items().iter();
        all.find(|process| process.id == id)
    }

    /// The process a person would name as the owner of this listener.
    #[must_use]
    pub fn owner(&self, listener: &Listener) -> Option<&'a Process> {
        self.process(listener.owner()?)
    }

    /// Whether this process runs where the service does: in its folder, and not in the
    /// folder of a service that is nearer. Nothing where its folder was not seen.
    #[must_use]
    pub fn belongs(&self, service: &Service, process: &Process) -> Option<bool> {
        let cwd = process.cwd.seen()?;
        let folder = self.folder(service);
        if !is_below(cwd, &folder) {
            return Some(false);
        }
        let nearer = self.claims.services.iter().any(|other| {
            let its = self.folder(other);
            other.runs == Runs::Process && its.len() > folder.len() && is_below(cwd, &its)
        });
        Some(!nearer)
    }

    /// Whether this process works anywhere in the project.
    #[must_use]
    pub fn is_ours(&self, process: &Process) -> Option<bool> {
        Some(is_below(process.cwd.seen()?, self.root))
    }

    /// The containers of a compose service.
    pub fn containers_of(&self, service: &Service) -> impl Iterator<Item = &'a Container> {
        let all = self.facts.containers.items().iter();
        all.filter(|container| {
            let Some(compose) = &container.compose else {
                return false;
            };
            let folder = compose.working_dir.as_deref();
            let place = match folder {
                Some(folder) => is_below(folder, self.root) || self.made_from(container, service),
                None => {
                    service.compose_project.as_deref() == Some(&compose.project)
                        || self.made_from(container, service)
                }
            };
            place && compose.service == service.name
        })
    }

    /// Whether the container was made from the file that names the service.
    fn made_from(&self, container: &Container, service: &Service) -> bool {
        let file = format!("{}/{}", self.root, service.origin.file);
        let compose = container.compose.as_ref();
        compose.is_some_and(|compose| compose.config_files.contains(&file))
    }

    /// Whether every container that there is was seen.
    #[must_use]
    pub fn containers_settled(&self) -> bool {
        let target = here(0);
        Case::new(&target, self.facts).containers_settled()
    }

    /// Whether everything that the files say is known: all were read to their end, and
    /// none of them computes a port.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let known = |service: &Service| service.unknown.is_empty();
        !self.claims.cut && self.claims.broken.is_empty() && self.claims.services.iter().all(known)
    }
}

/// The row of a service's framework.
#[must_use]
pub fn row(service: &Service) -> Option<&'static Framework> {
    catalogue().framework(service.framework.as_deref()?)
}

/// The row of a process's framework.
#[must_use]
pub fn row_of(process: &Process) -> Option<&'static Framework> {
    catalogue().framework(process.framework.as_deref()?)
}

/// A question about a port of this machine.
fn here(port: u16) -> Target {
    Target {
        input: port.to_string(),
        scheme: None,
        host: "localhost".to_owned(),
        port,
        path: None,
    }
}

/// Whether the service runs the same framework as the process; nothing where one of
/// them is not known.
fn is_kind(service: &Service, process: &Process) -> Option<bool> {
    Some(service.framework.as_deref()? == process.framework.as_deref()?)
}
