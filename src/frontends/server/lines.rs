//! Messages out of bytes: a line each, and none longer than a limit.

/// What has come in and is not taken yet. It keeps one message and one piece at most.
#[derive(Debug)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// How much of the buffer is known to have no end of a line.
    searched: usize,
    /// Whether a message that is too long has begun and not ended.
    discarding: bool,
    most: usize,
}

/// A message, or what cannot be one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    /// A line, without its end.
    Line(Vec<u8>),
    /// A line that is longer than the limit; its rest will be thrown away.
    TooLong,
}

impl Lines {
    /// For lines of so many bytes at most.
    pub(super) fn new(most: usize) -> Self {
        Lines {
            buffer: Vec::new(),
            searched: 0,
            discarding: false,
            most,
        }
    }

    /// Takes what has come in. What comes before it must have been taken out.
    pub(super) fn feed(&mut self, piece: &[u8]) {
        let piece = if self.discarding {
            match piece.iter().position(|byte| *byte == b'\n') {
                Some(end) => {
                    self.discarding = false;
                    &piece[end + 1..]
                }
                None => return,
            }
        } else {
            piece
        };
        self.buffer.extend_from_slice(piece);
    }

    /// The next message that is there. Lines with nothing on them are none.
    pub(super) fn take(&mut self) -> Option<Incoming> {
        loop {
            let rest = &self.buffer[self.searched..];
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                self.searched = self.buffer.len();
                if self.searched <= self.most {
                    return None;
                }
                self.discarding = true;
                self.clear();
                return Some(Incoming::TooLong);
            };
            let end = self.searched + end;
            self.searched = 0;
            if end > self.most {
                self.buffer.drain(..=end);
                return Some(Incoming::TooLong);
            }
            let rest = self.buffer.split_off(end + 1);
            let mut line = std::mem::replace(&mut self.buffer, rest);
            line.truncate(end);
            if !line.trim_ascii().is_empty() {
                return Some(Incoming::Line(line));
            }
        }
    }

    /// Whether a message has begun and not ended, once all whole ones are taken.
    pub(super) fn has_begun(&self) -> bool {
        self.discarding || !self.buffer.is_empty()
    }

    /// An idle client keeps nothing.
    fn clear(&mut self) {
        self.buffer = Vec::new();
        self.searched = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(text: &str) -> Incoming {
        Incoming::Line(text.as_bytes().to_vec())
    }

    /// All messages of these pieces, fed as the connection does: what is there is taken
    /// before more is read.
    fn all(most: usize, pieces: &[&[u8]]) -> (Vec<Incoming>, Lines) {
        let mut lines = Lines::new(most);
        let mut messages = Vec::new();
        for piece in pieces {
            lines.feed(piece);
            messages.extend(std::iter::from_fn(|| lines.take()));
            assert!(lines.buffer.len() <= most, "{}", lines.buffer.len());
        }
        (messages, lines)
    }

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let (messages, lines) = all(10, &[b"on", b"e\ntwo\n\n \r\nth", b"ree", b"\nfo"]);
        assert_eq!(messages, [line("one"), line("two"), line("three")]);
        assert!(lines.has_begun());
        assert!(!all(10, &[b"one\n"]).1.has_begun());
    }

    #[test]
    fn a_line_that_is_too_long_is_told_at_once_and_its_rest_is_nothing() {
        let (messages, lines) = all(4, &[b"12345", b"678", b"9\nnext\n"]);
        assert_eq!(messages, [Incoming::TooLong, line("next")]);
        assert!(!lines.has_begun());
        let (messages, lines) = all(4, &[b"12345678", b"9"]);
        assert_eq!(messages, [Incoming::TooLong]);
        assert!(lines.has_begun());
        // In one piece with its end, too.
        let (messages, _) = all(4, &[b"1234\n12345\nnext\n"]);
        assert_eq!(messages, [line("1234"), Incoming::TooLong, line("next")]);
    }

    proptest! {
        #[test]
        fn the_cuts_make_no_difference(
            text in proptest::collection::vec(
                prop_oneof![3 => Just(b'x'), 1 => Just(b'\n'), 1 => any::<u8>()], 0..200),
            cuts in proptest::collection::vec(0usize..200, 0..20),
            most in 0usize..12,
        ) {
            let whole = text.split(|byte| *byte == b'\n');
            let count = whole.clone().count();
            let mut expected: Vec<Incoming> = whole
                .clone()
                .take(count - 1)
                .filter_map(|line| match line {
                    long if long.len() > most => Some(Incoming::TooLong),
                    blank if blank.trim_ascii().is_empty() => None,
                    line => Some(Incoming::Line(line.to_vec())),
                })
                .collect();
            let mut whole = whole;
            if whole.next_back().is_some_and(|last| last.len() > most) {
                expected.push(Incoming::TooLong);
            }
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|ends| &text[ends[0]..ends[1]]).collect();
            prop_assert_eq!(all(most, &pieces).0, expected);
        }
    }
}
