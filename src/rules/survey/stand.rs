//! How a service stands: its sockets, its containers, and who else has its port.

use std::net::IpAddr;

use super::{PortStanding, Standing, Survey, is_kind};
use crate::facts::{Container, Expectation, Listener, Proto, Publish, Runs, Scope, Service, Taken};
use crate::findings::ServiceState;
use crate::rules::case::is_debuggers;
use crate::rules::evidence::process_words;

/// Ports that servers open beside their own to reload pages.
const RELOADERS: &[u16] = &[24678, 35729];

/// The first port that the system itself gives to clients, and to servers that ask for any.
const ANY_PORT: u16 = 32768;

/// Who is on a port, seen from one service.
enum Holder<'a> {
    /// The service itself.
    Mine(&'a Listener),
    /// Another form of this project's own: the container of a service that also runs
    /// as a process, or the reverse.
    Alternative(String),
    /// Somebody else.
    Other(String),
    /// Somebody who could not be seen.
    Hidden(String),
}

impl<'a> Survey<'a> {
    /// How a service stands.
    #[must_use]
    pub fn standing(&self, service: &'a Service) -> Standing<'a> {
        let ports: Vec<PortStanding> = service
            .expects
            .iter()
            .map(|wants| match service.runs {
                Runs::Process => self.process_port(service, wants),
                Runs::Container => self.container_port(service, wants),
            })
            .map(|mut port| {
                // What is not asked for cannot miss its port.
                if !service.is_on() && port.state == ServiceState::Taken {
                    port.state = ServiceState::Down;
                }
                port
            })
            .collect();
        match ports.iter().max_by_key(|port| port.state) {
            Some(worst) => Standing {
                service,
                state: worst.state,
                who: worst.who.clone(),
                ports,
            },
            None => {
                let (state, who) = self.without_ports(service);
                Standing {
                    service,
                    ports,
                    state,
                    who,
                }
            }
        }
    }

    /// A service of which no file says a port.
    fn without_ports(&self, service: &'a Service) -> (ServiceState, Option<String>) {
        match service.runs {
            Runs::Container => match self.containers_of(service).find(|c| c.is_up()) {
                Some(container) => (ServiceState::AsExpected, Some(container_words(container))),
                None if self.case.containers_settled() => (ServiceState::Down, None),
                None => (ServiceState::Unknown, None),
            },
            Runs::Process => match self.own_socket(service, 0) {
                Some(own) => (
                    ServiceState::AsExpected,
                    self.case.owner(own).map(process_words),
                ),
                None => (ServiceState::Unknown, None),
            },
        }
    }

    fn process_port(&self, service: &'a Service, wants: &'a Expectation) -> PortStanding<'a> {
        let standing = |state, own, who| PortStanding {
            wants,
            state,
            own,
            published: None,
            who,
        };
        if self.sockets(wants.protocol).is_none() {
            return standing(ServiceState::Unknown, None, None);
        }
        let own = self.own_socket(service, wants.port.unwrap_or(0));
        let words = own.and_then(|own| self.case.owner(own)).map(process_words);
        let Some(port) = wants.port else {
            let state = match own {
                Some(_) => ServiceState::AsExpected,
                None => ServiceState::Down,
            };
            return standing(state, own, words);
        };
        let here: Vec<Holder> = self
            .on(port, wants.protocol)
            .map(|listener| self.holder(service, listener))
            .collect();
        let mine: Vec<&Listener> = here
            .iter()
            .filter_map(|holder| match holder {
                Holder::Mine(listener) => Some(*listener),
                _ => None,
            })
            .collect();
        if let Some(first) = mine.first() {
            let state = if mine.iter().any(|listener| is_there(wants, listener)) {
                ServiceState::AsExpected
            } else {
                ServiceState::Elsewhere
            };
            let who = self.case.owner(first).map(process_words);
            return standing(state, Some(*first), who);
        }
        if own.is_some() {
            return standing(ServiceState::Elsewhere, own, words);
        }
        let (state, who) = vacant(here);
        standing(state, None, who)
    }

