//! The way on: where whoever listens passes connections on to, and what is there.

mod between;
mod joined;

use std::time::{Duration, Instant};

use self::between::{Between, status};
use self::joined::joined;
use super::parts::ask_if_enabled;
use super::why::{Doctor, Given};
use crate::facts::{
    Carries, Known, Listener, Onward, Outcome, Pointer, Process, Resolution, SaidBy,
};
use crate::rules::{Case, join, onward_target};
use crate::sources::onward::Passage;
use crate::sources::{Pending, devices, names, onward, probes};

/// How many places are followed in one diagnosis, whoever named them.
const MOST_PLACES: usize = 6;
/// How long the debug bridge may take to tell what it has set up.
const BRIDGE: Duration = Duration::from_millis(300);
/// How long a request is on its way before it is looked where it went.
const UNDER_WAY: Duration = Duration::from_millis(150);

impl Doctor<'_> {
    /// Where what came back is not the server's own word, but that of somebody on the way:
    /// looks where that one passes connections on to, and what is there.
    pub(super) fn look_at_onward(&mut self) {
        let known = self.facts.onward.items().to_vec();
        let again = known.iter().any(|one| one.port == self.target.port);
        if self.is_passive() || again || known.len() >= MOST_PLACES {
            return;
        }
        let case = Case::new(self.target, &self.facts);
        let Some(between) = Between::of(&case) else {
            // Who has failed by himself is told by what he is.
            let failed = case.probes().any(|probe| status(probe).is_some());
            let known_owners = case.listeners().all(|one| case.owner(one).is_some());
            if failed && known_owners && known.is_empty() {
                self.facts.onward = Known::Seen(Vec::new().into());
            }
            return;
        };
        let began = Instant::now();
        let mut places = match between.carries {
            Carries::Bytes | Carries::Socks => self.passages(&between),
            Carries::Requests | Carries::Tunnel => self.upstreams(&between),
        };
        places.truncate(MOST_PLACES - known.len());
        let all: Vec<Onward> = known.iter().chain(&places).cloned().collect();
        self.facts.onward = Known::Seen(all.into());
        let saw = match places.len() {
            1 => "1 place".to_owned(),
            many => format!("{many} places"),
        };
        self.looks.note("onward", saw, began);
        for place in &places {
            self.follow_onward(place);
        }
    }

    /// Where a forwarder leads, by its command line, or else that it leads away.
    fn passages(&self, between: &Between) -> Vec<Onward> {
        let case = Case::new(self.target, &self.facts);
        let Some(owner) = &between.owner else {
            return Vec::new();
        };
        let port = self.target.port;
        if between.kind == "adb" {
            let led = self.led_to_devices(owner);
            if !led.is_empty() {
                return led;
            }
        }
        let argv = owner.argv.seen().map_or(&[][..], Vec::as_slice);
        let passages = onward::of_command(&between.kind, argv);
        let here = |passage: &Passage| passage.listens.is_none_or(|listens| listens == port);
        let places: Vec<Onward> = passages
            .into_iter()
            .filter(here)
            .map(|passage| {
                let away = |_: &String| passage.socks || !ends_here(&case, &passage);
                let via = passage.via.clone().filter(away);
                let peers = match &via {
                    Some(_) => onward::peers(&[owner.id.pid], &[port]),
                    None => Known::default(),
                };
                Onward {
                    port,
                    by: Some(owner.id),
                    carries: match passage.socks {
                        true => Carries::Socks,
                        false => Carries::Bytes,
                    },
                    host: passage.host,
                    to: passage.to,
                    via,
                    peers,
                    ..Onward::default()
                }
            })
            .collect();
        if places.is_empty() {
            let peers = onward::peers(&[owner.id.pid], &[port]);
            return vec![Onward {
                port,
                by: Some(owner.id),
                said_by: SaidBy::Kind,
                peers,
                ..Onward::default()
            }];
        }
        places
    }

    /// Where the debug bridge leads the port, by its own list: it is asked where its own
    /// port is open to us.
    fn led_to_devices(&self, owner: &Process) -> Vec<Onward> {
        let case = Case::new(self.target, &self.facts);
        let own = |listener: &&Listener| {
            listener.at.port() == devices::PORT && listener.owner() == Some(owner.id)
        };
        let listeners = case.facts.listeners.items().iter();
        let Some(at) = listeners.filter(own).map(|listener| listener.at).next() else {
            return Vec::new();
        };
        let port = self.target.port;
        let forwards = devices::forwards(at, BRIDGE.min(self.budget(|of| of.whole)));
        let here = forwards.seen().into_iter().flatten();
        here.filter(|forward| forward.listens == port)
            .map(|forward| {
                let tcp = forward.to.strip_prefix("tcp:");
                Onward {
                    port,
                    by: Some(owner.id),
                    host: Some(match tcp {
                        Some(_) => "localhost".to_owned(),
                        None => forward.to.clone(),
                    }),
                    to: tcp.and_then(|port| port.parse().ok()),
                    via: Some(format!("the device {}", forward.serial)),
                    said_by: SaidBy::Bridge,
                    // The bridge knows whether it still has the device.
                    peers: match forward.ready {
                        true => Known::default(),
                        false => Known::Seen(Vec::new()),
                    },
                    ..Onward::default()
                }
            })
            .collect()
    }

    /// Where a reverse proxy leads: by the project's files, else by its own, else by the
    /// connections that it has while it is asked.
    fn upstreams(&mut self, between: &Between) -> Vec<Onward> {
        let case = Case::new(self.target, &self.facts);
        let path = self.target.path.clone().unwrap_or_default();
        let port = self.target.port;
        let by = between.owner.as_ref().map(|owner| owner.id);
        let place = |root: &str, pointer: &Pointer| Onward {
            port,
            by,
            carries: Carries::Requests,
            host: Some(pointer.host.clone()),
            to: Some(pointer.port),
            scheme: pointer.scheme.clone(),
            via: pointer.inside.then(|| "its container".to_owned()),
            said_by: SaidBy::File {
                file: join(root, &pointer.origin.file),
                line: pointer.origin.line,
                key: pointer.key.clone(),
            },
            ..Onward::default()
        };
        let projects = self.facts.projects.items().iter();
        let mut named: Vec<Onward> = projects
            .filter_map(|project| Some((project, project.claims.seen()?)))
            .flat_map(|(project, claims)| {
                let told = between.pointers(project, claims);
                told.into_iter()
                    .filter(|pointer| leads(pointer, &path))
                    .map(|pointer| place(&project.root, pointer))
            })
            .collect();
        if named.is_empty() {
            let processes = case.every_process().collect::<Vec<_>>();
            let own: Vec<&Process> = match &between.owner {
                Some(owner) => std::iter::once(owner)
                    .chain(case.ancestors(owner))
                    .collect(),
                None => processes,
            };
            if let Some(folder) = onward::config_of(&between.kind, &own) {
                let budget = self.budget(|of| of.projects);
                let claims = crate::sources::projects::claims(&folder, budget);
                let told = claims.seen().map_or(&[][..], |claims| &claims.pointers);
                named.extend(told.iter().map(|pointer| place(&folder, pointer)));
            }
        }
        // One server is one place, however often it is named.
        let mut places: Vec<Onward> = Vec::new();
        for one in named {
            let same = |other: &Onward| (&other.host, other.to) == (&one.host, one.to);
            if !places.iter().any(same) {
                places.push(one);
            }
        }
        if places.is_empty() && between.silent {
            places = self.connected_meanwhile(between);
        }
        places
    }

    /// The servers of this machine to which a process is connected while we ask it.
    fn connected_meanwhile(&self, between: &Between) -> Vec<Onward> {
        let case = Case::new(self.target, &self.facts);
        let Some(probe) = case.probe_that(Outcome::Silent) else {
            return Vec::new();
        };
        let pids: Vec<u32> = case
            .listeners()
            .flat_map(|listener| case.holders(listener))
            .map(|holder| holder.id.pid)
            .collect();
        let ports: Vec<u16> = self
            .facts
            .listeners
            .items()
            .iter()
            .filter(|listener| {
                let owners = listener.owners.seen().map_or(&[][..], Vec::as_slice);
                owners.iter().any(|owner| pids.contains(&owner.pid))
            })
            .map(|listener| listener.at.port())
            .collect();
        let before = onward::peers(&pids, &ports);
        let mut dialling = probes::dial(&[probe.to], &self.ask());
        dialling.wait(UNDER_WAY);
        let during = onward::peers(&pids, &ports);
        let _ = dialling.finish();
        let before = before.seen().map_or(&[][..], Vec::as_slice);
        let made = during.seen().map_or(&[][..], Vec::as_slice).iter();
        made.filter(|to| !before.contains(to) && case.is_local(to.ip()) == Some(true))
            .map(|to| Onward {
                port: self.target.port,
                by: between.owner.as_ref().map(|owner| owner.id),
                carries: Carries::Requests,
                host: Some(to.ip().to_string()),
                to: Some(to.port()),
                said_by: SaidBy::Connection,
                ..Onward::default()
            })
            .collect()
    }

    /// Diagnoses a place as if it had been asked for, where it is on this machine, or
    /// where the question itself leads off it.
    pub(super) fn follow_onward(&mut self, place: &Onward) {
        let Some(target) = onward_target(self.target, place) else {
            return;
        };
        let outward = Case::new(self.target, &self.facts).on_another_machine();
        let given = Given {
            folder: self.given.folder.clone(),
            ..Given::default()
        };
        let mut facts = self.facts.clone();
        // What the client's own proxies are, is no matter of the next one's.
        facts.host.proxies.clear();
        let mut next = Doctor {
            began: self.began,
            looks: std::mem::take(&mut self.looks),
            engines: ask_if_enabled(Some(target.port), self.settings),
            facts,
            ..Doctor::new(&target, self.settings, given)
        };
        next.resolve_as_next();
        let case = Case::new(&target, &next.facts);
        if case.on_this_machine() || outward {
            next.dial();
            next.second_look();
        }
        let (looks, seen) = (next.looks, next.facts);
        self.looks = looks;
        self.facts = joined(std::mem::take(&mut self.facts), seen);
    }

    /// The addresses of a name that has not been asked for before.
    fn resolve_as_next(&mut self) {
        let host = self.target.host.clone();
        let mut known = self.facts.resolutions.iter();
        if self.target.ip().is_some() || known.any(|one| one.name.eq_ignore_ascii_case(&host)) {
            return;
        }
        // A name is asked for outside of this machine, unless the hosts file has it.
        let hosts = self.facts.host.hosts_file.items().iter();
        let own = hosts
            .flat_map(|entry| &entry.names)
            .any(|name| *name == host);
        let outward = Case::new(self.target, &self.facts).on_another_machine();
        if !own && !self.target.is_localhost_name() && !outward {
            return;
        }
        let budget = self.budget(|of| of.names);
        let name = host.clone();
        let pending = Pending::begin("resolver", move || names::resolve(&name, budget));
        let resolution = match pending.wait(budget) {
            Known::Seen(resolution) => resolution,
            Known::Unseen(gap) => Resolution::unseen(&host, gap),
        };
        let all = self.facts.resolutions.iter().cloned().chain([resolution]);
        self.facts.resolutions = all.collect();
    }
}

/// Whether a setting concerns this path: that of `/api` does not concern `/`.
fn leads(pointer: &Pointer, path: &str) -> bool {
    let path = format!("/{}", path.trim_start_matches('/'));
    let paths = &pointer.paths;
    paths.is_empty() || paths.iter().any(|begin| path.starts_with(begin.as_str()))
}

/// Whether the machine to which a tunnel leads is this one: its server runs here.
fn ends_here(case: &Case, passage: &Passage) -> bool {
    let loopback = |host: &str| {
        let ip = host.parse().map(|ip: std::net::IpAddr| ip.is_loopback());
        host.eq_ignore_ascii_case("localhost") || ip == Ok(true)
    };
    let port = passage.via_port.unwrap_or(22);
    let serves = |listener: &&Listener| {
        let owner = case.owner(listener);
        listener.at.port() == port && owner.is_some_and(|owner| owner.comm == "sshd")
    };
    passage.via.as_deref().is_some_and(loopback)
        && case.facts.listeners.items().iter().any(|one| serves(&one))
}
