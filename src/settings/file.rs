//! One settings file.

use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::Settings;
use super::error::{Place, SettingsError, printable, quoted};
use super::keys::{self, Written};

/// More than any settings file needs; what is longer is something else.
const LARGEST: u64 = 256 * 1024;

/// Lays a file over the settings. One that is not there changes nothing.
pub(super) fn apply_if_there(path: &Path, settings: &mut Settings) -> Result<(), SettingsError> {
    match text_if_there(path)? {
        Some(text) => apply(path, &text, settings),
        None => Ok(()),
    }
}

/// The text of a file, if there is one.
pub(super) fn text_if_there(path: &Path) -> Result<Option<String>, SettingsError> {
    read(path).map_err(|what| SettingsError {
        place: Place::WholeFile(path.to_owned()),
        what,
        help: "mend it, or take it away: devdoctor needs no settings file".to_owned(),
    })
}

/// What the TOML of a file is wrong in.
pub(super) fn mistake(path: &Path, text: &str, error: &toml::de::Error) -> SettingsError {
    SettingsError {
        place: place(path, text, error.span().map_or(0, |span| span.start)),
        what: printable(error.message()),
        help: "mend the TOML here".to_owned(),
    }
}

fn read(path: &Path) -> Result<Option<String>, String> {
    // Looked at before it is opened: opening a pipe would wait for a writer.
    let meta = match path.metadata() {
        Ok(meta) => meta,
        Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => {
            return Ok(None);
        }
        // A folder that we may not search, as another user's home, has no settings for us.
        // The file's own permissions are met when it is opened.
        Err(error)
            if error.kind() == ErrorKind::PermissionDenied && path.symlink_metadata().is_err() =>
        {
            return Ok(None);
        }
        // A parent that is a file: there is nothing of this name.
        Err(error) if error.kind() == ErrorKind::NotADirectory => return Ok(None),
        Err(error) => return Err(format!("cannot be read: {error}")),
    };
    if !meta.is_file() {
        return Err("is not a file".to_owned());
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("is longer than {} KiB", LARGEST / 1024));
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())?;
    // A byte order mark is no part of the text.
    Ok(Some(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }))
}

/// Lays the text of a file over the settings.
pub(super) fn apply(path: &Path, text: &str, settings: &mut Settings) -> Result<(), SettingsError> {
    let at = |span: Range<usize>| place(path, text, span.start);
    let table = DeTable::parse(text).map_err(|error| mistake(path, text, &error))?;
    apply_table("", table.get_ref(), &at, settings)
}

fn apply_table(
    prefix: &str,
    table: &DeTable<'_>,
    at: &impl Fn(Range<usize>) -> Place,
    settings: &mut Settings,
) -> Result<(), SettingsError> {
    // In the order of the text, so that the first mistake is the one reported.
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        let path = format!("{prefix}{}", key.get_ref());
        let inner = format!("{path}.");
        if let DeValue::Table(table) = value.get_ref()
            && keys::is_table(&inner)
        {
            apply_table(&inner, table, at, settings)?;
            continue;
        }
        let Some(known) = keys::find(&path) else {
            return Err(keys::unknown(&path, at(key.span())));
        };
        let written = written(value.get_ref(), at)
            .map_err(|kind| known.wrong_kind(&kind, at(value.span())))?;
        known.set(settings, written, at(value.span()))?;
    }
    Ok(())
}

/// A value as the keys take it, or its kind if no key takes such a one.
fn written(value: &DeValue<'_>, at: &impl Fn(Range<usize>) -> Place) -> Result<Written, String> {
    match value {
        DeValue::String(text) => Ok(Written::Text(text.to_string())),
        DeValue::Boolean(yes) => Ok(Written::Flag(*yes)),
        DeValue::Array(items) => items
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::String(text) => Ok((text.to_string(), at(item.span()))),
                other => Err(format!("a list with {}", kind(other))),
            })
            .collect::<Result<_, _>>()
            .map(Written::List),
        other => Err(kind(other)),
    }
}

fn kind(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Integer(number) => format!("the number {}", quoted(number.as_str())),
        DeValue::Float(number) => format!("the number {}", quoted(number.as_str())),
        DeValue::String(text) => format!("the text {}", quoted(text)),
        DeValue::Boolean(yes) => format!("`{yes}`"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

fn place(path: &Path, text: &str, offset: usize) -> Place {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Place::File {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}
