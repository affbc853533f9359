//! A look that is made beside others: on a thread of its own, with a deadline of its own.
//!
//! Such looks are begun as soon as it is known that the verdict hangs on them, and ended
//! in one fixed order, whichever is ready first: what is seen does not depend on who was
//! faster. One that is slow keeps nobody waiting beyond its own deadline.

use std::time::{Duration, Instant};

use super::looks::Looks;
use crate::facts::Known;
use crate::sources::Pending;

/// A look that is under way.
#[derive(Debug)]
pub(super) struct Beside<T> {
    what: &'static str,
    patience: Duration,
    began: Instant,
    pending: Pending<(Known<T>, Duration)>,
}

impl<T: Send + 'static> Beside<T> {
    /// Begins it. `patience` is for a thread that hangs: looks have deadlines themselves.
    pub(super) fn begin(
        what: &'static str,
        patience: Duration,
        look: impl FnOnce() -> Known<T> + Send + 'static,
    ) -> Self {
        let timed = move || {
            let began = Instant::now();
            (look(), began.elapsed())
        };
        Beside {
            what,
            patience,
            began: Instant::now(),
            pending: Pending::begin(what, timed),
        }
    }

    /// What was seen, if it comes in time; notes how long the look itself took.
    pub(super) fn end(self, looks: &mut Looks, saw: impl FnOnce(&Known<T>) -> String) -> Known<T> {
        let (seen, took) = match self.pending.wait(self.patience) {
            Known::Seen(seen) => seen,
            Known::Unseen(gap) => (Known::Unseen(gap), self.began.elapsed()),
        };
        looks.note_as(self.what, saw(&seen), took);
        seen
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::facts::Gap;

    const LONG: Duration = Duration::from_secs(20);

    fn words(seen: &Known<u32>) -> String {
        match seen {
            Known::Seen(number) => number.to_string(),
            Known::Unseen(gap) => gap.to_string(),
        }
    }

    #[test]
    fn whoever_is_ready_first_looks_are_told_in_the_order_of_their_ends() {
        for last in 0..3 {
            let mut looks = Looks::default();
            // The others are ready before this one begins to look.
            let (ready, all_ready) = channel();
            let mut go = Some(all_ready);
            let begun: Vec<_> = ["one", "two", "three"]
                .into_iter()
                .zip(0..)
                .map(|(what, number)| {
                    let ready = ready.clone();
                    let waits = if number == last { go.take() } else { None };
                    Beside::begin(what, LONG, move || {
                        if let Some(waits) = waits {
                            assert!((0..2).all(|_| waits.recv_timeout(LONG).is_ok()));
                        } else {
                            ready.send(()).unwrap();
                        }
                        Known::Seen(number)
                    })
                })
                .collect();
            let seen: Vec<_> = begun
                .into_iter()
                .map(|one| one.end(&mut looks, words))
                .collect();
            assert_eq!(seen, [Known::Seen(0), Known::Seen(1), Known::Seen(2)]);
            let (lines, _) = looks.finish();
            let told: Vec<_> = lines
                .iter()
                .map(|line| (line.what.as_str(), line.saw.as_str()))
                .collect();
            assert_eq!(told, [("one", "0"), ("two", "1"), ("three", "2")]);
        }
    }

    #[test]
    fn a_look_that_hangs_is_given_up_and_takes_nothing_from_the_others() {
        let mut looks = Looks::default();
        let (_held, never) = channel::<()>();
        let hangs = Beside::begin("hangs", Duration::from_millis(50), move || {
            let _ = never.recv();
            Known::Seen(0)
        });
        let (done, waits) = channel();
        let other = Beside::begin("other", LONG, move || {
            done.send(()).unwrap();
            Known::Seen(1)
        });
        // It is ready while the one that hangs still has all of its time.
        waits.recv_timeout(LONG).unwrap();
        assert_eq!(hangs.end(&mut looks, words), Known::Unseen(Gap::TooSlow));
        assert_eq!(other.end(&mut looks, words), Known::Seen(1));
        let (lines, _) = looks.finish();
        assert_eq!(lines[0].saw, Gap::TooSlow.to_string());
        assert!(lines[0].took_us >= 50_000, "{lines:?}");
    }

    #[test]
    fn what_is_noted_is_the_time_of_the_look_and_not_that_until_it_was_ended() {
        let mut looks = Looks::default();
        let (done, waits) = channel();
        let quick = Beside::begin("quick", LONG, move || {
            done.send(()).unwrap();
            Known::Seen(7)
        });
        waits.recv_timeout(LONG).unwrap();
        let ended = Instant::now();
        while ended.elapsed() < Duration::from_millis(500) {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(quick.end(&mut looks, words), Known::Seen(7));
        let (lines, _) = looks.finish();
        assert!(lines[0].took_us < 500_000, "{lines:?}");
    }
}
