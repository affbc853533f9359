//! What is wrong: from what changed and what was refused to alerts.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::alerts::{Problem, Scope, Sight};
use super::event::Moment;
use super::handle::News;
use super::looks::Unasked;
use super::refusals::Refused;
use super::run::Daemon;
use super::state::Changes;
use crate::diagnose;
use crate::facts::{Claims, Known, Project, Proto, Refusal, Service};
use crate::findings::{Finding, ProjectReport, Report, Severity, Trigger};
use crate::rules;

/// For how long a port is spoken of after connections to it were refused last.
const SPOKEN: Duration = Duration::from_secs(600);
/// A server that has gone for no longer than this has gone just now.
const JUST: Duration = Duration::from_secs(600);

/// A port to which connections were refused.
#[derive(Debug)]
pub(super) struct Spoken {
    /// Where they were to go.
    to: Vec<SocketAddr>,
    /// When the last one was.
    last: Duration,
}

impl Daemon {
    /// Whether a project's files or the past have something to say of a port.
    pub(super) fn is_expected(&self, port: u16, now: Moment) -> bool {
        self.projects_expecting(port).next().is_some() || self.state.departed(port, now).is_some()
    }

    /// The projects whose files give this port to a service that should run.
    fn projects_expecting(&self, port: u16) -> impl Iterator<Item = &Project> {
        let projects = self.state.projects().values();
        projects.filter(move |project| should_have(project, port).is_some())
    }

    /// The root of the project that a port belongs to: of those whose files name it, the one
    /// that had it last, or else the one that somebody asked about last, as an editor does
    /// that is open on it. Where no file names it, who had it last.
    fn project_of(&self, port: u16) -> Option<String> {
        let past = self.state.history(Some(port));
        let past: Vec<String> = past.into_iter().filter_map(|one| one.project).collect();
        let had = |root: &String| past.iter().position(|one| one == root);
        let expecting = self.projects_expecting(port).map(|project| &project.root);
        let best = expecting.min_by_key(|root| {
            let ago = had(root).unwrap_or(usize::MAX);
            (ago, std::cmp::Reverse(self.projects.asked(root)))
        });
        best.cloned().or_else(|| past.into_iter().next())
    }

    /// Whether the files of the project with this root give the port to a service that
    /// should run.
    pub(super) fn is_expected_by(&self, root: &str, port: u16) -> bool {
        self.service_of(root, port).is_some()
    }

    /// Has the refusals of one port diagnosed.
    pub(super) fn diagnose(&mut self, refused: Refused, now: Moment) {
        self.alerts.refused(refused.port, refused.count, now);
        let spoken = self.spoken.entry(refused.port).or_insert(Spoken {
            to: Vec::new(),
            last: now.up,
        });
        spoken.last = now.up;
        for to in refused.to {
            if !spoken.to.contains(&to) && spoken.to.len() < 4 {
                spoken.to.push(to);
            }
        }
        let to = spoken.to.clone();
        self.ask_why(refused.port, to, now);
    }

    /// Has it found out why connections to these addresses of a port are refused.
    fn ask_why(&self, port: u16, to: Vec<SocketAddr>, now: Moment) {
        self.looks.at_refusal(Unasked {
            port,
            to,
            project: self.project_of(port),
            departed: self.state.departed(port, now).into_iter().collect(),
        });
    }

    /// What a diagnosis says of a port, as an alert: its root cause.
    pub(super) fn judge_port(&mut self, unasked: Unasked, report: &Report, now: Moment) {
        let mut causes = report.findings.iter();
        let cause = causes.find(|finding| finding.severity > Severity::Info);
        let cause = cause.filter(|_| !self.other_family_answers(&unasked));
        let root = unasked.project.as_deref();
        let service = root.and_then(|root| self.service_of(root, unasked.port));
        let problem = cause.map(|finding| Problem {
            trigger: Trigger::Refused,
            port: Some(unasked.port),
            project: unasked.project.clone(),
            service: service.map(|service| service.name.clone()),
            settle: settle(finding),
            finding: finding.clone(),
        });
        if problem.is_none() {
            self.spoken.remove(&unasked.port);
        }
        let sight = Sight {
            problems: problem.into_iter().collect(),
            ..Sight::default()
        };
        self.see(&Scope::Port(unasked.port), sight, now);
    }

