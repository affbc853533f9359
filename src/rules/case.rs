//! A case: one question with all the facts there are, and the ways to ask them.

mod behind;
mod expected;
mod own;
mod world;

use std::net::IpAddr;

pub use expected::{Expected, is_run_by, join, service_folder};
pub use own::{OwnServer, is_debuggers};

use crate::facts::{Greeting, Outcome, Probe, Resolution, Snapshot, Target};
use crate::findings::{Confidence, Finding, Severity, Verdict};

/// One question, with all the facts there are.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// What was asked about.
    pub target: &'a Target,
    /// What was seen.
    pub facts: &'a Snapshot,
    /// What earlier rules have said.
    spoken: &'a [Finding],
    /// How many places the way has passed before this target.
    passed: u8,
}

impl<'a> Case<'a> {
    /// A case that no rule has seen yet.
    #[must_use]
    pub fn new(target: &'a Target, facts: &'a Snapshot) -> Self {
        Case {
            target,
            facts,
            spoken: &[],
            passed: 0,
        }
    }

    pub(super) fn after<'b>(&self, spoken: &'b [Finding]) -> Case<'b>
    where
        'a: 'b,
    {
        Case {
            target: self.target,
            facts: self.facts,
            spoken,
            passed: self.passed,
        }
    }

    /// The same facts, asked about the next place of the way; nothing where the way is so
    /// long that it may lead in a circle.
    #[must_use]
    pub fn onward<'b>(&self, target: &'b Target) -> Option<Case<'b>>
    where
        'a: 'b,
    {
        let passed = self.passed + 1;
        (passed <= 2).then_some(Case {
            target,
            facts: self.facts,
            spoken: &[],
            passed,
        })
    }

    /// Whether an earlier rule has already explained a failure.
    #[must_use]
    pub fn explained(&self) -> bool {
        self.spoken
            .iter()
            .any(|finding| finding.severity > Severity::Info)
    }

    /// What earlier rules have said.
    #[must_use]
    pub fn spoken(&self) -> &'a [Finding] {
        self.spoken
    }

    /// What a client meets at the target.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        super::verdict::of(self)
    }

    /// The asked port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.target.port
    }

    // --- the name -------------------------------------------------------

    /// What the target's name resolves to; nothing if the target is an address.
    #[must_use]
    pub fn resolution(&self) -> Option<&'a Resolution> {
        self.facts
            .resolutions
            .iter()
            .find(|resolution| resolution.name.eq_ignore_ascii_case(&self.target.host))
    }

    /// The addresses a client dials for this target, in the resolver's order.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        if let Some(ip) = self.target.ip() {
            return vec![ip];
        }
        let resolved = self.resolution().and_then(|r| r.addresses.seen());
        match resolved {
            Some(addresses) => addresses.clone(),
            None => self.probes().map(|probe| probe.to.ip()).collect(),
        }
    }

    /// Whether this address belongs to this machine; nothing if that cannot be told.
    #[must_use]
    pub fn is_local(&self, ip: IpAddr) -> Option<bool> {
        if ip.is_loopback() || ip.is_unspecified() {
            return Some(true);
        }
        let own = self.facts.host.addresses.seen()?;
        Some(own.iter().any(|address| address.ip == ip))
    }

    /// Whether the target is this machine: every address it has belongs to it.
    #[must_use]
    pub fn on_this_machine(&self) -> bool {
        let addresses = self.addresses();
        if addresses.is_empty() {
            return self.target.is_localhost_name();
        }
        addresses
            .iter()
            .all(|ip| self.is_local(*ip) == Some(true) || self.bound_here(*ip))
    }

    /// Whether this address is another machine's: not ours, and nobody here is bound to it.
    #[must_use]
    pub fn is_far(&self, ip: IpAddr) -> bool {
        self.is_local(ip) == Some(false) && !self.bound_here(ip)
    }

    /// Whether the target is another machine: every address it has is another one's.
    #[must_use]
    pub fn on_another_machine(&self) -> bool {
        let addresses = self.addresses();
        !addresses.is_empty() && addresses.iter().all(|ip| self.is_far(*ip))
    }

    /// Whether somebody here is bound to exactly this address.
    fn bound_here(&self, ip: IpAddr) -> bool {
        self.listeners().any(|listener| listener.at.ip() == ip)
    }

    // --- the probes -----------------------------------------------------

    /// The probes of the asked port, in the order in which they were made.
    pub fn probes(&self) -> impl Iterator<Item = &'a Probe> + use<'a> {
        let target = self.target;
        let resolved = self.resolution().and_then(|r| r.addresses.seen());
        let literal = target.ip();
        self.facts.probes.iter().filter(move |probe| {
            probe.to.port() == target.port
                && match (literal, resolved) {
                    (Some(ip), _) => probe.to.ip() == ip,
                    (None, Some(addresses)) => addresses.contains(&probe.to.ip()),
                    (None, None) => true,
                }
        })
    }

    /// The probes with this outcome.
    pub fn probes_that(&self, outcome: Outcome) -> impl Iterator<Item = &'a Probe> + use<'a> {
        self.probes().filter(move |probe| probe.outcome == outcome)
    }

    /// The first probe with this outcome.
    #[must_use]
    pub fn probe_that(&self, outcome: Outcome) -> Option<&'a Probe> {
        self.probes_that(outcome).next()
    }

    /// The first probe that was connected and then reset or closed before a byte came.
    ///
    /// Which of the two it is, is a race behind a forwarder: they are one symptom.
    #[must_use]
    pub fn cut_off(&self) -> Option<&'a Probe> {
        self.probes()
            .find(|probe| matches!(probe.outcome, Outcome::Reset | Outcome::Closed))
    }

    /// The first probe that failed in any way.
    #[must_use]
    pub fn failure(&self) -> Option<&'a Probe> {
        self.probes().find(|probe| !probe.outcome.well())
    }

    /// Whether a client would be content with what this probe met: not only the
    /// connection, but also the protocol and the answer.
    #[must_use]
    pub fn content(probe: &Probe) -> bool {
        super::verdict::of_probe(probe) == Verdict::Reachable
    }

    /// Whether every probe failed, and there was one.
    #[must_use]
    pub fn all_failed(&self) -> bool {
        self.failure().is_some() && self.probes().all(|probe| !probe.outcome.well())
    }

    /// Whether every probe was refused, and there was one.
    #[must_use]
    pub fn all_refused(&self) -> bool {
        self.probe_that(Outcome::Refused).is_some()
            && self.probes().all(|probe| probe.outcome == Outcome::Refused)
    }

    /// What the first server that said anything said.
    #[must_use]
    pub fn greeting(&self) -> Option<(&'a Probe, &'a Greeting)> {
        self.probes()
            .find_map(|probe| Some((probe, probe.greeting.seen()?)))
    }

    /// How sure a rule can be of what servers say: certain only if what every one of
    /// them said was seen.
    #[must_use]
    pub fn hearing(&self) -> Confidence {
        let heard = |probe: &Probe| probe.greeting.is_seen();
        if self.probes_that(Outcome::Answered).all(heard) {
            Confidence::Certain
        } else {
            Confidence::Likely
        }
    }
}