    fn container_port(&self, service: &'a Service, wants: &'a Expectation) -> PortStanding<'a> {
        let standing = |state, published, who| PortStanding {
            wants,
            state,
            own: None,
            published,
            who,
        };
        if let Some(container) = self.containers_of(service).find(|c| c.is_up()) {
            let who = Some(container_words(container));
            if container.network_mode == "host" {
                return standing(ServiceState::AsExpected, None, who);
            }
            let mut state = ServiceState::Down;
            let mut found = None;
            for publish in container.published.iter().filter(|p| leads(wants, p)) {
                let Some(port) = publish.host_port else {
                    continue;
                };
                let right = wants.port.is_none_or(|wanted| wanted == port)
                    && is_published_there(wants, publish);
                if right {
                    return standing(ServiceState::AsExpected, Some((container, port)), who);
                }
                state = ServiceState::Elsewhere;
                found = Some((container, port));
            }
            return standing(state, found, who);
        }
        let Some(port) = wants.port else {
            let state = match self.case.containers_settled() {
                true => ServiceState::Down,
                false => ServiceState::Unknown,
            };
            return standing(state, None, None);
        };
        let here: Vec<Holder> = self
            .on(port, wants.protocol)
            .map(|listener| self.holder(service, listener))
            .collect();
        let unseen = !self.case.containers_settled() || self.sockets(wants.protocol).is_none();
        match vacant(here) {
            (ServiceState::Down, None) if unseen => standing(ServiceState::Unknown, None, None),
            (state, who) => standing(state, None, who),
        }
    }

    /// Who this listener is to the service.
    fn holder(&self, service: &'a Service, listener: &'a Listener) -> Holder<'a> {
        let Some(process) = self.case.owner(listener) else {
            return match self.behind(listener) {
                Some(container) => self.containers_holder(container),
                None => Holder::Hidden("somebody who could not be seen".to_owned()),
            };
        };
        if self.case.is_forwarder(process) {
            return match self.behind(listener) {
                Some(container) => self.containers_holder(container),
                None if self.case.containers_settled() => Holder::Other(process_words(process)),
                None => Holder::Hidden(process_words(process)),
            };
        }
        let words = process_words(process);
        if service.runs == Runs::Container {
            return match self.case.is_ours(process) {
                Some(true) => Holder::Alternative(words),
                Some(false) => Holder::Other(words),
                None => Holder::Hidden(words),
            };
        }
        match self.belongs(service, process) {
            Some(true) if is_kind(service, process) == Some(false) => {
                // Two servers of one folder that are told apart by what they are.
                let other = self.claims.services.iter().any(|other| {
                    is_kind(other, process) == Some(true)
                        && self.belongs(other, process) == Some(true)
                });
                match other {
                    true => Holder::Alternative(words),
                    false => Holder::Mine(listener),
                }
            }
            Some(true) => Holder::Mine(listener),
            Some(false) => Holder::Other(words),
            None => Holder::Hidden(words),
        }
    }

    fn containers_holder(&self, container: &'a Container) -> Holder<'a> {
        let words = container_words(container);
        let services = self.claims.services.iter();
        let ours = services
            .filter(|service| service.runs == Runs::Container)
            .any(|service| self.containers_of(service).any(|c| c.id == container.id));
        match ours {
            true => Holder::Alternative(words),
            false => Holder::Other(words),
        }
    }

    /// The running container that this listener leads into.
    fn behind(&self, listener: &Listener) -> Option<&'a Container> {
        let all = self.facts().containers.items().iter();
        all.filter(|container| container.is_up()).find(|container| {
            container.published.iter().any(|publish| {
                publish.host_port == Some(listener.at.port())
                    && publish.proto == listener.proto
                    && publish
                        .host_ip
                        .is_none_or(|ip| ip.is_unspecified() || ip == listener.at.ip())
            })
        })
    }

    /// The socket of the service's own server on a port that no file says, the nearest
    /// to the wanted one.
    fn own_socket(&self, service: &'a Service, wanted: u16) -> Option<&'a Listener> {
        let random = service
            .row()
            .is_some_and(|row| row.taken == Some(Taken::RandomPort));
        let said = |port: u16| {
            let mut services = self.claims.services.iter();
            services.any(|other| {
                let near = other.folder == service.folder || std::ptr::eq(other, service);
                near && other.expects.iter().any(|wants| wants.port == Some(port))
            })
        };
        let own = |listener: &&&Listener| {
            let port = listener.at.port();
            let chosen = port < ANY_PORT || random || wanted >= ANY_PORT;
            chosen
                && port != wanted
                && !is_debuggers(listener)
                && !RELOADERS.contains(&port)
                && !said(port)
                && self.case.owner(listener).is_some_and(|process| {
                    is_kind(service, process) == Some(true)
                        && self.belongs(service, process) == Some(true)
                })
        };
        let list = self.sockets(Proto::Tcp)?;
        list.iter()
            .filter(|listener| listener.netns.is_none())
            .filter(|listener| own(&listener))
            .min_by_key(|listener| {
                let port = listener.at.port();
                (port < wanted, port.abs_diff(wanted), listener.at)
            })
    }
}

/// A port on which the service is not.
fn vacant(here: Vec<Holder>) -> (ServiceState, Option<String>) {
    let mut found = (ServiceState::Down, None);
    for holder in here {
        let (state, who) = match holder {
            Holder::Other(who) => (ServiceState::Taken, who),
            Holder::Hidden(who) => (ServiceState::Unknown, who),
            Holder::Alternative(who) => return (ServiceState::Down, Some(who)),
            Holder::Mine(_) => continue,
        };
        // Who cannot be seen may be the service itself.
        if found.0 != ServiceState::Unknown {
            found = (state, Some(who));
        }
    }
    found
}

/// Whether the listener has the address that is set, as far as one is.
fn is_there(wants: &Expectation, listener: &Listener) -> bool {
    let set = wants.host_origin.as_ref().and(wants.host.as_deref());
    let Some(ip) = set.and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok()) else {
        return true;
    };
    if ip.is_unspecified() {
        return listener.scope() == Scope::All;
    }
    listener.covers(ip) != Some(false)
}

/// Whether a published port is the one that is meant.
fn leads(wants: &Expectation, publish: &Publish) -> bool {
    publish.proto == wants.protocol
        && match wants.target {
            Some(target) => publish.container_port == target,
            None => publish.host_port == wants.port,
        }
}

/// Whether it is published at the address that is set, as far as one is.
fn is_published_there(wants: &Expectation, publish: &Publish) -> bool {
    let set = wants.host.as_deref();
    let ip: Option<IpAddr> = set.and_then(|host| host.trim_matches(['[', ']']).parse().ok());
    match (ip, publish.host_ip) {
        (None, _) | (Some(_), None) => true,
        (Some(ip), Some(published)) => ip == published || published.is_unspecified(),
    }
}

/// A container in a few words.
fn container_words(container: &Container) -> String {
    format!("container {}", container.name)
}
