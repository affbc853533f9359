//! `devdoctor why`: looks at what the question needs, and no more.
//!
//! Everything that can be asked at once is asked at once. What takes long (an
//! engine, a firewall's rules, other namespaces) is looked at only if the answer
//! hangs on it, so a server that answers is reported without waiting for anybody.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use crate::facts::{
    Known, Listener, Outcome, ProcId, ProcState, Process, Protocol, Resolution, Snapshot, Target,
};
use crate::findings::{Confidence, Report, Severity};
use crate::rules::Case;
use crate::settings::{Settings, Timeouts};
use crate::sources::{
    Pending, containers, firewall, host, names, probes, processes, projects, sockets,
};

use super::flaps::{self, Flap};
use super::looks::{Looks, count};
use super::parts::{
    ask_engines, ask_if_enabled, find_owners, is_below, listeners, look_at_processes, now,
};
use super::replay;

/// How long a process that is stopped is given, in case it is woken just now.
const STOPPED: Duration = Duration::from_millis(100);

/// How long a process may take to end once it has closed its sockets.
const ENDING: Duration = Duration::from_millis(100);

/// A diagnosis together with the facts it rests on.
#[derive(Debug, Clone)]
pub struct Recording {
    /// What was seen.
    pub facts: Snapshot,
    /// What the rules make of it.
    pub report: Report,
}

/// Diagnoses a target: facts, probes, rules, report.
#[must_use]
pub fn why(target: &Target, settings: &Settings) -> Recording {
    let mut doctor = Doctor::new(target, settings);
    doctor.first_look();
    doctor.dial();
    doctor.second_look();
    doctor.report()
}

/// The state of one diagnosis.
struct Doctor<'a> {
    target: &'a Target,
    settings: &'a Settings,
    began: Instant,
    looks: Looks,
    facts: Snapshot,
    engines: Option<Pending<containers::Containers>>,
    protocol: Option<Protocol>,
    flap: Option<Flap>,
    /// Whether other sockets listened on the port at the second look.
    changed: bool,
}

impl<'a> Doctor<'a> {
    fn new(target: &'a Target, settings: &'a Settings) -> Self {
        let engines = ask_if_enabled(Some(target.port), settings);
        Doctor {
            target,
            settings,
            began: Instant::now(),
            looks: Looks::default(),
            facts: Snapshot {
                taken: now(),
                ..Snapshot::default()
            },
            engines,
            protocol: target.protocol(),
            flap: None,
            changed: false,
        }
    }

    /// The budget of one look, within what is left of the whole.
    fn budget(&self, of: impl FnOnce(&Timeouts) -> Duration) -> Duration {
        let timeouts = &self.settings.timeouts;
        of(timeouts).min(timeouts.whole.saturating_sub(self.began.elapsed()))
    }

    /// The host, the name and the sockets: microseconds, needed by every question.
    fn first_look(&mut self) {
        let resolution = self.target.ip().is_none().then(|| {
            let name = self.target.host.clone();
            let budget = self.budget(|of| of.names);
            let began = Instant::now();
            (
                began,
                Pending::begin("resolver", move || names::resolve(&name, budget)),
            )
        });
        self.facts.host = self.looks.at("host", host::look, |host| {
            count(&host.addresses, |list| list.len(), "address").replace("addresss", "addresses")
        });
        let (tcp, by) = listeners(&mut self.looks, None);
        self.facts.host.sockets_by = Some(by);
        self.facts.listeners = tcp.map(Into::into);
        if let Some((began, pending)) = resolution {
            let resolution = match pending.wait(self.budget(|of| of.names)) {
                Known::Seen(resolution) => resolution,
                Known::Unseen(gap) => Resolution::unseen(&self.target.host, gap),
            };
            let saw = match (&resolution.addresses, &resolution.error) {
                (Known::Seen(list), _) => {
                    let list: Vec<_> = list.iter().map(ToString::to_string).collect();
                    list.join(", ")
                }
                (Known::Unseen(_), Some(error)) => format!("{error:?}"),
                (Known::Unseen(gap), None) => gap.to_string(),
            };
            self.looks.note("name", saw, began);
            self.facts.resolutions = [resolution].into();
        }
    }

