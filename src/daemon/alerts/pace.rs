//! How often alerts may fire.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::problem::Subject;
use crate::daemon::event::Moment;

/// So many alerts may begin to fire within a minute; the others wait.
pub(super) const MOST_A_MINUTE: usize = 20;
const MINUTE: Duration = Duration::from_secs(60);
/// One that has come and gone more often than this within this time flaps.
pub(super) const FLAPS: (usize, Duration) = (5, Duration::from_secs(10 * 60));

/// When alerts began to fire, of late.
#[derive(Debug, Default)]
pub(super) struct Pace {
    all: VecDeque<Duration>,
    each: BTreeMap<Subject, VecDeque<Duration>>,
}

impl Pace {
    /// When, at the earliest, another one may fire.
    pub(super) fn free_at(&self) -> Duration {
        match self.all.len().checked_sub(MOST_A_MINUTE) {
            Some(over) => self.all.get(over).map_or(Duration::ZERO, |at| *at + MINUTE),
            None => Duration::ZERO,
        }
    }

    pub(super) fn is_free(&self, now: Moment) -> bool {
        self.free_at() <= now.up
    }

    /// Takes note of one that fires now, and says whether it flaps.
    pub(super) fn fires(&mut self, subject: &Subject, now: Moment) -> bool {
        self.all.push_back(now.up);
        while self.all.len() > MOST_A_MINUTE {
            self.all.pop_front();
        }
        let (most, within) = FLAPS;
        self.each.retain(|_, times| {
            times.retain(|at| now.up.saturating_sub(*at) <= within);
            !times.is_empty()
        });
        let times = self.each.entry(subject.clone()).or_default();
        times.push_back(now.up);
        times.len() > most
    }
}
