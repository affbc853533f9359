//! The clock on the wall, for what is kept and shown, and an alarm, which goes by another.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

#[cfg_attr(target_os = "linux", path = "linux.rs")]
mod os;
/// The code for other systems runs on this one too, so here it is tested.
#[cfg(test)]
#[path = "os.rs"]
mod portable;

/// This moment, in milliseconds since the Unix epoch; 0 where the clock stands before it.
#[must_use]
pub fn wall() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// Wakes whoever waits at a moment, and at no other: for a loop that sleeps most of the time.
///
/// To be used inside of a tokio runtime with its drivers of I/O and time.
#[derive(Debug, Default)]
pub struct Alarm {
    os: os::Alarm,
}

impl Alarm {
    /// An alarm that is not set.
    #[must_use]
    pub fn new() -> Self {
        Alarm::default()
    }

    /// Comes back at this moment, or soon after it. It may be dropped at any time.
    pub async fn at(&mut self, moment: Instant) {
        self.os.at(moment).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Sleeps by both, and sees that neither wakes too early.
    async fn slept(pause: Duration) -> [Duration; 2] {
        let (mut alarm, mut portable) = (Alarm::new(), portable::Alarm);
        let began = Instant::now();
        alarm.at(began + pause).await;
        let first = began.elapsed();
        let began = Instant::now();
        portable.at(began + pause).await;
        [first, began.elapsed()]
    }

    #[tokio::test]
    async fn it_wakes_in_time_and_not_before() {
        for pause in [0, 1, 30] {
            let pause = Duration::from_millis(pause);
            for slept in slept(pause).await {
                assert!(slept >= pause, "{slept:?} instead of {pause:?}");
                assert!(slept < pause + Duration::from_secs(5), "{slept:?}");
            }
        }
    }

    #[tokio::test]
    async fn it_may_be_set_anew_before_it_has_rung() {
        let mut alarm = Alarm::new();
        let began = Instant::now();
        let late = alarm.at(began + Duration::from_secs(600));
        assert!(
            tokio::time::timeout(Duration::from_millis(5), late)
                .await
                .is_err()
        );
        alarm.at(began + Duration::from_millis(20)).await;
        let slept = began.elapsed();
        assert!(
            slept >= Duration::from_millis(20) && slept < Duration::from_secs(5),
            "{slept:?}"
        );
        // The same moment again has passed.
        alarm.at(began + Duration::from_millis(20)).await;
    }
}