    fn see(&mut self, scope: &Scope, sight: Sight, now: Moment) {
        let told = self.alerts.see(scope, sight, now);
        self.tell(told);
    }

    /// What the files of each project say, as far as they could be read.
    fn claims(&self) -> impl Iterator<Item = &Claims> {
        let projects = self.state.projects().values();
        projects.filter_map(|project| Some(project.claims.seen()?.as_ref()))
    }

    /// The service of a project that should have a port.
    fn service_of(&self, root: &str, port: u16) -> Option<&Service> {
        should_have(self.state.projects().get(root)?, port)
    }

    /// Whether only `::1` was refused while somebody has the port on `127.0.0.1`: most
    /// clients try the one first and then the other, and nothing is wrong with that.
    fn other_family_answers(&self, unasked: &Unasked) -> bool {
        let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let facts = self.state.snapshot(self.now());
        let mut listeners = facts.listeners.items().iter();
        unasked.to.iter().all(|to| to.is_ipv6())
            && listeners.any(|listener| {
                listener.at.port() == unasked.port && listener.covers(v4) == Some(true)
            })
    }

    /// Something was refused and it cannot be said what. If only one expected port has
    /// nobody listening, and it has just lost its server, it is taken to be that one; else
    /// nothing is said.
    pub(super) fn suspect(&mut self, now: Moment) {
        // Whoever asks why knocks himself.
        if self.refusals.is_hushed(now) {
            return;
        }
        let expected = self.expected_ports();
        let closed = expected
            .into_iter()
            .filter(|port| !self.state.is_open(*port));
        let closed: Vec<u16> = closed.collect();
        let [port] = closed[..] else {
            return;
        };
        let departed = self.state.departed(port, now);
        let ago = departed.and_then(|departed| departed.ago_s);
        if ago.is_some_and(|ago| ago <= JUST.as_secs()) {
            let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
            let refusal = Refusal {
                to: SocketAddr::new(v4, port),
                from: SocketAddr::new(v4, 0),
                client: Known::default(),
            };
            self.refusals.heard(&refusal, true, now);
        }
    }

    /// The TCP ports that projects give to services which should run.
    fn expected_ports(&self) -> BTreeSet<u16> {
        let services = self.claims().flat_map(|claims| &claims.services);
        services
            .filter(|service| service.is_on())
            .flat_map(|service| &service.expects)
            .filter(|wants| wants.protocol == Proto::Tcp)
            .filter_map(|wants| wants.port)
            .collect()
    }

    /// Judges anew what these changes may have to do with.
    pub(super) fn judge(&mut self, changes: &Changes, now: Moment) {
        let everywhere = changes.containers || changes.host || !changes.projects.is_empty();
        let ports = changes.ports();
        let again: Vec<u16> = self
            .spoken
            .keys()
            .copied()
            .filter(|port| everywhere || ports.contains(port))
            .collect();
        for port in again {
            self.judge_again(port, now);
        }
        if everywhere || changes.engines || !ports.is_empty() {
            self.check_projects(now);
        }
        let _ = self.news.send(News::Changed);
    }

