//! A look that goes on beside everything else, and is waited for only so long.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::facts::{Gap, Known};

/// A look that was begun and may still be under way.
///
/// The thread behind it is never joined: a resolver or an engine that hangs must
/// not hold up the report, and ends with the process.
#[derive(Debug)]
pub struct Pending<T> {
    began: Instant,
    answer: Receiver<T>,
    came: Option<T>,
}

impl<T: Send + 'static> Pending<T> {
    /// Begins a look on a thread of its own.
    pub fn begin(name: &str, look: impl FnOnce() -> T + Send + 'static) -> Self {
        let (sender, answer) = channel();
        let run = move || {
            // Nobody listens any more if the deadline has passed; that is all right.
            let _ = sender.send(look());
        };
        let began = Instant::now();
        // Without a thread the channel closes, and `wait` says so.
        let _ = std::thread::Builder::new().name(name.to_owned()).spawn(run);
        Pending {
            began,
            answer,
            came: None,
        }
    }

    /// Whether it is seen within `budget` of the *begin* of the look.
    pub fn is_there(&mut self, budget: Duration) -> bool {
        if self.came.is_none() {
            let left = budget.saturating_sub(self.began.elapsed());
            self.came = self.answer.recv_timeout(left).ok();
        }
        self.came.is_some()
    }

    /// What was seen, if it comes within `budget` of the *begin* of the look.
    pub fn wait(self, budget: Duration) -> Known<T> {
        if let Some(seen) = self.came {
            return Known::Seen(seen);
        }
        let left = budget.saturating_sub(self.began.elapsed());
        match self.answer.recv_timeout(left) {
            Ok(seen) => Known::Seen(seen),
            Err(RecvTimeoutError::Timeout) => Known::Unseen(Gap::TooSlow),
            Err(RecvTimeoutError::Disconnected) => {
                Known::Unseen(Gap::Failed("the look ended without an answer".to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn what_has_come_is_kept_for_whoever_waits_for_it() {
        let mut pending = Pending::begin("quick", || 7);
        assert!(pending.is_there(LONG));
        assert!(pending.is_there(Duration::ZERO));
        assert_eq!(pending.wait(Duration::ZERO), Known::Seen(7));
    }

    #[test]
    fn what_has_not_come_may_come_later() {
        let (go, waits) = channel::<()>();
        let mut pending = Pending::begin("slow", move || waits.recv().is_ok());
        assert!(!pending.is_there(Duration::from_millis(20)));
        go.send(()).unwrap();
        assert_eq!(pending.wait(LONG), Known::Seen(true));
    }
}
