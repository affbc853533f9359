//! Those who have just left a port: how they ended is told before or after.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::holders::{Held, Who};
use super::past::Past;
use crate::facts::{Container, Ended, Known, ProcId, ProcState, Process};

/// One that opens its port again within this time has not left it.
const AWAY: Duration = Duration::from_secs(2);
/// So long after a socket has gone it is asked whether its owner is still there. A
/// process that ends closes its sockets within its last moments.
const GRACE: Duration = Duration::from_millis(500);
/// So long the answer may take before it is asked again.
const AGAIN: Duration = Duration::from_secs(2);
/// So long its container's engine may take to tell how it ended.
const ENGINE: Duration = Duration::from_secs(10);
/// One that closed its port first, to end its work in peace, may end so long after that.
const LINGERS: Duration = Duration::from_secs(60);
/// For so long an end is remembered whose socket has not yet been seen to go.
const EARLY: Duration = Duration::from_secs(5);
/// No more of each than this.
const MOST: usize = 1024;

#[derive(Debug)]
struct Left {
    row: u64,
    port: u16,
    who: Who,
    container: Option<String>,
    since: Duration,
    /// When it is to be asked whether it is still there.
    ask: Duration,
    /// Whether it is known to have outlived its socket.
    lives: bool,
    /// Whether it has been seen to have ended, or nothing more is to be learnt.
    settled: bool,
}

/// Those who have just left a port, and ends that were told early.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    left: VecDeque<Left>,
    early: VecDeque<(ProcId, Known<Ended>, Duration)>,
}

