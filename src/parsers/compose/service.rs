//! One service of a compose project as a claim.

use std::collections::HashMap;

use super::interpolate::{Amiss, Variables};
use super::ports::{self, Port};
use super::{dockerfile, environment, merge};
use crate::facts::{
    BrokenFile, Claims, Expectation, IgnoredSetting, Origin, Proto, Runs, Service, SetBy,
    UnknownSetting,
};
use crate::parsers::context::Context;
use crate::parsers::format::yaml::{Entry, Kind, Yaml};
use crate::parsers::pointers;

/// How many ports one service may publish; more is a range by mistake.
const MOST_PORTS: usize = 10_000;

/// One compose project, its files put together.
pub(super) struct Project<'p> {
    pub(super) cx: &'p Context<'p>,
    pub(super) name: Option<String>,
    /// The folder from which the tool is run.
    pub(super) folder: &'p str,
    /// The file that its services start together from.
    pub(super) group: &'p str,
    /// What the tool must be told besides.
    pub(super) flags: &'p [String],
    pub(super) profiles_on: Vec<&'p str>,
    pub(super) variables: &'p Variables,
    pub(super) services: &'p [Entry],
    pub(super) amiss: &'p [(Origin, Amiss)],
}

impl Project<'_> {
    /// Adds the claims of all services.
    pub(super) fn tell(&self, claims: &mut Claims) {
        for entry in self.services {
            // One that two projects include is told once.
            let told = claims.services.iter().any(|told| told.origin == entry.at);
            if !told {
                let service = self.service(entry, claims);
                claims.services.push(service);
            }
        }
    }

    fn service(&self, entry: &Entry, claims: &mut Claims) -> Service {
        let says = &entry.value;
        let listed = |key: &str| says.get(key).map_or(&[][..], Yaml::items);
        let profiles: Vec<String> = listed("profiles")
            .iter()
            .filter_map(|profile| profile.plain().map(str::to_owned))
            .collect();
        let on = |profile: &String| self.profiles_on.contains(&profile.as_str());
        let profile_on = profiles.iter().any(on) || self.profiles_on.contains(&"*");
        let mut service = Service {
            name: entry.key.clone(),
            folder: self.folder.to_owned(),
            origin: entry.at.clone(),
            runs: Runs::Container,
            start: self.start(&entry.key, &profiles, profile_on),
            profiles,
            profile_on,
            compose_project: Some(self.name.clone().unwrap_or_default()),
            group: Some(self.group.to_owned()),
            ..Service::default()
        };
        let image = dockerfile::of(self.cx, says, claims);
        service.framework = dockerfile::framework(says, image.as_ref());
        self.ports(says, &mut service, claims);
        self.pointers(entry, claims);
        service
    }

    fn start(&self, name: &str, profiles: &[String], profile_on: bool) -> Vec<String> {
        let mut argv: Vec<String> = ["docker", "compose"].map(str::to_owned).into();
        argv.extend(self.flags.iter().cloned());
        if let Some(profile) = profiles.first().filter(|_| !profile_on) {
            argv.extend(["--profile".to_owned(), profile.clone()]);
        }
        argv.extend(["up", "-d", name].map(str::to_owned));
        argv
    }

    /// What is amiss with the variables of a value, or of one within it.
    fn amiss(&self, value: &Yaml) -> Option<&Amiss> {
        let own = self.amiss.iter().find(|(at, _)| *at == value.origin);
        let within = || {
            value
                .entries()
                .iter()
                .find_map(|entry| self.amiss(&entry.value))
        };
        own.map(|(_, amiss)| amiss).or_else(within)
    }

    fn ports(&self, says: &Yaml, service: &mut Service, claims: &mut Claims) {
        let mut places: HashMap<(String, Option<u16>, u16, bool), usize> = HashMap::new();
        let items = says.get("ports").map_or(&[][..], Yaml::items);
        let discarded = discarded(says);
        for item in items {
            let amiss = self.amiss(item);
            if let Some(amiss) = amiss {
                service.unknown.push(UnknownSetting {
                    key: "ports".to_owned(),
                    origin: item.origin.clone(),
                    why: match amiss {
                        Amiss::Unset(name) => format!("the variable {name} is not set"),
                        Amiss::Refused(problem) => problem.to_string(),
                    },
                });
            }
            if matches!(amiss, Some(Amiss::Refused(_))) {
                continue;
            }
            let found = match ports::of(item) {
                Ok(found) => found,
                Err(why) => {
                    let what = format!("compose refuses this port: {why}");
                    let origin = item.origin.clone();
                    claims.broken.push(BrokenFile { origin, what });
                    continue;
                }
            };
            for port in found {
                if let Some(why) = &discarded {
                    claims.ignored.push(IgnoredSetting {
                        service: service.name.clone(),
                        framework: service.framework.clone().unwrap_or_default(),
                        key: "ports".to_owned(),
                        port: port.published,
                        origin: item.origin.clone(),
                        why: why.clone(),
                    });
                    continue;
                }
                if service.expects.len() >= MOST_PORTS {
                    claims.cut = true;
                    break;
                }
                let expects = expectation(item, &port);
                // Compose takes one that comes again for the same, and the last one holds.
                let host = port.host.as_deref().unwrap_or("0.0.0.0").to_owned();
                let udp = port.proto == Proto::Udp;
                let key = (host, port.published, port.target, udp);
                match places.get(&key) {
                    Some(&at) => service.expects[at] = expects,
                    None => {
                        places.insert(key, service.expects.len());
                        service.expects.push(expects);
                    }
                }
            }
        }
    }

    /// The addresses that the service's variables name.
    fn pointers(&self, service: &Entry, claims: &mut Claims) {
        let names: Vec<&str> = self.services.iter().map(|e| e.key.as_str()).collect();
        let near = |host: &str| names.contains(&host) || pointers::is_here(host);
        let told = |key: &str, value: &str, origin: &Origin, written: &str| {
            let setting = pointers::Setting {
                service: &service.key,
                key,
                value,
                origin,
                written,
                inside: true,
            };
            pointers::of(&setting, &near)
        };
        let says = &service.value;
        let own = merge::keyed(says.get("environment").cloned().unwrap_or(says.clone()));
        let own: &[Entry] = match says.get("environment") {
            Some(_) => own.entries(),
            None => &[],
        };
        for entry in own {
            let value = &entry.value;
            if let Kind::Text(text) = &value.kind {
                let found = told(&entry.key, text, &value.origin, &value.written);
                claims.pointers.extend(found);
            }
        }
        for file in says.get("env_file").map_or(&[][..], Yaml::items) {
            let path = file.get("path").unwrap_or(file);
            let Some(path) = path.plain() else { continue };
            let mut before = Variables::new();
            for variable in environment::entries(self.cx, path, claims) {
                let value = environment::value(&variable, self.variables, &before);
                if !own.iter().any(|entry| entry.key == variable.name) {
                    let found = told(&variable.name, &value, &variable.origin, &variable.written);
                    claims.pointers.extend(found);
                }
                before.insert(variable.name, value);
            }
        }
    }
}

