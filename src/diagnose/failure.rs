//! The looks that only a failure needs.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::flaps::Flap;
use super::looks::count;
use super::parts::ask_engines;
use super::replay;
use super::why::Doctor;
use crate::facts::{Departed, Known, Listener, Outcome, ProcId, is_below};
use crate::findings::{Confidence, Severity};
use crate::rules::Case;
use crate::sources::{processes, projects};

/// How long a process may take to end once it has closed its sockets.
const ENDING: Duration = Duration::from_millis(100);

/// How long a memory that was asked may take from then on.
const MEMORY: Duration = Duration::from_millis(50);

impl Doctor<'_> {
    /// The looks that only a failure needs.
    pub(super) fn second_look(&mut self) {
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
        if here && failed && nobody {
            self.begin_for_nobody();
        } else {
            self.begin_for_another_machine();
        }
        if failed || owner_hidden {
            let engines = self.engines.take();
            let budget = self.budget(|of| of.engines);
            ask_engines(&mut self.looks, &mut self.facts, engines, budget);
        }
        self.begin_nat();
        self.look_at_outside();
        self.look_at_projects();
        if here && (failed || self.is_answered_by_another_project() || self.speaks_for_another()) {
            self.look_at_own_project();
        } else {
            self.compare_with_files();
            if here && self.is_answered_by_a_stranger() {
                self.look_at_own_project();
            } else if here && self.is_answered_astray() {
                self.look_at_other_ports();
            }
        }
        self.begin_next_door();
        if here && (failed || owner_hidden) {
            self.look_at_port();
        }
        if failed && here {
            self.look_at_failure(nobody, blocked, &covered);
        }
        self.look_at_containers();
        self.look_at_way();
        self.look_at_onward();
        self.look_at_policy();
        self.look_at_tunnels();
        self.look_at_boundaries();
        self.look_at_proxy_settings();
        self.look_at_redirects();
        self.look_at_browser();
        self.see_who_is_at_work();
    }

    /// Whether the answer may be about a server behind the one that gives it, whose
    /// address stands in the project's files.
    fn speaks_for_another(&self) -> bool {
        let greeting = Case::new(self.target, &self.facts).greeting();
        let status = greeting.and_then(|(_, said)| said.http.as_ref().map(|http| http.status));
        status.is_some_and(|status| status >= 500)
    }

    /// What only a failure on this machine needs.
    fn look_at_failure(&mut self, nobody: bool, blocked: bool, covered: &[IpAddr]) {
        if nobody {
            self.look_elsewhere();
            let root = Case::new(self.target, &self.facts)
                .project()
                .map(|project| project.root.clone());
            let began = Instant::now();
            // A sure answer is not kept waiting for a server that may come and go.
            let watch = match self.is_sure() || self.is_passive() {
                true => Duration::ZERO,
                false => self.budget(|_| processes::WATCH),
            };
            let mut departed = processes::departed(root.as_deref(), watch);
            if let Some(flap) = self.flap.take().filter(has_ended) {
                let mut list = departed.seen().cloned().unwrap_or_default();
                flap.join(&mut list);
                departed = Known::Seen(list);
            }
            self.facts.departed = self.remember(departed).map(Into::into);
            let saw = count(&self.facts.departed, |list| list.len(), "ended server");
            self.looks.note("departed", saw, began);
            self.add_watchers(root.as_deref());
            self.add_owners_elsewhere();
        }
        // Only where somebody listens and yet nobody gets through can a firewall be the cause.
        if blocked && let Some(ip) = covered.first() {
            self.look_at_firewall(*ip);
        }
    }

    /// Who ended, with those whom a memory has had on the port: what it saw end tells
    /// more than what is missing now.
    fn remember(&mut self, departed: Known<Vec<Departed>>) -> Known<Vec<Departed>> {
        let mut list = std::mem::take(&mut self.given.departed);
        if let Some(Known::Seen(asked)) = self.given.asked.take().map(|asked| asked.wait(MEMORY)) {
            list.extend(asked);
        }
        if list.is_empty() {
            return departed;
        }
        let fresh = departed.seen().cloned().unwrap_or_default();
        let known = |one: &Departed| list.iter().all(|old| old.port != one.port);
        let fresh: Vec<Departed> = fresh.into_iter().filter(known).collect();
        list.extend(fresh);
        Known::Seen(list)
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

    /// Names the processes that hold the port over UDP, or in other namespaces.
    fn add_owners_elsewhere(&mut self) {
        let udp = self.facts.udp.items().iter();
        let ids: Vec<ProcId> = udp
            .chain(self.facts.elsewhere.items())
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
