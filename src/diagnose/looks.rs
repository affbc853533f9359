//! The record of every look: what, what was seen, how long it took.

use std::time::{Duration, Instant};

use crate::facts::Known;
use crate::findings::LookLine;

/// The looks of one diagnosis, in the order in which they were ended.
#[derive(Debug)]
pub struct Looks {
    began: Instant,
    lines: Vec<LookLine>,
}

impl Default for Looks {
    fn default() -> Self {
        Looks {
            began: Instant::now(),
            lines: Vec::new(),
        }
    }
}

impl Looks {
    /// Makes a look and notes it.
    pub fn at<T>(
        &mut self,
        what: &str,
        look: impl FnOnce() -> T,
        saw: impl FnOnce(&T) -> String,
    ) -> T {
        let began = Instant::now();
        let seen = look();
        let words = saw(&seen);
        self.note(what, words, began);
        seen
    }

    /// Notes a look that was made elsewhere and began then.
    pub fn note(&mut self, what: &str, saw: String, began: Instant) {
        self.note_as(what, saw, began.elapsed());
    }

    /// Notes a look that was made elsewhere and took so long.
    pub fn note_as(&mut self, what: &str, saw: String, took: Duration) {
        self.lines.push(LookLine {
            what: what.to_owned(),
            saw,
            took_us: micros(took),
        });
    }

    /// The lines, and the milliseconds that everything took.
    #[must_use]
    pub fn finish(self) -> (Vec<LookLine>, u64) {
        (self.lines, micros(self.began.elapsed()).div_ceil(1000))
    }
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

/// `3 listeners`, or the gap in words.
pub(super) fn count<T>(known: &Known<T>, len: impl FnOnce(&T) -> usize, noun: &str) -> String {
    match known {
        Known::Seen(seen) => match len(seen) {
            1 => format!("1 {noun}"),
            n if noun.ends_with('s') => format!("{n} {noun}es"),
            n => format!("{n} {noun}s"),
        },
        Known::Unseen(gap) => gap.to_string(),
    }
}
