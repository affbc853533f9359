//! `devdoctor why`: looks at what the question needs, and no more.
//!
//! Everything that can be asked at once is asked at once. What takes long (an
//! engine, a firewall's rules, other namespaces) is looked at only if the answer
//! hangs on it, so a server that answers is reported without waiting for anybody.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use crate::facts::{Departed, Known, Outcome, Probe, Protocol, Resolution, Snapshot, Target};
use crate::findings::Report;
use crate::rules::Case;
use crate::settings::{Settings, Timeouts};
use crate::sources::{Pending, clock, containers, host, names, probes, processes};

use super::ahead::Ahead;
use super::flaps::Flap;
use super::forgive;
use super::looks::{Looks, count};
use super::parts::{ask_if_enabled, listeners};
use super::reading::Reading;
use super::replay;

/// A resolver that takes longer waits for a name server that does not answer at once.
const RESOLVER: Duration = Duration::from_millis(500);

/// How long a process that is stopped is given, in case it is woken just now.
const STOPPED: Duration = Duration::from_millis(100);

/// A diagnosis together with the facts it rests on.
#[derive(Debug, Clone)]
pub struct Recording {
    /// What was seen.
    pub facts: Snapshot,
    /// What the rules make of it.
    pub report: Report,
}

/// What is known before the first look, and how the question is meant.
#[derive(Debug, Default)]
pub struct Given {
    /// The folder in which it is asked; by default the one devdoctor was started in.
    pub folder: Option<String>,
    /// Who had the port before, as a memory has it.
    pub departed: Vec<Departed>,
    /// The same from a memory that is being asked. It is waited for only where the answer
    /// hangs on it.
    pub asked: Option<Pending<Vec<Departed>>>,
    /// Where a connection was refused just now. Nothing is connected to then: that a
    /// client was refused is known, and a daemon never connects to anybody's server.
    pub refused: Vec<SocketAddr>,
    /// Whether the profiles of the user's browsers are read, too.
    pub browser: bool,
}

/// Diagnoses a target: facts, probes, rules, report.
#[must_use]
pub fn why(target: &Target, settings: &Settings) -> Recording {
    why_given(target, settings, Given::default())
}

/// The same where something is known already.
#[must_use]
pub fn why_given(target: &Target, settings: &Settings, given: Given) -> Recording {
    let mut doctor = Doctor::new(target, settings, given);
    doctor.first_look();
    if doctor.is_passive() {
        doctor.take_as_refused();
    } else {
        doctor.dial();
    }
    doctor.second_look();
    doctor.report()
}

/// The state of one diagnosis.
pub(super) struct Doctor<'a> {
    pub(super) target: &'a Target,
    pub(super) settings: &'a Settings,
    pub(super) given: Given,
    pub(super) began: Instant,
    pub(super) looks: Looks,
    pub(super) facts: Snapshot,
    pub(super) engines: Option<Pending<containers::Containers>>,
    /// The looks that go on beside all else.
    pub(super) ahead: Ahead,
    pub(super) protocol: Option<Protocol>,
    pub(super) flap: Option<Flap>,
    /// Whether other sockets listened on the port at the second look.
    pub(super) changed: bool,
    /// The projects whose files are being read.
    pub(super) reading: Vec<Reading>,
    /// The processor time of those who should listen and do not, and when it was taken.
    pub(super) sample: Option<(Instant, processes::CpuSample)>,
}

impl<'a> Doctor<'a> {
    pub(super) fn new(target: &'a Target, settings: &'a Settings, given: Given) -> Self {
        let engines = ask_if_enabled(Some(target.port), settings);
        Doctor {
            target,
            settings,
            given,
            began: Instant::now(),
            looks: Looks::default(),
            facts: Snapshot {
                taken: clock::wall(),
                ..Snapshot::default()
            },
            engines,
            ahead: Ahead::default(),
            protocol: target.protocol(),
            flap: None,
            changed: false,
            reading: Vec::new(),
            sample: None,
        }
    }

    /// The budget of one look, within what is left of the whole.
    pub(super) fn budget(&self, of: impl FnOnce(&Timeouts) -> Duration) -> Duration {
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
            count(&host.addresses, |list| list.len(), "address")
        });
        if let Some(folder) = &self.given.folder {
            self.facts.host.cwd = Some(folder.clone());
        }
        let (tcp, by) = listeners(&mut self.looks, None);
        self.facts.host.sockets_by = Some(by);
        self.facts.listeners = tcp.map(Into::into);
        if let Some((began, mut pending)) = resolution {
            // Whom the resolver waits for is asked meanwhile: that is what will be told.
            if !pending.is_there(self.budget(|_| RESOLVER)) {
                self.begin_names();
            }
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

    /// Looks who owns the port, then connects to every address.
    pub(super) fn dial(&mut self) {
        let addresses: Vec<SocketAddr> = Case::new(self.target, &self.facts)
            .addresses()
            .into_iter()
            .map(|ip| SocketAddr::new(ip, self.target.port))
            .collect();
        // Passive evidence first: a probe may wake a server, or be the last thing it sees.
        self.look_at_owners();
        self.begin_reading();
        // Without a scheme, a server that is known by its process is greeted as what it is.
        if self.protocol.is_none() && self.target.scheme.is_none() {
            self.protocol = self.protocol_of_owner();
            // Whoever asks for a browser's sake means a web server.
            if self.protocol.is_none() && self.given.browser {
                self.protocol = Some(Protocol::Http);
            }
        }
        let ask = self.ask();
        let began = Instant::now();
        let proxies = self.knock_at_proxies();
        let mut dialling = probes::dial(&addresses, &ask);
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

    /// Looks who owns the port where a client was refused, and connects to nobody.
    fn take_as_refused(&mut self) {
        // They are the daemon's own, and say nothing of the client's.
        self.facts.host.proxies.clear();
        self.look_at_owners();
        self.begin_reading();
        let refused = self.given.refused.iter();
        self.facts.probes = refused
            .map(|to| Probe::bare(*to, Outcome::Refused))
            .collect();
    }

    /// Whether nobody may be connected to.
    pub(super) fn is_passive(&self) -> bool {
        !self.given.refused.is_empty()
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

    pub(super) fn ask(&self) -> probes::Ask {
        probes::Ask {
            protocol: self.protocol,
            ..probes::Ask::of(
                self.target,
                self.facts.host.addresses.items(),
                self.budget(|of| of.connect_local),
                self.budget(|of| of.connect_remote),
            )
        }
    }

    fn report(self) -> Recording {
        let mut report = replay(self.target, &self.facts);
        forgive(&mut report, self.settings);
        (report.looks, report.took_ms) = self.looks.finish();
        Recording {
            facts: self.facts,
            report,
        }
    }
}
