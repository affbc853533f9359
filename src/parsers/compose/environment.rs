//! The variables of a compose project: those of the environment, then those of `.env`.

use super::interpolate::{Filler, Variables};
use crate::facts::Claims;
use crate::parsers::context::Context;
use crate::parsers::format::dotenv::{self, Entry};

/// These variables, and those of the files that are not among them. A file that is not
/// there is no fault; of two files the last one holds.
pub(super) fn with_files(
    cx: &Context<'_>,
    files: &[String],
    variables: &Variables,
    claims: &mut Claims,
) -> Variables {
    let mut all = variables.clone();
    let mut own = Variables::new();
    for entry in files.iter().flat_map(|file| entries(cx, file, claims)) {
        let value = value(&entry, &all, &own);
        own.insert(entry.name, value);
    }
    for (name, value) in own {
        all.entry(name).or_insert(value);
    }
    all
}

/// What a file of variables sets.
pub(super) fn entries(cx: &Context<'_>, file: &str, claims: &mut Claims) -> Vec<Entry> {
    let text = cx.text_if_there(file, claims);
    text.map_or_else(Vec::new, |text| dotenv::parse(file, &text))
}

/// The value of one variable of a file, its own variables replaced. The environment is
/// stronger than what stands before it in the file.
pub(super) fn value(entry: &Entry, environment: &Variables, before: &Variables) -> String {
    if entry.written.starts_with('\'') || !entry.value.contains('$') {
        return entry.value.clone();
    }
    let mut filler = Filler::new(environment).or(before);
    let filled = filler.fill(&entry.value);
    filled.unwrap_or_else(|_| entry.value.clone())
}
