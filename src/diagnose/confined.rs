//! What the administrator of the machine has taken away: by units of systemd, and by the
//! policy of the kernel's security module.

use std::time::Duration;

use super::looks::count;
use super::why::Doctor;
use crate::facts::{Known, Listener, Manager, Outcome, ProcId, Unit, UnitState, Whose};
use crate::rules::Case;
use crate::sources::{policy, processes, units};

/// How long a tool of the system may take.
const TOOL: Duration = Duration::from_millis(500);

impl Doctor<'_> {
    /// The units in which the two ends run, where packets get lost; and that which should
    /// listen and has failed.
    pub(super) fn look_at_limits(&mut self) {
        let case = Case::new(self.target, &self.facts);
        let lost = case.probe_that(Outcome::TimedOut);
        let mut wanted = Vec::new();
        if let Some(probe) = lost {
            let server = case.listener_for(probe.to.ip());
            wanted.extend(server.and_then(|one| cgroup_of(&case, one)));
        }
        // Whoever listens in a namespace of its own may have it from its unit.
        let elsewhere = case.facts.elsewhere.items().iter();
        wanted.extend(elsewhere.filter_map(|one| cgroup_of(&case, one)));
        if case.nobody_listens() {
            let failed = case
                .facts
                .units
                .items()
                .iter()
                .filter(|unit| has_failed(unit));
            wanted.extend(failed.map(|unit| (Whose::Missing, unit.name.clone())));
        }
        if lost.is_some() && !self.is_passive() {
            let own = ProcId {
                pid: std::process::id(),
                started: 0,
            };
            let own = processes::look(&[own]).into_iter().next();
            let cgroup = own.and_then(|own| own.cgroup);
            wanted.extend(cgroup.map(|cgroup| (Whose::Client, cgroup)));
        }
        if wanted.is_empty() {
            return;
        }
        let budget = self.budget(|_| TOOL);
        let limits = self.looks.at(
            "unit limits",
            || units::limits(&wanted, budget),
            |seen| count(seen, Vec::len, "unit"),
        );
        self.facts.way.limits = limits.map(Into::into);
    }

    /// The policy, where a connection was forbidden, a proxy answers for a server that it
    /// cannot reach, or a unit that should listen has failed.
    pub(super) fn look_at_policy(&mut self) {
        let case = Case::new(self.target, &self.facts);
        let answered = case.greeting().filter(|(_, said)| {
            let status = said.http.as_ref().map(|http| http.status);
            matches!(status, Some(502..=504))
        });
        let failed = case.nobody_listens() && case.facts.units.items().iter().any(has_failed);
        let denied = case.probe_that(Outcome::Denied).is_some();
        if !(denied || failed || answered.is_some()) {
            return;
        }
        let pid = answered.and_then(|(probe, _)| {
            let listener = case.listener_for(probe.to.ip())?;
            listener.owner().map(|owner| owner.pid)
        });
        let pid = pid.or_else(|| denied.then(std::process::id));
        let budget = self.budget(|_| TOOL);
        self.facts.way.policy = self.looks.at(
            "policy",
            || policy::look(pid, budget),
            |seen| match seen {
                Known::Seen(policy) => count(&policy.denials, Vec::len, "denial"),
                Known::Unseen(gap) => gap.to_string(),
            },
        );
    }
}

/// A unit of the machine that has failed, or fails again and again.
fn has_failed(unit: &Unit) -> bool {
    let ended = matches!(unit.state, UnitState::Failed | UnitState::Starting);
    unit.manager == Manager::Systemd && ended && unit.result.is_some()
}

/// The cgroup in which a server runs.
fn cgroup_of(case: &Case, listener: &Listener) -> Option<(Whose, String)> {
    let owner = case.owner(listener).and_then(|owner| owner.cgroup.clone());
    let cgroup = owner.or_else(|| listener.cgroup.clone())?;
    Some((Whose::Server, cgroup))
}