    /// Connects to every address, and meanwhile looks who owns the port.
    fn dial(&mut self) {
        let addresses: Vec<SocketAddr> = Case::new(self.target, &self.facts)
            .addresses()
            .into_iter()
            .map(|ip| SocketAddr::new(ip, self.target.port))
            .collect();
        // Without a scheme, a server that is known by its process is greeted as what it is.
        let by_owner = self.protocol.is_none() && self.target.scheme.is_none();
        if by_owner {
            self.look_at_owners();
            self.protocol = self.protocol_of_owner();
        }
        let ask = self.ask();
        let began = Instant::now();
        let proxies = self.knock_at_proxies();
        let mut dialling = probes::dial(&addresses, &ask);
        if !by_owner {
            self.look_at_owners();
        }
        let connecting = addresses
            .iter()
            .map(|to| ask.connect_budget(*to))
            .max()
            .unwrap_or_default();
        let sample = processes::cpu_sample(&self.ids_of_port());
        // A stopped process will not answer, however long we wait.
        if self.owners_are_stopped() {
            dialling.wait(STOPPED);
        } else if !dialling.wait(self.budget(|of| of.silence)) {
            self.look_again(&sample);
            let patience = if self.owners_are_working() {
                self.budget(|of| of.first_response)
            } else {
                connecting
            };
            dialling.wait(patience);
        }
        let mut probes = dialling.finish();
        if probes.iter().any(|probe| !probe.outcome.well()) {
            self.look_again(&sample);
        }
        // Who has come just now was not there to be met.
        if self.changed
            && Case::new(self.target, &self.facts)
                .listeners()
                .next()
                .is_some()
        {
            let mut dialling = probes::dial(&addresses, &ask);
            dialling.wait(self.budget(|of| of.first_response));
            probes = dialling.finish();
        }
        let saw: Vec<_> = probes
            .iter()
            .map(|probe| format!("{} {}", probe.to, probe.outcome.word()))
            .collect();
        self.looks.note("probes", saw.join(", "), began);
        self.facts.probes = probes.into();
        for (at, pending) in proxies {
            let reachable = pending.wait(self.budget(|of| of.connect_remote));
            self.facts.host.proxies[at].reachable = reachable.seen().copied().flatten();
        }
    }

    /// Begins to connect to the proxies of the environment: those of this machine, and
    /// others only if the target itself is on another machine.
    fn knock_at_proxies(&self) -> Vec<(usize, Pending<Option<bool>>)> {
        let case = Case::new(self.target, &self.facts);
        let outward = !case.on_this_machine();
        let budget = self.budget(|of| of.connect_remote);
        let proxies = self.facts.host.proxies.iter().enumerate();
        proxies
            .filter(|(_, proxy)| {
                let own = |ip: IpAddr| case.is_local(ip) == Some(true);
                let here = proxy.host == "localhost" || proxy.host.parse().is_ok_and(own);
                here || outward
            })
            .map(|(at, proxy)| {
                let (host, port) = (proxy.host.clone(), proxy.port);
                let knock = move || probes::knock(&host, port, budget);
                (at, Pending::begin("proxy", knock))
            })
            .collect()
    }

    fn ask(&self) -> probes::Ask {
        let own = self.facts.host.addresses.items();
        probes::Ask {
            protocol: self.protocol,
            web: self.target.scheme.is_none_or(crate::facts::Scheme::is_web),
            host: self.target.host.clone(),
            path: self.target.path.clone().unwrap_or_else(|| "/".to_owned()),
            connect_local: self.budget(|of| of.connect_local),
            connect_remote: self.budget(|of| of.connect_remote),
            own_addresses: own.iter().map(|address| address.ip).collect(),
        }
    }

