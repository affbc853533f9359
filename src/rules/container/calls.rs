//! Whom the container behind the port calls in vain.

use super::{answered, has_successor, inside, seen, unanswering, vacant};
use crate::facts::{
    Container, ContainerState, DialFailure, Dialled, FailedDial, Listener, Scope, is_own_loopback,
};
use crate::findings::{Confidence, Evidence, Fix};
use crate::rules::Case;
use crate::rules::container::{Change, plan, rerun};
use crate::rules::fixes;

/// Ports beside a server, on which it is debugged or reloads the page.
pub(super) const BESIDE: &[u16] = &[5005, 5678, 9229, 9230, 24678, 35729];

/// A call of a container that went wrong, or that is bound to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) container: &'a Container,
    /// What it wrote of it.
    pub(super) failed: Option<&'a FailedDial>,
    /// What gave it the address.
    pub(super) given: Option<&'a Dialled>,
    pub(super) host: &'a str,
    pub(super) port: u16,
}

/// The container that should answer on the asked port and does not, or answers that it
/// failed: what it calls in vain may be why.
pub(super) fn troubled<'a>(case: &Case<'a>) -> Option<&'a Container> {
    if !case.on_this_machine() || case.own_server() || case.probes().next().is_none() {
        return None;
    }
    if answered(case) {
        let (_, greeting) = case.greeting()?;
        greeting.http.as_ref().filter(|http| http.status >= 500)?;
        return case
            .container_behind()
            .filter(|container| container.state == ContainerState::Running);
    }
    if let Some((container, publish)) = unanswering(case) {
        let settled = inside(container).is_some_and(|all| {
            let server = |one: &&&Listener| !BESIDE.contains(&one.at.port());
            let mut there = all
                .iter()
                .filter(|one| one.at.port() == publish.container_port);
            let open = there.any(|one| one.scope() != Scope::Loopback);
            // A server that is up elsewhere is a story of its own.
            all.iter().filter(server).count() > 0 && !open
        });
        return (container.state == ContainerState::Running && !settled).then_some(container);
    }
    let failed = |container: &&Container| match container.state {
        ContainerState::Restarting => true,
        // Ended by itself, and not well.
        ContainerState::Exited | ContainerState::Dead => {
            vacant(case)
                && !container.oom_killed
                && !matches!(container.exit_code, None | Some(0 | 130 | 137 | 143))
                && !has_successor(case, container)
        }
        _ => false,
    };
    let troubled = case.publishers().filter(failed);
    troubled.min_by_key(|container| container.finished_s.unwrap_or(u64::MAX))
}

/// The calls that failed, the latest first, then those that it was told to make.
pub(super) fn of<'a>(container: &'a Container) -> Vec<Call<'a>> {
    let alike = |one: &str, other: &str| {
        one.eq_ignore_ascii_case(other) || is_own_loopback(one) && is_own_loopback(other)
    };
    let mut calls = Vec::new();
    for failed in &container.failed_dials {
        let mut given = container.dials.iter().filter(|one| {
            alike(&one.host, &failed.host) && failed.port.is_none_or(|port| port == one.port)
        });
        let first = given.next();
        // Without a port in its words, only one address that it was given can be meant.
        let port = failed.port.or(match given.next() {
            None => first.map(|one| one.port),
            Some(_) => None,
        });
        calls.extend(port.map(|port| Call {
            container,
            failed: Some(failed),
            given: first,
            host: &failed.host,
            port,
        }));
    }
    calls.extend(container.dials.iter().map(|given| Call {
        container,
        failed: None,
        given: Some(given),
        host: &given.host,
        port: given.port,
    }));
    calls
}

impl<'a> Call<'a> {
    pub(super) fn how(&self) -> Option<DialFailure> {
        self.failed.map(|failed| failed.how)
    }

    /// Whether somebody in the container itself listens on the port; nothing if that
    /// could not be seen.
    pub(super) fn is_served_inside(&self) -> Option<bool> {
        let all = inside(self.container)?;
        Some(all.iter().any(|one| one.at.port() == self.port))
    }

