//! YAML: places of values and of keys, aliases and merge keys unfolded, tags kept.

mod build;

use std::collections::HashSet;

use super::Parsed;
use crate::facts::{BrokenFile, Origin};
use crate::parsers::tree::{Node, Value};

/// A value of a YAML file, with what a [`Value`] does not keep: tags, and the places
/// of keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Yaml {
    /// What it is.
    pub kind: Kind,
    /// Where it begins. A value that an alias stands for is where its anchor is.
    pub origin: Origin,
    /// How it is written: a text with its quotation marks. Empty for lists, tables and
    /// what is longer than one line.
    pub written: String,
    /// The tag that its file gives it, unless it is one of YAML's own: `!reset`.
    pub tag: Option<String>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Nothing.
    Null,
    /// True or false.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// Several values.
    List(Vec<Yaml>),
    /// Values by their keys, in the order of the file.
    Table(Vec<Entry>),
}

/// One key of a table, and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub at: Origin,
    /// The value.
    pub value: Yaml,
}

/// The tree of a text: of its first document, where it has several.
pub fn parse(file: &str, text: &str) -> Parsed {
    let first = documents(file, text)?.into_iter().next();
    Ok(first.unwrap_or_else(|| Value {
        node: Node::Null,
        origin: Origin {
            file: file.to_owned(),
            line: 1,
            column: 1,
        },
        written: String::new(),
    }))
}

/// The trees of all documents of a text.
///
/// # Errors
///
/// Where the text is no YAML, and why.
pub fn documents(file: &str, text: &str) -> Result<Vec<Value>, BrokenFile> {
    let documents = build::documents(file, text)?;
    Ok(documents.into_iter().map(Value::from).collect())
}

/// All documents of a text, with tags and the places of keys.
///
/// # Errors
///
/// Where the text is no YAML, and why.
pub fn tagged(file: &str, text: &str) -> Result<Vec<Yaml>, BrokenFile> {
    build::documents(file, text)
}

impl From<Yaml> for Value {
    fn from(yaml: Yaml) -> Value {
        let node = match (yaml.tag, yaml.kind) {
            (Some(tag), _) => {
                Node::Unknown(format!("its tag `{tag}` is read by the program itself"))
            }
            (None, Kind::Null) => Node::Null,
            (None, Kind::Flag(flag)) => Node::Flag(flag),
            (None, Kind::Number(number)) => Node::Number(number),
            (None, Kind::Text(text)) => Node::Text(text),
            (None, Kind::List(items)) => Node::List(items.into_iter().map(Value::from).collect()),
            (None, Kind::Table(entries)) => {
                let pair = |entry: Entry| (entry.key, Value::from(entry.value));
                Node::Table(entries.into_iter().map(pair).collect())
            }
        };
        Value {
            node,
            origin: yaml.origin,
            written: yaml.written,
        }
    }
}

impl Yaml {
    /// The entry of a key. The last one of the same name holds.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().rev().find(|entry| entry.key == key)
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Yaml> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entries of a table; none for anything else.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Table(entries) => entries,
            _ => &[],
        }
    }

    /// The values of a list; none for anything else.
    #[must_use]
    pub fn items(&self) -> &[Yaml] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// What a reader that wants a text takes it for; nothing for lists, tables and nothing.
    #[must_use]
    pub fn plain(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            Kind::Number(_) | Kind::Flag(_) => Some(&self.written),
            _ => None,
        }
    }
}

/// What a plain scalar is, by the rules of YAML's core schema.
fn resolve(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" => return Kind::Flag(true),
        "false" | "False" | "FALSE" => return Kind::Flag(false),
        _ => {}
    }
    let based = [("0x", 16), ("0o", 8)]
        .into_iter()
        .find_map(|(mark, base)| {
            u32::from_str_radix(text.strip_prefix(mark)?, base)
                .ok()
                .map(f64::from)
        });
    // Only what begins as a number may be one: `inf` and `nan` are texts.
    let begins = text
        .trim_start_matches(['+', '-', '.'])
        .starts_with(|c: char| c.is_ascii_digit());
    let number = based.or_else(|| begins.then(|| text.parse().ok()).flatten());
    number.map_or_else(|| Kind::Text(text.to_owned()), Kind::Number)
}

/// The entries of a table with those that its merge keys (`<<`) name. Its own entries
/// are stronger, then those of the table that is named first.
fn merged(entries: Vec<Entry>) -> Vec<Entry> {
    let is_merge = |entry: &Entry| {
        entry.key == "<<"
            && match &entry.value.kind {
                Kind::Table(_) => true,
                Kind::List(items) => items.iter().all(|i| matches!(i.kind, Kind::Table(_))),
                _ => false,
            }
    };
    if !entries.iter().any(is_merge) {
        return entries;
    }
    let (merges, own): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_merge);
    let mut known: HashSet<String> = own.iter().map(|entry| entry.key.clone()).collect();
    let mut all = Vec::new();
    let tables = merges.into_iter().flat_map(|merge| match merge.value.kind {
        Kind::List(items) => items,
        _ => vec![merge.value],
    });
    for table in tables {
        if let Kind::Table(entries) = table.kind {
            let new: Vec<_> = entries
                .into_iter()
                .filter(|entry| !known.contains(&entry.key))
                .collect();
            known.extend(new.iter().map(|entry| entry.key.clone()));
            all.extend(new);
        }
    }
    all.extend(own);
    all
}

#[cfg(test)]
mod tests;