    /// Looks whether what was said of a port holds still.
    fn judge_again(&mut self, port: u16, now: Moment) {
        let Some(spoken) = self.spoken.get(&port) else {
            return;
        };
        let facts = self.state.snapshot(now);
        let listeners = facts.listeners.items();
        let answers = |to: &SocketAddr| {
            let mut on_port = listeners.iter().filter(|one| one.at.port() == port);
            on_port.any(|listener| listener.covers(to.ip()) == Some(true))
        };
        if spoken.to.iter().all(answers) {
            self.spoken.remove(&port);
            let sight = Sight {
                well: [port].into(),
                ..Sight::default()
            };
            self.see(&Scope::Port(port), sight, now);
            return;
        }
        self.ask_why(port, spoken.to.clone(), now);
    }

    /// Stops speaking of ports to which nobody has connected for long.
    pub(super) fn forget_refusals(&mut self, now: Moment) {
        let old = |spoken: &Spoken| now.up.saturating_sub(spoken.last) > SPOKEN;
        let gone: Vec<u16> = self
            .spoken
            .iter()
            .filter(|(_, spoken)| old(spoken))
            .map(|(port, _)| *port)
            .collect();
        for port in gone {
            self.spoken.remove(&port);
            self.see(&Scope::Port(port), Sight::default(), now);
        }
    }

    /// Looks again at what the alerts wait for.
    pub(super) fn look_at_what_alerts_wait_for(&mut self, now: Moment) {
        let mut projects = false;
        for scope in self.alerts.due(now) {
            match scope {
                Scope::Port(port) if self.spoken.contains_key(&port) => {
                    self.judge_again(port, now);
                }
                // An earlier run was told of refusals there; whether it works is all that
                // can be said now.
                Scope::Port(port) => self.judge_restored(port, now),
                Scope::Project(_) => projects = true,
            }
        }
        if projects {
            self.check_projects(now);
        }
    }

    /// Looks whether a port works of which an earlier run has spoken.
    fn judge_restored(&mut self, port: u16, now: Moment) {
        let open = self.state.is_open(port);
        let sight = Sight {
            well: open.then_some(port).into_iter().collect(),
            blind: !open,
            ..Sight::default()
        };
        self.see(&Scope::Port(port), sight, now);
    }

    /// Checks every project that is watched against what runs.
    fn check_projects(&mut self, now: Moment) {
        let facts = self.state.snapshot(now);
        let mut seen = Vec::new();
        for project in self.state.projects().values() {
            let mut facts = facts.clone();
            facts.host.cwd = Some(project.root.clone());
            facts.projects = Known::Seen([project.clone()].into());
            let mut report = diagnose::check_facts(&facts);
            report.root.clone_from(&project.root);
            let own = self.settings.get(&project.root);
            let settings = own.unwrap_or_else(|| self.looks.settings());
            diagnose::forgive_all(&mut report.findings, settings);
            seen.push(report);
        }
        for report in seen {
            let scope = Scope::Project(report.root.clone());
            let sight = Sight {
                problems: report
                    .findings
                    .iter()
                    .filter_map(|f| drift(f, &report))
                    .collect(),
                well: BTreeSet::new(),
                blind: report.is_blind() || facts.listeners.gap().is_some(),
            };
            self.see(&scope, sight, now);
            self.reports.insert(report.root.clone(), report);
        }
    }
}

/// The service of a project that should run and have this port.
fn should_have(project: &Project, port: u16) -> Option<&Service> {
    let mut services = project.claims.seen()?.expecting(port);
    services.find_map(|(service, _)| service.is_on().then_some(service))
}

/// What a check has found, as an alert.
fn drift(finding: &Finding, report: &ProjectReport) -> Option<Problem> {
    (finding.severity > Severity::Info).then(|| Problem {
        trigger: Trigger::Drift,
        port: None,
        project: Some(report.root.clone()),
        service: None,
        settle: settle(finding),
        finding: finding.clone(),
    })
}

/// For how long a cause must hold before anybody is told of it unasked.
fn settle(finding: &Finding) -> Duration {
    let rule = rules::RULES.iter().find(|rule| rule.code == finding.code);
    Duration::from_secs(rule.map_or(2, |rule| u64::from(rule.settle)))
}
