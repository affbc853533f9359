//! A target by the name of a service of the user's project.

use std::net::IpAddr;
use std::sync::Arc;

use super::check::project_of;
use crate::facts::{Claims, Expectation, Known, Proto, Service, Target};
use crate::settings::Settings;
use crate::sources::projects::{self, Asked};

/// What a bare word means in a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// The port of this service.
    Target(Target),
    /// Several services have this name, and different ports: each in words.
    Several(Vec<String>),
    /// The service is there, and no file says its port.
    WithoutPort,
    /// There is none of this name.
    Unknown,
}

impl Named {
    /// Why this word is a service of the project and yet no target, in words.
    #[must_use]
    pub fn without_target(&self, word: &str) -> Option<String> {
        match self {
            Named::Several(list) => Some(format!(
                "`{word}` is {} services of this project: {}",
                list.len(),
                list.join(", ")
            )),
            Named::WithoutPort => Some(format!(
                "`{word}` is a service of this project, and no file says its port"
            )),
            Named::Target(_) | Named::Unknown => None,
        }
    }
}

/// What the files of the project that the user stands in say.
#[must_use]
pub fn claims_here(settings: &Settings) -> Known<Arc<Claims>> {
    match std::env::current_dir() {
        Ok(cwd) => {
            let cwd = cwd.to_string_lossy().into_owned();
            let root = project_of(&cwd);
            projects::claims(&root, Asked::from_folders(vec![cwd], settings))
        }
        Err(_) => Known::default(),
    }
}

/// What this word means in a project: a whole name is preferred to the last part of
/// one, and services that are on to those that are not.
#[must_use]
pub fn named(word: &str, claims: &Claims) -> Named {
    let all = || claims.services.iter();
    let mut found: Vec<&Service> = all().filter(|service| service.name == word).collect();
    if found.is_empty() {
        let last = |service: &&Service| service.name.rsplit('/').next() == Some(word);
        found = all().filter(last).collect();
    }
    if found.iter().any(|service| service.is_on()) {
        found.retain(|service| service.is_on());
    }
    if found.is_empty() {
        return Named::Unknown;
    }
    let mut ports: Vec<(&Service, &Expectation, u16)> = Vec::new();
    for service in found {
        let mut tcp = service.expects.iter().filter(|e| e.protocol == Proto::Tcp);
        if let Some((wants, port)) = tcp.find_map(|wants| Some((wants, wants.port?)))
            && ports.iter().all(|(_, _, other)| *other != port)
        {
            ports.push((service, wants, port));
        }
    }
    match ports[..] {
        [] => Named::WithoutPort,
        [(_, wants, port)] => Named::Target(Target {
            input: word.to_owned(),
            scheme: None,
            host: host(wants),
            port,
            path: None,
        }),
        _ => Named::Several(
            ports
                .iter()
                .map(|(service, wants, port)| {
                    format!("{} has port {port} ({})", service.name, wants.origin)
                })
                .collect(),
        ),
    }
}

/// The address that a client dials for a service: its own, where it has one.
fn host(wants: &Expectation) -> String {
    let own = wants
        .host
        .as_deref()
        .map(|host| host.trim_matches(['[', ']']));
    let ip = own.and_then(|host| host.parse::<IpAddr>().ok());
    match ip {
        Some(ip) if !ip.is_unspecified() => ip.to_string(),
        _ => "localhost".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, port: Option<u16>, host: Option<&str>) -> Service {
        Service {
            name: name.to_owned(),
            expects: vec![Expectation {
                port,
                host: host.map(str::to_owned),
                ..Expectation::default()
            }],
            ..Service::default()
        }
    }

    fn claims<const N: usize>(services: [Service; N]) -> Claims {
        Claims {
            services: services.to_vec(),
            ..Claims::default()
        }
    }

    fn target(named: Named) -> (String, u16) {
        match named {
            Named::Target(target) => (target.host, target.port),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_service_is_known_by_its_name_or_the_last_part_of_it() {
        let claims = claims([
            service("@acme/web", Some(3000), None),
            service("api", Some(8000), Some("127.0.0.2")),
            service("all", Some(9000), Some("0.0.0.0")),
            service("worker", None, None),
        ]);
        assert_eq!(
            target(named("web", &claims)),
            ("localhost".to_owned(), 3000)
        );
        assert_eq!(
            target(named("api", &claims)),
            ("127.0.0.2".to_owned(), 8000)
        );
        assert_eq!(
            target(named("all", &claims)),
            ("localhost".to_owned(), 9000)
        );
        assert_eq!(named("worker", &claims), Named::WithoutPort);
        assert_eq!(named("acme", &claims), Named::Unknown);
    }

    #[test]
    fn two_services_of_one_name_are_told_apart_only_by_their_ports() {
        let same = claims([
            service("web", Some(3000), None),
            service("web", Some(3000), None),
        ]);
        assert_eq!(target(named("web", &same)).1, 3000);
        let other = claims([
            service("web", Some(3000), None),
            service("web", Some(8080), None),
        ]);
        assert!(matches!(named("web", &other), Named::Several(list) if list.len() == 2));
        let mut off = service("web", Some(8080), None);
        off.profiles = vec!["debug".to_owned()];
        let off = claims([service("web", Some(3000), None), off]);
        assert_eq!(target(named("web", &off)).1, 3000);
    }
}