impl Leaving {
    #[allow(
        clippy::too_many_arguments,
        reason = "each says something else of one event"
    )]
    pub(super) fn add(
        &mut self,
        row: u64,
        port: u16,
        who: Who,
        container: Option<String>,
        now: Duration,
        containers: &Known<Arc<[Container]>>,
        past: &mut Past,
    ) {
        let mut left = Left {
            row,
            port,
            who,
            container,
            since: now,
            ask: now + GRACE,
            lives: false,
            settled: false,
        };
        if left.container.is_some() {
            if let Some(ended) = ended_container(&left, containers.items()) {
                settle(&mut left, Known::Seen(ended), past);
            }
        } else {
            let early = self
                .early
                .iter()
                .find(|(id, _, at)| left.who.id() == Some(*id) && now.saturating_sub(*at) <= EARLY);
            match (early, left.who) {
                (Some((_, ended, _)), _) => settle(&mut left, ended.clone(), past),
                // Nobody can be asked.
                (None, Who::Hidden) => settle(&mut left, Known::Seen(Ended::Gone), past),
                (None, Who::Process(_)) => {}
            }
        }
        if self.left.len() >= MOST
            && let Some(mut oldest) = self.left.pop_front()
            && !oldest.settled
            && !oldest.lives
        {
            settle(&mut oldest, Known::Seen(Ended::Gone), past);
        }
        self.left.push_back(left);
    }

    /// The row of one who has come back at once.
    pub(super) fn comes_back(&mut self, port: u16, held: &Held, now: Duration) -> Option<u64> {
        let container = held.container.as_ref().map(|(id, _)| id);
        let is_it = |left: &Left| {
            left.port == port
                && now.saturating_sub(left.since) <= AWAY
                && match (left.who, held.who) {
                    (Who::Process(old), Who::Process(new)) => old == new,
                    (Who::Hidden, Who::Hidden) => {
                        // A container that ended and was started again is another owner.
                        container.is_some() && left.container.as_ref() == container && !left.settled
                    }
                    _ => false,
                }
        };
        let at = self.left.iter().position(is_it)?;
        self.left.remove(at).map(|left| left.row)
    }

    pub(super) fn exited(
        &mut self,
        id: ProcId,
        ended: Known<Ended>,
        now: Duration,
        past: &mut Past,
    ) -> BTreeSet<u16> {
        let mut ports = BTreeSet::new();
        let of_it = self.left.iter_mut();
        for left in of_it.filter(|left| left.who == Who::Process(id) && left.container.is_none()) {
            if !left.settled {
                settle(left, ended.clone(), past);
                ports.insert(left.port);
            }
        }
        self.early
            .retain(|(other, _, at)| *other != id && now.saturating_sub(*at) <= EARLY);
        if self.early.len() >= MOST {
            self.early.pop_front();
        }
        self.early.push_back((id, ended, now));
        ports
    }

    /// Takes the containers, and looks whether one of them tells how it ended.
    pub(super) fn containers(
        &mut self,
        containers: &[Container],
        now: Duration,
        past: &mut Past,
    ) -> BTreeSet<u16> {
        let mut ports = BTreeSet::new();
        for left in self.left.iter_mut().filter(|left| !left.settled) {
            let in_time = now.saturating_sub(left.since) <= ENGINE;
            if in_time && let Some(ended) = ended_container(left, containers) {
                settle(left, Known::Seen(ended), past);
                ports.insert(left.port);
            }
        }
        ports
    }

    pub(super) fn looked(
        &mut self,
        asked: &[ProcId],
        seen: &[Process],
        past: &mut Past,
    ) -> BTreeSet<u16> {
        let mut ports = BTreeSet::new();
        for left in self.left.iter_mut().filter(|left| is_open(left)) {
            let Some(id) = left.who.id().filter(|id| asked.contains(id)) else {
                continue;
            };
            let there = seen
                .iter()
                .any(|process| process.id == id && process.state != ProcState::Zombie);
            if there {
                left.lives = true;
                past.change(left.row, |owner| {
                    owner.ended = Known::Seen(Ended::ClosedThePort);
                });
            } else {
                settle(left, Known::Seen(Ended::Gone), past);
            }
            ports.insert(left.port);
        }
        ports
    }

    pub(super) fn tick(&mut self, now: Duration, past: &mut Past) -> BTreeSet<u16> {
        let mut ports = BTreeSet::new();
        for left in self.left.iter_mut().filter(|left| !left.settled) {
            let late = match left.container {
                Some(_) => now.saturating_sub(left.since) >= ENGINE,
                None => false,
            };
            if late {
                settle(left, Known::Seen(Ended::Gone), past);
                ports.insert(left.port);
            }
        }
        self.left.retain(|left| {
            let over = match left.settled {
                true => AWAY,
                false => LINGERS,
            };
            let keep = now.saturating_sub(left.since) < over;
            if !keep && !left.settled && !left.lives {
                past.change(left.row, |owner| owner.ended = Known::Seen(Ended::Gone));
                ports.insert(left.port);
            }
            keep
        });
        self.early
            .retain(|(_, _, at)| now.saturating_sub(*at) <= EARLY);
        ports
    }

    pub(super) fn unsure(&mut self, now: Duration) -> Vec<ProcId> {
        let mut ids = Vec::new();
        for left in &mut self.left {
            if is_open(left) && now >= left.ask {
                left.ask = now + AGAIN;
                ids.extend(left.who.id());
            }
        }
        ids
    }

    pub(super) fn next_deadline(&self) -> Option<Duration> {
        let left = self.left.iter().map(|left| match left {
            Left { settled: true, .. } => left.since + AWAY,
            Left { lives: true, .. } => left.since + LINGERS,
            Left {
                container: Some(_), ..
            } => left.since + ENGINE,
            left => left.ask.min(left.since + LINGERS),
        });
        left.min()
    }

    /// Those whose end is still of interest.
    pub(super) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = ProcId> + '_ {
        let open = self.left.iter();
        open.filter(|left| !left.settled && left.container.is_none())
            .filter_map(|left| left.who.id())
    }
}

/// Whether it is not known whether a process is still there.
fn is_open(left: &Left) -> bool {
    !left.settled && !left.lives && left.container.is_none()
}

fn settle(left: &mut Left, ended: Known<Ended>, past: &mut Past) {
    left.settled = true;
    // "Nobody asked" is what stands there while it lives.
    let ended = match ended.is_not_asked() {
        true => Known::Seen(Ended::Gone),
        false => ended,
    };
    past.change(left.row, |owner| owner.ended = ended);
}

/// How the container behind a port has ended, if it has.
fn ended_container(left: &Left, containers: &[Container]) -> Option<Ended> {
    let id = left.container.as_deref()?;
    let Some(container) = containers.iter().find(|container| container.id == id) else {
        return Some(Ended::Gone);
    };
    if container.is_up() {
        return None;
    }
    Some(match container.exit_code {
        _ if container.oom_killed => Ended::OutOfMemory,
        // The engine adds 128 to the number of a signal.
        Some(code) => Ended::Exited(i32::try_from(code).unwrap_or(i32::MAX)),
        None => Ended::Gone,
    })
}
