//! When being told of every closed connection costs too much. Pure; handed the time.

use std::time::Duration;

use super::counts::Counts;

/// From so many closed sockets a second on, the groups are left. To announce one takes
/// 2 to 3 µs of the processor (`cargo bench --bench radar`): this is 1 % of a core.
const BUSY: u64 = 3_500;
/// Below so many the machine is quiet.
const QUIET: u64 = BUSY / 2;
/// Below so many, as far as they are known, it is calm.
const CALM: u64 = BUSY / 10;
/// How long it must be quiet before the groups are joined again, the first time.
const WAIT: Duration = Duration::from_secs(5);
/// The longest that is waited. Each time the machine becomes busy soon after they were
/// joined again, the wait doubles: the share of the time in which a server that is busy
/// again and again is slowed down stays small.
const LONGEST: Duration = Duration::from_secs(320);
/// So many times the wait is *soon*.
const SOON: u32 = 20;
/// Readings closer to each other than this say nothing about a rate.
const NEAR: Duration = Duration::from_millis(100);

/// Whether the machine is too busy, from reading to reading.
#[derive(Debug)]
pub(super) struct Adaptive {
    last: Option<(Counts, Duration)>,
    busy: bool,
    /// Since when it has been as it is, by the same clock.
    since: Duration,
    /// Since when it has been quiet while it counts as busy.
    quiet: Option<Duration>,
    wait: Duration,
    /// Closed sockets a second, between the last two readings.
    rate: Option<u64>,
}

/// What a reading says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Whether the machine is too busy.
    pub busy: bool,
    /// How many attempts failed since the last reading.
    pub failed: u64,
}

impl Default for Adaptive {
    fn default() -> Self {
        Adaptive {
            last: None,
            busy: false,
            since: Duration::ZERO,
            quiet: None,
            wait: WAIT,
            rate: None,
        }
    }
}

impl Adaptive {
    /// Takes in a reading at this moment.
    pub(super) fn step(&mut self, counts: Counts, now: Duration) -> Step {
        let mut step = Step {
            busy: self.busy,
            failed: 0,
        };
        let Some((before, then)) = self.last else {
            self.last = Some((counts, now));
            return step;
        };
        let passed = now.saturating_sub(then);
        if passed < NEAR {
            return step;
        }
        self.last = Some((counts, now));
        let closed = counts.closed_since(&before);
        let millis = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = closed.saturating_mul(1000) / millis;
        self.rate = Some(rate);
        if self.busy {
            self.while_busy(rate, now);
        } else if rate > BUSY {
            let held = now.saturating_sub(self.since);
            self.wait = match self.since {
                // It was never busy before.
                Duration::ZERO => WAIT,
                _ if held > self.wait * SOON => WAIT,
                _ => (self.wait * 2).min(LONGEST),
            };
            self.turn(true, now);
        }
        step.busy = self.busy;
        step.failed = counts.failed.saturating_sub(before.failed);
        step
    }

    /// Whether hardly any sockets were closed between the last two readings.
    pub(super) fn is_calm(&self) -> bool {
        !self.busy && self.rate.is_some_and(|rate| rate < CALM)
    }

    /// Closed sockets a second, between the last two readings.
    pub(super) fn rate(&self) -> u64 {
        self.rate.unwrap_or(0)
    }

    fn while_busy(&mut self, rate: u64, now: Duration) {
        if rate >= QUIET {
            self.quiet = None;
            return;
        }
        let since = *self.quiet.get_or_insert(now);
        if now.saturating_sub(since) >= self.wait {
            self.turn(false, now);
        }
    }

    fn turn(&mut self, busy: bool, now: Duration) {
        self.busy = busy;
        self.since = now;
        self.quiet = None;
    }
}

#[cfg(test)]
#[path = "adaptive_tests.rs"]
mod tests;
