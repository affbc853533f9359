//! A list of TOML tables, of which only those that are wanted are parsed.
//!
//! Where each stands is found by the compiler: to look for all of them takes longer than
//! to find and parse the one that is wanted.

use std::sync::OnceLock;

use serde::de::DeserializeOwned;

/// The rows of an embedded file, `N` of them.
#[derive(Debug)]
pub(super) struct Rows<T, const N: usize> {
    text: &'static str,
    cuts: [Cut; N],
    /// Nothing where the text is no row, which a test forbids.
    parsed: [OnceLock<Option<Box<T>>>; N],
}

/// Where a row stands in the text. Numbers, because an address would have to be set at
/// every start of the program.
#[derive(Debug, Clone, Copy)]
struct Cut {
    start: usize,
    /// The end of its first list.
    head: usize,
    end: usize,
}

/// How many rows a text has: each begins with a line that is the header. What stands before
/// the first is the file's comment.
pub(super) const fn count(text: &str, header: &str) -> usize {
    let mut count = 0;
    let mut at = find(text, header, 0, text.len());
    while at < text.len() {
        count += 1;
        at = find(text, header, at + header.len(), text.len());
    }
    count
}

/// Where these words stand in this part of the text; its end, where they do not.
const fn find(text: &str, words: &str, from: usize, to: usize) -> usize {
    let (text, words) = (text.as_bytes(), words.as_bytes());
    let mut at = from;
    while at + words.len() <= to {
        let mut same = 0;
        while same < words.len() && text[at + same] == words[same] {
            same += 1;
        }
        if same == words.len() {
            return at;
        }
        at += 1;
    }
    to
}

impl<T, const N: usize> Rows<T, N> {
    /// The rows of this text, of which there must be [`count`].
    pub(super) const fn new(text: &'static str, header: &str) -> Self {
        let mut cuts = [Cut {
            start: 0,
            head: 0,
            end: 0,
        }; N];
        let mut start = find(text, header, 0, text.len()) + header.len();
        let mut at = 0;
        while at < N {
            let end = find(text, header, start, text.len());
            let head = find(text, "]\n", start, end);
            cuts[at] = Cut { start, head, end };
            start = end + header.len();
            at += 1;
        }
        Rows {
            text,
            cuts,
            parsed: [const { OnceLock::new() }; N],
        }
    }
}

impl<T: DeserializeOwned, const N: usize> Rows<T, N> {
    /// Every row.
    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.those(|_| true)
    }

    /// The rows whose text may be the one that is looked for.
    pub(super) fn whose_text(&self, may_be: impl Fn(&str) -> bool) -> impl Iterator<Item = &T> {
        self.those(move |cut| may_be(self.part(cut.start, cut.end)))
    }

    /// The rows whose text as far as the end of its first list may be the one that is
    /// looked for.
    pub(super) fn whose_head(&self, may_be: impl Fn(&str) -> bool) -> impl Iterator<Item = &T> {
        self.those(move |cut| may_be(self.part(cut.start, cut.head)))
    }

    fn those(&self, wanted: impl Fn(&Cut) -> bool) -> impl Iterator<Item = &T> {
        let rows = self.cuts.iter().zip(&self.parsed);
        rows.filter(move |(cut, _)| wanted(cut))
            .filter_map(|(cut, parsed)| {
                let parse = || toml::from_str(self.part(cut.start, cut.end)).ok();
                parsed.get_or_init(|| parse().map(Box::new)).as_deref()
            })
    }

    fn part(&self, from: usize, to: usize) -> &'static str {
        self.text.get(from..to).unwrap_or_default()
    }
}