    /// The looks that only a failure needs.
    fn second_look(&mut self) {
        let case = Case::new(self.target, &self.facts);
        let failed = case.failure().is_some() || case.probes().next().is_none();
        let here = case.on_this_machine();
        let nobody = case.nobody_listens();
        let blocked = case.probes().any(|probe| {
            matches!(
                probe.outcome,
                Outcome::Refused | Outcome::TimedOut | Outcome::Unreachable | Outcome::Denied
            )
        });
        let owner_hidden = case.listeners().any(|listener| {
            case.owner(listener)
                .is_none_or(|process| case.is_forwarder(process))
        });
        let covered: Vec<IpAddr> = case
            .probes()
            .filter(|probe| !probe.outcome.connected())
            .map(|probe| probe.to.ip())
            .filter(|ip| case.may_be_covered(*ip))
            .collect();
        if failed || owner_hidden {
            let engines = self.engines.take();
            let budget = self.budget(|of| of.engines);
            ask_engines(&mut self.looks, &mut self.facts, engines, budget);
        }
        self.look_at_projects();
        if !failed || !here {
            return;
        }
        if nobody {
            let port = self.target.port;
            let began = Instant::now();
            self.facts.udp = sockets::udp(Some(port)).map(Into::into);
            self.facts.unix_listeners = sockets::unix_listeners().map(Into::into);
            self.facts.elsewhere = sockets::elsewhere(port).map(Into::into);
            let saw = count(&self.facts.elsewhere, |list| list.len(), "listener");
            self.looks.note("elsewhere", saw, began);
            let root = Case::new(self.target, &self.facts)
                .project()
                .map(|project| project.root.clone());
            let began = Instant::now();
            // A sure answer is not kept waiting for a server that may come and go.
            let watch = match self.is_sure() {
                true => Duration::ZERO,
                false => self.budget(|_| processes::WATCH),
            };
            let mut departed = processes::departed(root.as_deref(), watch);
            if let Some(flap) = self.flap.take().filter(has_ended) {
                let mut list = departed.seen().cloned().unwrap_or_default();
                flap.join(&mut list);
                departed = Known::Seen(list);
            }
            self.facts.departed = departed.map(Into::into);
            let saw = count(&self.facts.departed, |list| list.len(), "ended server");
            self.looks.note("departed", saw, began);
            self.add_watchers(root.as_deref());
            self.add_owners_elsewhere();
        }
        // Only where somebody listens and yet nobody gets through can a firewall be the cause.
        if blocked && let Some(ip) = covered.first() {
            let to = SocketAddr::new(*ip, self.target.port);
            let ask = probes::Ask {
                protocol: None,
                connect_local: Duration::from_millis(300),
                ..self.ask()
            };
            let budget = self.budget(|of| of.firewall);
            let again = || {
                let mut dialling = probes::dial(&[to], &ask);
                dialling.wait(Duration::from_millis(300));
            };
            self.facts.host.firewall = self.looks.at(
                "firewall",
                || firewall::look(to.port(), budget, again),
                |seen| count(seen, |firewall| firewall.rules.len(), "rule"),
            );
        }
    }

    fn report(self) -> Recording {
        let mut report = replay(self.target, &self.facts);
        let settings = self.settings;
        report
            .findings
            .retain(|finding| !settings.allows(&finding.code, &finding.name));
        (report.looks, report.took_ms) = self.looks.finish();
        Recording {
            facts: self.facts,
            report,
        }
    }

    // --- who owns the port ------------------------------------------------

    fn ids_of_port(&self) -> Vec<ProcId> {
        let case = Case::new(self.target, &self.facts);
        case.listeners()
            .filter_map(|listener| listener.owners.seen())
            .flatten()
            .copied()
            .collect()
    }

    fn look_at_owners(&mut self) {
        let Known::Seen(list) = &self.facts.listeners else {
            return;
        };
        let mut list = list.to_vec();
        let port = self.target.port;
        list.sort_by_key(|listener| listener.at.port() != port);
        let asked = list.partition_point(|listener| listener.at.port() == port);
        find_owners(&mut self.looks, &mut list[..asked]);
        self.facts.listeners = Known::Seen(list.into());
        let ids = self.ids_of_port();
        let cwd = self.facts.host.cwd.clone();
        self.facts.processes = look_at_processes(
            &mut self.looks,
            &ids,
            processes::look,
            &mut self.facts.projects,
            cwd,
        );
    }

