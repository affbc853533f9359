//! How often the sockets are looked at. Pure: handed the time.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::time::Duration;

use super::event::Moment;

/// The pause between two looks as a rule: a port that opened is known within 200 ms.
const USUAL: Duration = Duration::from_millis(200);
/// The pause just after a change, which seldom comes alone.
const LIVELY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(3));
/// The pause where nothing has changed for so long, and nobody watches. Whoever asks has
/// the sockets looked at for him.
const QUIET: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How often the sockets are looked at, by what happened of late.
#[derive(Debug, Default)]
pub struct Pace {
    last_change: Duration,
}

impl Pace {
    /// Takes note of a change.
    pub fn change(&mut self, now: Moment) {
        self.last_change = now.up;
    }

    /// The pause until the next look.
    #[must_use]
    pub fn pause(&self, watched: bool, now: Moment) -> Duration {
        let still = now.up.saturating_sub(self.last_change);
        if still < LIVELY.1 {
            LIVELY.0
        } else if still < QUIET.1 || watched {
            USUAL
        } else {
            QUIET.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_with_the_quiet() {
        let at = |s| Moment {
            up: Duration::from_secs(s),
            wall: 0,
        };
        let mut pace = Pace::default();
        pace.change(at(100));
        let pause = |s, watched| pace.pause(watched, at(s)).as_millis();
        assert_eq!(pause(101, false), 100);
        assert_eq!(pause(104, false), 200);
        assert_eq!(pause(161, false), 1000);
        assert_eq!(pause(161, true), 200);
        assert_eq!(pause(0, false), 100, "a clock that is behind is no quiet");
    }
}
