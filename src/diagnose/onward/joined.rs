//! What was seen of a target, together with what was seen of the one behind it.

use std::sync::Arc;

use crate::facts::{Host, Known, Snapshot};

/// What was seen of a target and of the one behind it.
pub(super) fn joined(first: Snapshot, next: Snapshot) -> Snapshot {
    let mut probes = first.probes.to_vec();
    for probe in next.probes.iter() {
        if probes.iter().all(|known| known.to != probe.to) {
            probes.push(probe.clone());
        }
    }
    let host = Host {
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

fn chained<T: Clone>(one: Arc<[T]>, other: Arc<[T]>) -> Arc<[T]> {
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
