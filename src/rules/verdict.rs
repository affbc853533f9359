//! What a client meets at the target, from the probes alone.

use crate::facts::{Outcome, Probe, Protocol};
use crate::findings::Verdict;

use super::Case;

/// The verdict of a case.
pub(super) fn of(case: &Case) -> Verdict {
    let counted = case.probes().filter(|probe| !case.is_passed_over(probe));
    let mut probes = counted.map(of_probe);
    let Some(first) = probes.next() else {
        let unresolved = case.target.ip().is_none()
            && case
                .resolution()
                .is_some_and(|r| r.error.is_some() || r.addresses.gap().is_some());
        return if unresolved {
            Verdict::Unresolved
        } else {
            Verdict::NotDialled
        };
    };
    let mut rest = probes.filter(|verdict| *verdict != first);
    match rest.next() {
        None => first,
        Some(_) => Verdict::Mixed,
    }
}

/// What a client meets at one address.
pub(super) fn of_probe(probe: &Probe) -> Verdict {
    match probe.outcome {
        Outcome::Connected => Verdict::Reachable,
        Outcome::Answered => of_greeting(probe),
        Outcome::Refused => Verdict::Refused,
        Outcome::Reset | Outcome::Closed => Verdict::Reset,
        Outcome::Silent => Verdict::Silent,
        Outcome::TimedOut => Verdict::TimedOut,
        Outcome::Unreachable | Outcome::Denied | Outcome::Failed => Verdict::Unreachable,
    }
}

fn of_greeting(probe: &Probe) -> Verdict {
    let Some(greeting) = probe.greeting.seen() else {
        return Verdict::Reachable;
    };
    // `Other` is asked where nothing was asked for: whatever is spoken is well.
    let asked_in_vain = greeting.asked != Protocol::Other
        && greeting
            .spoken
            .is_none_or(|spoken| spoken != greeting.asked);
    let refused = greeting.tls.as_ref().is_some_and(|tls| tls.alert.is_some());
    if asked_in_vain || refused {
        return Verdict::BadProtocol;
    }
    if greeting.refusal.is_some() {
        return Verdict::ErrorStatus;
    }
    match &greeting.http {
        Some(http) if http.status >= 400 => Verdict::ErrorStatus,
        _ => Verdict::Reachable,
    }
}