    /// Looks once more at what changes while a server is silent: the accept queue, and
    /// what its processes did meanwhile.
    fn look_again(&mut self, sample: &processes::CpuSample) {
        let port = self.target.port;
        let began = Instant::now();
        let fresh = sockets::listeners(Some(port)).listeners;
        if let (Known::Seen(old), Known::Seen(fresh)) = (self.facts.listeners.clone(), fresh) {
            let old = &old[..];
            if flaps::changed(port, old, &fresh) {
                let processes = self.facts.processes.items();
                self.flap = Flap::of(port, old, processes).or(self.flap.take());
                self.changed = true;
                let others = old.iter().filter(|l| l.at.port() != port).cloned();
                let list: Vec<_> = fresh.into_iter().chain(others).collect();
                self.facts.listeners = Known::Seen(list.into());
                self.look_at_owners();
                return;
            }
            let mut list = old.to_vec();
            for listener in list.iter_mut().filter(|l| l.at.port() == port) {
                if let Some(now) = fresh
                    .iter()
                    .find(|now| now.inode == listener.inode && now.at == listener.at)
                {
                    listener.queue = now.queue.clone();
                }
            }
            self.facts.listeners = Known::Seen(list.into());
        }
        if let Known::Seen(known) = &self.facts.processes {
            let ids: Vec<_> = known.iter().map(|process| process.id).collect();
            let mut fresh = processes::look(&ids);
            for process in &mut fresh {
                let before = known.iter().find(|old| old.id == process.id);
                process.project = before.and_then(|old| old.project.clone());
            }
            processes::cpu_since(sample, &mut fresh);
            self.facts.processes = Known::Seen(fresh.into());
        }
        self.looks.note("owners, again", String::new(), began);
    }

    fn holders(&self) -> Vec<&Process> {
        let ids = self.ids_of_port();
        self.facts
            .processes
            .items()
            .iter()
            .filter(|process| ids.contains(&process.id))
            .collect()
    }

    fn owners_are_stopped(&self) -> bool {
        let holders = self.holders();
        !holders.is_empty()
            && holders
                .iter()
                .all(|p| matches!(p.state, ProcState::Stopped | ProcState::Traced))
    }

    /// Whether the owners took the connection and are busy with it: a page that is
    /// compiled on demand takes long, and is no fault.
    fn owners_are_working(&self) -> bool {
        let case = Case::new(self.target, &self.facts);
        let accepted = case
            .listeners()
            .all(|l| l.queue.seen().is_none_or(|queue| queue.waiting == 0));
        accepted
            && self
                .holders()
                .iter()
                .any(|p| p.cpu.seen().is_some_and(|cpu| cpu.percent() >= 20))
    }

    fn protocol_of_owner(&self) -> Option<Protocol> {
        let case = Case::new(self.target, &self.facts);
        if case.on_another_machine() {
            return None;
        }
        let holders = self.holders();
        holders
            .iter()
            .find_map(|process| case.framework(process)?.speaks())
    }

    fn look_at_projects(&mut self) {
        if self.facts.projects.is_seen() {
            return;
        }
        let folders: Vec<String> = self.facts.host.cwd.clone().into_iter().collect();
        self.facts.projects = Known::Seen(projects::roots(&folders).into());
    }

    /// Whether some rule is certain of a cause already.
    fn is_sure(&self) -> bool {
        let findings = replay(self.target, &self.facts).findings;
        findings.iter().any(|finding| {
            finding.confidence == Confidence::Certain && finding.severity > Severity::Info
        })
    }

    /// Names the watchers whose server has gone.
    fn add_watchers(&mut self, root: Option<&str>) {
        let known = self.facts.processes.items();
        let ids: Vec<ProcId> = self
            .facts
            .departed
            .items()
            .iter()
            .filter_map(|departed| departed.watcher)
            .filter(|id| known.iter().all(|process| process.id != *id))
            .collect();
        if ids.is_empty() {
            return;
        }
        let mut all = known.to_vec();
        for mut process in processes::look(&ids) {
            let cwd = process.cwd.seen().map(String::as_str);
            let below = |root: &&str| cwd.is_some_and(|cwd| is_below(cwd, root));
            process.project = root.filter(below).map(str::to_owned);
            if all.iter().all(|known| known.id != process.id) {
                all.push(process);
            }
        }
        self.facts.processes = Known::Seen(all.into());
    }

    /// Names the processes that hold the port in other namespaces.
    fn add_owners_elsewhere(&mut self) {
        let ids: Vec<ProcId> = self
            .facts
            .elsewhere
            .items()
            .iter()
            .filter_map(Listener::owner)
            .collect();
        if ids.is_empty() {
            return;
        }
        let mut all = self.facts.processes.items().to_vec();
        all.extend(processes::look(&ids));
        self.facts.processes = Known::Seen(all.into());
    }
}

/// Whether the process ends, after it has closed its socket.
fn has_ended(flap: &Flap) -> bool {
    let began = Instant::now();
    loop {
        if flap.has_ended(|id| processes::look(&[id])) {
            return true;
        }
        if began.elapsed() > ENDING {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
