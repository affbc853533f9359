//! What the project's compose file says of a container.

use std::net::IpAddr;

use crate::facts::{Container, Expectation, Project, Proto, Publish, Service, is_below};
use crate::findings::{Edit, Evidence};
use crate::rules::case::{is_run_by, join};
use crate::rules::evidence::{file_of, in_file};
use crate::rules::{Case, container, fixes};

/// The service of a compose file that a container was made for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan<'a> {
    pub(super) project: &'a Project,
    pub(super) service: &'a Service,
}

/// What the user's own project says of a container.
pub(super) fn of<'a>(case: &Case<'a>, container: &Container) -> Option<Plan<'a>> {
    let project = case.own_project()?;
    let services = project.claims.seen()?.services.iter();
    services
        .map(|service| Plan { project, service })
        .find(|plan| is_run_by(container, plan.project, plan.service) && plan.is_whole(container))
}

/// Whether nothing that the user's own project says of a container was out of sight.
pub(super) fn is_settled(case: &Case, container: &Container) -> bool {
    if container.compose.is_none() {
        return true;
    }
    let folder = container::working_dir(container);
    let own = case.own_project().filter(|own| {
        // Without a folder, it may be anybody's.
        folder.is_none_or(|folder| is_below(folder, &own.root))
    });
    case.facts.projects.is_seen() && own.is_none_or(|own| own.claims.is_seen())
}

impl<'a> Plan<'a> {
    /// Whether the container was made from the files that were read, and from no others.
    fn is_whole(&self, container: &Container) -> bool {
        let main = self.service.group.as_deref().unwrap_or_default();
        let main = join(&self.project.root, main);
        let files = container.compose.iter().flat_map(|c| &c.config_files);
        files
            .into_iter()
            .all(|file| *file == main || container::is_usual(file))
    }

    /// What publishes this port of the container, over TCP.
    pub(super) fn publishing(&self, target: u16) -> Option<&'a Expectation> {
        let tcp = self
            .service
            .expects
            .iter()
            .filter(|by| by.protocol == Proto::Tcp);
        tcp.into_iter().find(|by| by.target == Some(target))
    }

    /// What gives the service this port of the machine, over TCP.
    pub(super) fn giving(&self, port: u16) -> Option<&'a Expectation> {
        let tcp = self
            .service
            .expects
            .iter()
            .filter(|by| by.protocol == Proto::Tcp);
        tcp.into_iter().find(|by| by.port == Some(port))
    }

    /// `compose.yaml:7 publishes port 3000 of web as port 3001`.
    pub(super) fn says(&self, case: &Case, by: &Expectation) -> Evidence {
        let name = &self.service.name;
        let target = by.target.unwrap_or_default();
        let there = match (by.port, &by.host) {
            (Some(port), Some(host)) if host.contains(':') => format!("as [{host}]:{port}"),
            (Some(port), Some(host)) => format!("as {host}:{port}"),
            (Some(port), None) => format!("as port {port}"),
            (None, _) => "on a port that the engine chooses".to_owned(),
        };
        let says = format!("publishes port {target} of {name} {there}");
        in_file(case, self.project, &by.origin, &says)
    }

    /// `compose.yaml:3 publishes no port 5432 of db`.
    pub(super) fn lacks(&self, case: &Case, target: u16) -> Evidence {
        let name = &self.service.name;
        let says = match self.service.expects.len() {
            0 => format!("has {name} without any `ports`"),
            _ => format!("has {name} without port {target} among its `ports`"),
        };
        in_file(case, self.project, &self.service.origin, &says)
    }

    /// The place of the service, as words name it: `compose.yaml:3`.
    pub(super) fn place(&self, case: &Case) -> String {
        let file = file_of(case, self.project, &self.service.origin.file);
        format!("{file}:{}", self.service.origin.line)
    }

    /// The edit that publishes the same port inside as another port of this machine;
    /// nothing where more stands there than numbers, or where a line more is needed.
    pub(super) fn published_as(&self, case: &Case, by: &Expectation, port: u16) -> Option<Edit> {
        let target = by.target?;
        let (open, rest) = match by.written.strip_prefix(['"', '\'']) {
            Some(rest) => by.written.split_at(by.written.len() - rest.len()),
            None => ("", by.written.as_str()),
        };
        let bare = rest.strip_suffix(open).unwrap_or(rest);
        let to = match by.port {
            // `"3001:3000"`, `127.0.0.1:3001:3000/tcp`, and `3001` of the long form.
            Some(old) => {
                let (old, new) = (old.to_string(), port.to_string());
                let parts: Vec<&str> = bare.split(':').collect();
                let at = parts.len().saturating_sub(2);
                if parts.get(at) != Some(&old.as_str()) {
                    return None;
                }
                let put = |(n, part): (usize, &&str)| match n == at {
                    true => new.clone(),
                    false => (*part).to_owned(),
                };
                let parts: Vec<String> = parts.iter().enumerate().map(put).collect();
                format!("{open}{}{open}", parts.join(":"))
            }
            // `3000` alone: the mapping needs its quotation marks.
            None if by.key == "ports" && bare == target.to_string() => {
                format!("\"{port}:{target}\"")
            }
            None => return None,
        };
        let usable = by.origin.line > 0 && !by.written.is_empty();
        usable.then(|| fixes::edit(case, self.project, &by.origin, &by.written, to))
    }

    /// The variable that sets the port of this machine.
    pub(super) fn variable(by: &'a Expectation) -> Option<&'a str> {
        let published = by
            .written
            .rsplit_once(':')
            .map_or(&*by.written, |(head, _)| head);
        let (_, name) = published.split_once('$')?;
        let name = name.strip_prefix('{').unwrap_or(name);
        let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        Some(&name[..end.unwrap_or(name.len())]).filter(|name| !name.is_empty())
    }

    /// Whether a container was told to publish a port just as the file says now.
    pub(super) fn is_kept(&self, container: &Container, by: &Expectation) -> bool {
        let kept = |publish: &Publish| {
            publish.host_port == by.port
                && Some(publish.container_port) == by.target
                && publish.proto == by.protocol
                && same_host(publish.host_ip, by.host.as_deref())
        };
        container.wants.iter().any(kept)
    }
}

/// Whether the engine's address is the one that is written. Every address of one family
/// and of both are one: engines tell them differently.
fn same_host(engine: Option<IpAddr>, written: Option<&str>) -> bool {
    let written = written.and_then(|host| host.parse::<IpAddr>().ok());
    let given = |ip: Option<IpAddr>| ip.filter(|ip| !ip.is_unspecified());
    given(engine) == given(written)
}
