//! The way on: where whoever listens passes connections on to, and what is there.

use std::time::{Duration, Instant};

use super::parts::ask_if_enabled;
use super::why::{Doctor, Given};
use crate::facts::{
    Carries, Claims, Known, Listener, Onward, Outcome, Pointer, Probe, Process, Project,
    Resolution, SaidBy, Snapshot, is_below,
};
use crate::rules::{Case, join, onward_target};
use crate::sources::onward::Passage;
use crate::sources::{Pending, names, onward, probes};

/// How many places are followed in one diagnosis, whoever named them.
const MOST_PLACES: usize = 6;
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
        let argv = owner.argv.seen().map_or(&[][..], Vec::as_slice);
        let port = self.target.port;
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

/// Whoever stands between the client and the server.
struct Between {
    /// The key of its row in the catalogue.
    kind: String,
    carries: Carries,
    owner: Option<Process>,
    /// Whether it says nothing at all.
    silent: bool,
}

/// Forwarders that are an engine's, whose containers are looked at in another way.
const ENGINES: &[&str] = &[
    "docker-proxy",
    "dockerd",
    "docker-desktop",
    "orbstack",
    "lima",
    "rootlessport",
    "conmon",
    "pasta",
    "gvproxy",
    "wslrelay",
];

/// Servers that answer in the name of others.
const REVERSE_PROXIES: &[&str] = &["nginx", "caddy", "traefik", "haproxy", "apache"];

impl Between {
    /// Who gave the answer, where it may be about somebody else.
    fn of(case: &Case) -> Option<Self> {
        let probe = case.probes().find(|probe| {
            let cut = matches!(
                probe.outcome,
                Outcome::Reset | Outcome::Closed | Outcome::Silent
            );
            cut || status(probe).is_some()
        })?;
        let silent = probe.outcome == Outcome::Silent;
        let listener = case.listener_for(probe.to.ip())?;
        let Some(owner) = case.owner(listener) else {
            // Another user's: what it calls itself is all there is.
            let server = status(probe)??.to_ascii_lowercase();
            let kind = REVERSE_PROXIES
                .iter()
                .find(|key| server.starts_with(*key))?;
            return Some(Between {
                kind: (*kind).to_owned(),
                carries: Carries::Requests,
                owner: None,
                silent,
            });
        };
        let row = case.framework(owner)?;
        // What it serves on its own port is its own: the page of ngrok, the bridge of adb.
        let own = row.port == Some(case.port());
        let carries = if row.forwarder && !own && !ENGINES.contains(&row.key.as_str()) {
            Carries::Bytes
        } else if REVERSE_PROXIES.contains(&row.key.as_str()) || row.dev_server {
            // Both answer by themselves what they cannot pass on.
            (silent || status(probe).is_some()).then_some(Carries::Requests)?
        } else {
            return None;
        };
        Some(Between {
            kind: row.key.clone(),
            carries,
            owner: Some(owner.clone()),
            silent,
        })
    }

    /// The addresses of other servers that the files of a project give to this one.
    fn pointers<'a>(&self, project: &Project, claims: &'a Claims) -> Vec<&'a Pointer> {
        let mine = |pointer: &&Pointer| {
            let file = pointer.origin.file.as_str();
            match self.kind.as_str() {
                "nginx" => file.ends_with(".conf") || file.ends_with(".nginx"),
                "caddy" => file.to_ascii_lowercase().contains("caddyfile"),
                _ => self.is_dev_proxys(project, pointer),
            }
        };
        let all = claims.pointers.iter().filter(|pointer| !pointer.inside);
        all.filter(mine).collect()
    }

    /// Whether a setting is the proxy of the development server that this one is.
    fn is_dev_proxys(&self, project: &Project, pointer: &Pointer) -> bool {
        let proxies = ["proxy", "rewrites", "routeRules"];
        let named = proxies.iter().any(|word| pointer.key.contains(word));
        let cwd = self.owner.as_ref().and_then(|owner| owner.cwd.seen());
        let folder = match pointer.origin.file.rsplit_once('/') {
            Some((folder, _)) => join(&project.root, folder),
            None => project.root.clone(),
        };
        named && cwd.is_some_and(|cwd| is_below(cwd, &folder))
    }
}

/// The name under which somebody says that he, or the server behind him, has failed.
fn status(probe: &Probe) -> Option<Option<&str>> {
    let said = probe.greeting.seen()?.http.as_ref()?;
    matches!(said.status, 500 | 502..=504).then_some(said.server.as_deref())
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

/// What was seen of a target and of the one behind it.
fn joined(first: Snapshot, next: Snapshot) -> Snapshot {
    let mut probes = first.probes.to_vec();
    for probe in next.probes.iter() {
        if probes.iter().all(|known| known.to != probe.to) {
            probes.push(probe.clone());
        }
    }
    let host = crate::facts::Host {
        proxies: first.host.proxies,
        firewall: both(first.host.firewall, next.host.firewall, |one, _| one),
        ..next.host
    };
    Snapshot {
        host,
        probes: probes.into(),
        processes: both(first.processes, next.processes, |one, other| {
            let mut all = other.to_vec();
            let more = one
                .iter()
                .filter(|old| other.iter().all(|new| new.id != old.id));
            all.extend(more.cloned());
            all.into()
        }),
        projects: both(first.projects, next.projects, |one, other| {
            let mut all = one.to_vec();
            for project in other.iter() {
                match all.iter_mut().find(|known| known.root == project.root) {
                    Some(known) if !known.claims.is_seen() => *known = project.clone(),
                    Some(_) => {}
                    None => all.push(project.clone()),
                }
            }
            all.into()
        }),
        containers: both(first.containers, next.containers, |one, other| {
            let mut all = one.to_vec();
            for container in other.iter() {
                // Of the one behind the port that was asked for, more is known.
                match all.iter_mut().find(|known| known.id == container.id) {
                    Some(known) if container.inside.is_seen() => *known = container.clone(),
                    Some(_) => {}
                    None => all.push(container.clone()),
                }
            }
            all.into()
        }),
        udp: both(first.udp, next.udp, chained),
        elsewhere: both(first.elsewhere, next.elsewhere, chained),
        departed: both(first.departed, next.departed, chained),
        ..next
    }
}

fn chained<T: Clone>(one: std::sync::Arc<[T]>, other: std::sync::Arc<[T]>) -> std::sync::Arc<[T]> {
    one.iter().chain(other.iter()).cloned().collect()
}

/// What two looks saw; where only one was made, what that one did.
fn both<T>(one: Known<T>, other: Known<T>, join: impl FnOnce(T, T) -> T) -> Known<T> {
    match (one, other) {
        (Known::Seen(one), Known::Seen(other)) => Known::Seen(join(one, other)),
        (seen @ Known::Seen(_), _) => seen,
        (_, other) => other,
    }
}
