//! Family 3 address: somebody listens, elsewhere than dialled.

pub mod address_gone;
pub mod bound_elsewhere;
pub mod ipv6_disabled;
pub mod loopback_only;
pub mod split_brain;
pub mod unspecified_destination;
pub mod v6_only_wildcard;
pub mod wrong_family;

use std::net::IpAddr;

use crate::facts::{Listener, Outcome, Probe};
use crate::findings::{Confidence, Finding, Severity};

use super::{Case, evidence};

/// An address of this machine that refuses, while somebody listens on the port elsewhere.
pub(super) struct Missed<'a> {
    /// What dialling it gave; the IPv4 address where both families were refused.
    pub probe: &'a Probe,
    /// The other addresses that were refused in the same way.
    also: Vec<&'a Probe>,
    /// Another address of the same name, where a client is content.
    pub works: Option<&'a Probe>,
}

impl Missed<'_> {
    /// The address that was dialled in vain.
    pub fn ip(&self) -> IpAddr {
        self.probe.to.ip().to_canonical()
    }

    /// The severity: it does work for clients that try every address of the name.
    pub fn severity(&self) -> Severity {
        match self.works {
            Some(_) => Severity::Warning,
            None => Severity::Error,
        }
    }

    /// A finding that says this, with the facts that every rule of the family stands on.
    pub fn finding(&self, case: &Case, listener: &Listener, says: String) -> Finding {
        let mut finding = Finding::new(confidence(case, listener), says)
            .severity(self.severity())
            .because(evidence::listener(case, listener))
            .because(evidence::probe(self.probe))
            .because_all(self.also.iter().map(|probe| evidence::probe(probe)));
        if let Some(works) = self.works {
            finding = finding.because(evidence::probe(works));
        }
        if let Some(owner) = case.owner(listener) {
            finding = finding.because(evidence::process(owner));
        }
        finding
    }
}

/// The address of this machine that was dialled in vain though somebody listens on
/// the port, on addresses that this one is not among.
///
/// Nothing where another address of the name fails in another way: that failure is
/// nearer to the cause.
pub(super) fn missed<'a>(case: &Case<'a>) -> Option<Missed<'a>> {
    missed_by(case, |listener, ip| listener.covers(ip) == Some(false))
}

/// The same, by another notion of when a listener leaves an address out.
pub(super) fn missed_by<'a>(
    case: &Case<'a>,
    leaves_out: impl Fn(&Listener, IpAddr) -> bool,
) -> Option<Missed<'a>> {
    case.listeners().next()?;
    let in_vain = |probe: &&Probe| {
        let ip = probe.to.ip();
        probe.outcome == Outcome::Refused
            && is_own(case, ip)
            && case.listeners().all(|listener| leaves_out(listener, ip))
    };
    let mut also: Vec<&Probe> = case.probes().filter(in_vain).collect();
    also.sort_by_key(|probe| probe.to.is_ipv6());
    if also.is_empty() {
        return None;
    }
    let probe = also.remove(0);
    let mut others = case.probes().filter(|probe| !in_vain(probe)).peekable();
    let works = others.peek().copied();
    others
        .all(Case::content)
        .then_some(Missed { probe, also, works })
}

/// Whether the address is this machine's, for certain.
fn is_own(case: &Case, ip: IpAddr) -> bool {
    case.is_local(ip.to_canonical()) == Some(true)
}

/// How sure a finding about this listener's address can be.
///
/// Behind a forwarder, or behind an owner that could not be seen, a container's
/// mapping may be the cause; a name may come from a hosts file that was not read.
pub(super) fn confidence(case: &Case, listener: &Listener) -> Confidence {
    let own_server = case
        .owner(listener)
        .is_some_and(|owner| !case.is_forwarder(owner));
    let name_is_clear = case.target.ip().is_some()
        || case.target.is_localhost_name()
        || case.facts.host.hosts_file.is_seen();
    if own_server && name_is_clear {
        Confidence::Certain
    } else {
        Confidence::Likely
    }
}

/// Who listens, for the beginning of a sentence: `vite (pid 812)`.
pub(super) fn who(case: &Case, listener: &Listener) -> String {
    evidence::owner_words(case, listener)
}
