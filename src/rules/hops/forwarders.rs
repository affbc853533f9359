//! A forwarder, or a reverse proxy: who listens, and its far end.

use crate::facts::{Carries, SaidBy};
use crate::findings::{Hop, HopState, Verdict};
use crate::rules::onward::{self, Next};
use crate::rules::{Case, evidence, public_tunnel};

pub(super) fn hops(case: &Case) -> Vec<Hop> {
    let ways = [
        Carries::Bytes,
        Carries::Socks,
        Carries::Requests,
        Carries::Tunnel,
    ];
    let nexts: Vec<Next> = ways
        .into_iter()
        .flat_map(|carries| onward::all(case, carries))
        .collect();
    let Some(first) = nexts.first() else {
        return Vec::new();
    };
    let mut hops = match first.place.carries {
        Carries::Tunnel => public_tunnel::hops(case, first),
        _ => vec![here(case)],
    };
    if let Some(via) = &first.place.via {
        hops.push(machine(via, first));
    }
    // Of several places the one that is broken is on the way.
    let broken = |next: &&Next| next.met.as_ref().is_some_and(|met| fails(met.verdict));
    let next = nexts.iter().find(broken).unwrap_or(first);
    hops.push(far_end(next));
    if let Some(met) = &next.met
        && let Some(beyond) = case.onward(&met.target)
    {
        // Its own listener has been told just now.
        hops.extend(self::hops(&beyond).into_iter().skip(1));
    }
    hops
}

/// Who takes the connection on this machine.
fn here(case: &Case) -> Hop {
    let probe = case.probes().find(|probe| probe.outcome.connected());
    let listener = probe
        .and_then(|probe| case.listener_for(probe.to.ip()))
        .or_else(|| case.listeners().next());
    let at = match listener {
        Some(listener) => format!(
            "{} on {}",
            evidence::owner_words(case, listener),
            listener.at
        ),
        None => format!("port {}", case.port()),
    };
    Hop {
        at,
        state: match probe {
            Some(_) => HopState::Ok,
            None => HopState::Unknown,
        },
        by: probe.map(|_| "it accepts the connection".to_owned()),
    }
}

/// The machine at the other end of a tunnel.
fn machine(via: &str, next: &Next) -> Hop {
    let (state, by) = match next.place.peers.seen().map(Vec::as_slice) {
        None if next.place.said_by == SaidBy::Bridge => {
            (HopState::Ok, Some("attached, as adb says".to_owned()))
        }
        None => (HopState::Unknown, None),
        Some([]) => (
            HopState::Failed,
            Some("there is no connection to it".to_owned()),
        ),
        Some([peer, ..]) => (HopState::Ok, Some(format!("connected to {peer}"))),
    };
    Hop {
        at: via.to_owned(),
        state,
        by,
    }
}

/// The place to which it leads.
fn far_end(next: &Next) -> Hop {
    let (state, by) = match &next.met {
        None => (HopState::Unknown, None),
        Some(met) if fails(met.verdict) => (HopState::Failed, Some(next.meets().to_owned())),
        Some(_) => (HopState::Ok, Some(next.meets().to_owned())),
    };
    Hop {
        at: onward::words(next.place),
        state,
        by,
    }
}

fn fails(verdict: Verdict) -> bool {
    !matches!(
        verdict,
        Verdict::Reachable | Verdict::ErrorStatus | Verdict::BadProtocol
    )
}
