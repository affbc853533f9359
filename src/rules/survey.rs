//! A project's claims beside what runs: how each of its services stands.

mod stand;
pub(super) mod taken;

use crate::facts::{
    Claims, Container, Expectation, Listener, Origin, Process, Project, Proto, Runs, Service,
    Snapshot, Target, is_below,
};
use crate::findings::{Edit, Evidence, Seen, ServiceState};

use super::case::{Expected, join, service_folder};
use super::{Case, evidence, fixes};

/// What the files of the user's own project say, beside everything that was seen.
#[derive(Debug, Clone, Copy)]
pub struct Survey<'a> {
    /// The facts, without a question.
    pub(super) case: Case<'a>,
    /// The project.
    pub project: &'a Project,
    /// What its files say.
    pub claims: &'a Claims,
}

/// A survey asks about no port.
static NOWHERE: Target = Target {
    input: String::new(),
    scheme: None,
    host: String::new(),
    port: 0,
    path: None,
};

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
    /// The user's own project, if its files were read.
    #[must_use]
    pub fn of(facts: &'a Snapshot) -> Option<Self> {
        let project = facts.own_project()?;
        Some(Survey {
            case: Case::new(&NOWHERE, facts),
            project,
            claims: project.claims.seen()?,
        })
    }

    /// How every service stands, in the order of the files.
    #[must_use]
    pub fn standings(&self) -> Vec<Standing<'a>> {
        let services = self.claims.services.iter();
        services.map(|service| self.standing(service)).collect()
    }

    /// A service with what says that it should have a port.
    pub(super) fn expected(&self, service: &'a Service, by: &'a Expectation) -> Expected<'a> {
        Expected {
            project: self.project,
            service,
            by,
        }
    }

    /// What says that a service should have a port.
    pub(super) fn says(&self, service: &'a Service, by: &'a Expectation) -> Evidence {
        evidence::expects(&self.case, &self.expected(service, by))
    }

    /// A fact that a file tells: `vite.config.ts:9 points to localhost:8080`.
    pub(super) fn in_file(&self, origin: &Origin, says: &str) -> Evidence {
        evidence::in_file(&self.case, self.project, origin, says)
    }

    /// A place in the project's files, in words: `vite.config.ts:9`.
    pub(super) fn place(&self, origin: &Origin) -> Seen {
        evidence::place_of(&self.case, self.project, origin)
    }

    /// The change of what stands at a place.
    pub(super) fn edit(&self, origin: &Origin, from: &str, to: String) -> Edit {
        fixes::edit(&self.case, self.project, origin, from, to)
    }

    /// Who listens there.
    pub(super) fn listens(&self, listener: &Listener) -> Evidence {
        evidence::listener(&self.case, listener)
    }

    fn facts(&self) -> &'a Snapshot {
        self.case.facts
    }

    /// The TCP or UDP sockets of this network namespace; nothing where they were not seen.
    fn sockets(&self, proto: Proto) -> Option<&'a [Listener]> {
        let list = match proto {
            Proto::Tcp => &self.facts().listeners,
            Proto::Udp => &self.facts().udp,
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

    /// Whether this process runs where the service does: in its folder, and not in the
    /// folder of a service that is nearer. Nothing where its folder was not seen.
    #[must_use]
    pub fn belongs(&self, service: &Service, process: &Process) -> Option<bool> {
        let cwd = process.cwd.seen()?;
        let folder = service_folder(self.project, service);
        if !is_below(cwd, &folder) {
            return Some(false);
        }
        let nearer = self.claims.services.iter().any(|other| {
            let its = service_folder(self.project, other);
            other.runs == Runs::Process && its.len() > folder.len() && is_below(cwd, &its)
        });
        Some(!nearer)
    }

    /// The containers of a compose service.
    pub fn containers_of(&self, service: &Service) -> impl Iterator<Item = &'a Container> {
        let all = self.facts().containers.items().iter();
        all.filter(|container| {
            let Some(compose) = &container.compose else {
                return false;
            };
            let folder = compose.working_dir.as_deref();
            let place = match folder {
                Some(folder) => {
                    is_below(folder, &self.project.root) || self.made_from(container, service)
                }
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
        let file = join(&self.project.root, &service.origin.file);
        let compose = container.compose.as_ref();
        compose.is_some_and(|compose| compose.config_files.contains(&file))
    }

    /// Whether everything that the files say is known: all were read to their end, and
    /// none of them computes a port.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let known = |service: &Service| service.unknown.is_empty();
        !self.claims.cut && self.claims.broken.is_empty() && self.claims.services.iter().all(known)
    }
}

/// Whether the service runs the same framework as the process; nothing where one of
/// them is not known.
fn is_kind(service: &Service, process: &Process) -> Option<bool> {
    Some(service.framework.as_deref()? == process.framework.as_deref()?)
}
