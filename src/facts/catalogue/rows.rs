//! A list of TOML tables, of which only those that are wanted are parsed.

use std::sync::OnceLock;

use serde::de::DeserializeOwned;

/// The rows of an embedded file.
#[derive(Debug)]
pub(super) struct Rows<T> {
    text: &'static str,
    header: &'static str,
    rows: OnceLock<Vec<Row<T>>>,
}

#[derive(Debug)]
struct Row<T> {
    text: &'static str,
    /// The text as far as the end of its first list.
    head: &'static str,
    /// Nothing where the text is no row, which a test forbids.
    parsed: OnceLock<Option<T>>,
}

impl<T: DeserializeOwned> Rows<T> {
    /// The rows of this text: each begins with a line that is the header.
    pub(super) const fn new(text: &'static str, header: &'static str) -> Self {
        Rows {
            text,
            header,
            rows: OnceLock::new(),
        }
    }

    fn rows(&self) -> &[Row<T>] {
        self.rows.get_or_init(|| {
            // What stands before the first header is the file's comment.
            self.text
                .split(self.header)
                .skip(1)
                .map(|text| Row {
                    text,
                    head: text.find("]\n").map_or(text, |end| &text[..end]),
                    parsed: OnceLock::new(),
                })
                .collect()
        })
    }

    /// Every row.
    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.rows().iter().filter_map(Row::get)
    }

    /// The rows whose text may be the one that is looked for.
    pub(super) fn whose_text(&self, may_be: impl Fn(&str) -> bool) -> impl Iterator<Item = &T> {
        self.rows()
            .iter()
            .filter(move |row| may_be(row.text))
            .filter_map(Row::get)
    }

    /// The rows whose text as far as the end of its first list may be the one that is
    /// looked for.
    pub(super) fn whose_head(&self, may_be: impl Fn(&str) -> bool) -> impl Iterator<Item = &T> {
        self.rows()
            .iter()
            .filter(move |row| may_be(row.head))
            .filter_map(Row::get)
    }
}

impl<T: DeserializeOwned> Row<T> {
    fn get(&self) -> Option<&T> {
        self.parsed
            .get_or_init(|| toml::from_str(self.text).ok())
            .as_ref()
    }
}