    /// What it wrote, and what gave it the address.
    pub(super) fn evidence(&self) -> Vec<Evidence> {
        let name = &self.container.name;
        let there = authority(self.host, self.port);
        let mut found = Vec::new();
        if let Some(failed) = self.failed.filter(|failed| !failed.line.is_empty()) {
            let says = format!("{name} wrote: {}", failed.line);
            found.push(seen(self.container, says, "logs"));
        } else if let Some(failed) = self.failed {
            let says = format!("a call of {name} to {there} {}", failed.how.words());
            found.push(seen(self.container, says, "logs"));
        }
        if let Some(given) = self.given {
            let there = authority(&given.host, given.port);
            let (says, what) = match given.by.as_str() {
                "" => (format!("the command of {name} has {there}"), "Config.Cmd"),
                by => (format!("{by} of {name} has {there}"), "Config.Env"),
            };
            found.push(seen(self.container, says, what));
        }
        found
    }

    /// Has the container call somebody else, and makes it anew: nothing else takes the
    /// new setting up.
    pub(super) fn redirect(&self, case: &Case, to: &str, title: &str) -> Vec<Fix> {
        let (host, old) = match self.given {
            Some(given) => (&*given.host, authority(&given.host, given.port)),
            None => (self.host, authority(self.host, self.port)),
        };
        if let Some(edit) = self.edit(case, host, to) {
            let fix = Fix::edit(title, edit);
            let again = super::recreate(case, self.container, "then let");
            return std::iter::once(fix).chain(again).collect();
        }
        let variable = self.given.map_or("", |given| &*given.by);
        let change = match variable {
            "" => Change {
                title: title.to_owned(),
                in_compose: format!("set the address that it calls to {to}, in place of {old}"),
                in_run: format!("with {to} as the address that it calls, in place of {old}"),
                edit: None,
            },
            by => Change {
                title: title.to_owned(),
                in_compose: format!("put {to} in place of {old} in `{by}` (`environment`)"),
                in_run: format!("with {to} in place of {old} in `-e {by}=…`"),
                edit: None,
            },
        };
        rerun(case, self.container, &change)
    }

    /// The edit of the file that gives the address, where it stands there as it is.
    fn edit(&self, case: &Case, host: &str, to: &str) -> Option<crate::findings::Edit> {
        let given = self.given?;
        let plan = plan::of(case, self.container)?;
        let pointers = &plan.project.claims.seen()?.pointers;
        let pointer = pointers.iter().find(|one| {
            one.inside
                && one.service == plan.service.name
                && one.key.ends_with(&given.by)
                && one.port == given.port
                && one.host == host
        })?;
        let whole = pointer.written == authority(host, given.port);
        let usable = whole && pointer.origin.line > 0;
        usable.then(|| {
            let written = &pointer.written;
            fixes::edit(case, plan.project, &pointer.origin, written, to.to_owned())
        })
    }

    /// Whether this is why the container does not do its work: certain only if it was
    /// among the last that it said before it ended in failure.
    pub(super) fn sureness(&self) -> Confidence {
        let last = self
            .container
            .log_tail
            .seen()
            .map_or(&[][..], Vec::as_slice);
        match self.failed {
            Some(failed) if !self.container.is_up() && last.contains(&failed.line) => {
                Confidence::Certain
            }
            _ => Confidence::Likely,
        }
    }
}

/// `host:port`, with the brackets that an IPv6 address needs.
pub(super) fn authority(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

/// The containers that are on a network with this one.
pub(super) fn neighbours<'a>(
    case: &Case<'a>,
    container: &Container,
) -> impl Iterator<Item = &'a Container> {
    let project = container
        .compose
        .as_ref()
        .map(|compose| compose.project.clone());
    let networks: Vec<String> = container
        .networks
        .iter()
        .map(|one| one.name.clone())
        .collect();
    let id = container.id.clone();
    let name = container.name.clone();
    let all = case.facts.containers.items().iter();
    all.filter(move |other| {
        let same = project.is_some()
            && other.compose.as_ref().map(|compose| &compose.project) == project.as_ref();
        let near = other
            .networks
            .iter()
            .any(|one| networks.contains(&one.name));
        (other.id != id || other.name != name) && (same || near)
    })
}

/// By which name a neighbour is called: networks that the user made know a service's, the
/// engine's first network knows none.
pub(super) fn name_in(container: &Container) -> &str {
    container.service()
}

/// Whether neighbours find each other by name: on the engine's own first network they do not.
pub(super) fn names_are_known(one: &Container, other: &Container) -> bool {
    let shared = one.networks.iter().filter(|network| {
        let mut there = other.networks.iter();
        there.any(|other| other.name == network.name)
    });
    let mut named = shared.filter(|network| !matches!(network.name.as_str(), "bridge" | "podman"));
    one.compose.is_some() || named.next().is_some()
}
