//! What may set a port or a host, the strongest first.

use super::Candidate;
use super::address::addresses;
use crate::facts::{Flags, Keys, SetBy};
use crate::parsers::command::Word;
use crate::parsers::env_files::Variable;
use crate::parsers::{Node, Value};

/// What a flag for the host means that has no value: every address.
pub(super) const EVERY: Option<&str> = Some("0.0.0.0");

/// What files of variables set, the strongest first.
pub(super) fn from_files(names: &[String], files: &[Variable]) -> Vec<Vec<Candidate>> {
    let set = names.iter().filter_map(|name| {
        let variable = files.iter().find(|variable| variable.name == *name)?;
        Some(Candidate {
            by: SetBy::EnvFile,
            key: name.clone(),
            value: word_of(variable),
        })
    });
    set.filter(|candidate| !candidate.value.text.is_empty())
        .map(|candidate| vec![candidate])
        .collect()
}

/// What the environment, files of variables and the configuration set, the strongest
/// first.
pub(super) fn in_order(
    row: &Keys,
    variables: Vec<Vec<Candidate>>,
    files: Vec<Vec<Candidate>>,
    keys: Vec<Vec<Candidate>>,
) -> impl Iterator<Item = Vec<Candidate>> {
    let order = if row.over_variables {
        [keys, variables, files]
    } else if row.over_env_files {
        [variables, keys, files]
    } else {
        [variables, files, keys]
    };
    order.into_iter().flatten()
}

/// The values that these flags have, in the order of the command: each flag as it is
/// written, and its value if it has one.
pub(super) fn flags(words: &[Word], names: &[String]) -> Vec<(String, Option<Word>)> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let text = word.text.as_str();
        for name in names {
            let Some(rest) = text.strip_prefix(name.as_str()) else {
                continue;
            };
            let short = name.len() == 2 && name.starts_with('-') && name != "--";
            let value = if rest.is_empty() {
                let next = words.get(at + 1);
                next.filter(|next| !next.text.starts_with('-')).cloned()
            } else if rest.starts_with('=') {
                Some(word.after(name.len() + 1))
            } else if short && rest.starts_with(|c: char| c.is_ascii_digit() || ":$[".contains(c)) {
                Some(word.after(name.len()))
            } else {
                continue;
            };
            found.push((name.clone(), value));
            break;
        }
    }
    found
}

/// What of a command sets this, the strongest first: the last of these flags, every
/// flag with an address, and the argument. `bare` is what a flag alone means.
pub(super) fn from_words(
    words: &[Word],
    after: usize,
    row: &Flags,
    names: &[String],
    bare: Option<&str>,
) -> Vec<Vec<Candidate>> {
    let by_flag = |key: String, value| Candidate {
        by: SetBy::Flag,
        key,
        value,
    };
    let mut tiers = Vec::new();
    if let Some((key, value)) = flags(words, names).pop() {
        let value = value.or_else(|| {
            let flag = words.iter().rev().find(|word| word.text == key)?;
            Some(Word::plain(bare?, flag.origin.clone(), key.clone()))
        });
        tiers.extend(value.map(|value| vec![by_flag(key, value)]));
    }
    let addresses_of = flags(words, &row.address).into_iter();
    let all = addresses_of.filter_map(|(key, value)| Some(by_flag(key, value?)));
    tiers.push(all.collect());
    if row.argument {
        let rest = words.get(after..).unwrap_or_default().iter();
        let mut plain = rest.filter(|word| !word.text.starts_with('-'));
        let argument = plain.find(|word| {
            let found = addresses(word);
            word.unknown().is_some() || found.iter().any(|found| found.port.is_some())
        });
        let candidate = |word: &Word| by_flag("argument".to_owned(), word.clone());
        tiers.push(argument.map(candidate).into_iter().collect());
    }
    tiers
}

pub(super) fn from_key(config: Option<&Value>, key: &str) -> Vec<Candidate> {
    let Some(value) = config.and_then(|config| config.at(key)) else {
        return Vec::new();
    };
    let candidate = |value: &Value| Candidate {
        by: SetBy::Config,
        key: key.to_owned(),
        value: word_of_value(value),
    };
    match value.plain() {
        Node::Null | Node::Flag(false) | Node::Table(_) => Vec::new(),
        Node::List(items) => items.iter().map(candidate).collect(),
        _ => vec![candidate(value)],
    }
}

pub(super) fn word_of_value(value: &Value) -> Word {
    let (origin, written) = (value.origin.clone(), value.written.clone());
    match value.plain() {
        Node::Unknown(why) => Word::unseen(why, origin, written),
        // `host: true` is every address.
        Node::Flag(true) => Word::plain(EVERY.unwrap_or_default(), origin, written),
        Node::Text(text) => Word::plain(text.as_str(), origin, written),
        Node::Number(number) => Word::plain(number.to_string(), origin, written),
        _ => Word::plain("", origin, written),
    }
}

pub(super) fn word_of(variable: &Variable) -> Word {
    let (value, origin) = (variable.value.as_str(), variable.origin.clone());
    Word::plain(value, origin, variable.written.as_str())
}