/// Why the engine publishes nothing of this service, whatever its `ports` say.
fn discarded(says: &Yaml) -> Option<String> {
    let mode = says.get("network_mode")?.plain()?;
    let why = match mode {
        "host" => "the service has the network of the host",
        "none" => "the service has no network",
        _ if mode.starts_with("service:") || mode.starts_with("container:") => {
            "the service has the network of another container"
        }
        _ => return None,
    };
    Some(format!(
        "`network_mode: {mode}`: {why}, and its ports are discarded"
    ))
}

fn expectation(item: &Yaml, port: &Port) -> Expectation {
    // In the long form, the key that sets the port on this machine; or else the one of
    // the port inside.
    let published = item.get("published").filter(|p| p.plain().is_some());
    let (key, place) = match (published, item.get("target")) {
        (Some(published), _) => ("ports.published", published),
        (None, Some(target)) => ("ports.target", target),
        (None, None) => ("ports", item),
    };
    Expectation {
        port: port.published,
        host: port.host.clone(),
        protocol: port.proto,
        target: Some(port.target),
        origin: place.origin.clone(),
        by: SetBy::Config,
        key: key.to_owned(),
        written: place.written.clone(),
        host_origin: port.host.as_ref().map(|_| {
            let host = item.get("host_ip").unwrap_or(item);
            host.origin.clone()
        }),
        certain: !has_variable(item),
    }
}

/// Whether some variable has a say in a value.
fn has_variable(yaml: &Yaml) -> bool {
    yaml.written.replace("$$", "").contains('$')
        || yaml
            .entries()
            .iter()
            .any(|entry| has_variable(&entry.value))
}
