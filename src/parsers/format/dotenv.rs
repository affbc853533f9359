//! Files of variables: `.env`, in the grammar of the npm package `dotenv`, and the
//! references in their values, as the package `dotenv-expand` follows them. The grammar
//! is the package's own expression, so that what it takes is taken here and no more.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;

use crate::facts::Origin;
use crate::parsers::tree::Lines;

/// One assignment of a file of variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The variable's name.
    pub name: String,
    /// Its value: without its quotation marks, its references as they stand.
    pub value: String,
    /// Where the value begins, its quotation mark included.
    pub origin: Origin,
    /// The value as it is written.
    pub written: String,
}

/// What JavaScript's `\s` takes; Rust's takes one character more and one less.
macro_rules! blank {
    () => {
        r"\t\n\x0B\f\r \u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}"
    };
}

/// The package's `LINE`, from the beginning of a line. What ends the line is taken with
/// it, for want of a look ahead.
static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        "^[",
        blank!(),
        "]*(?:export[",
        blank!(),
        "]+)?",
        "([A-Za-z0-9_.-]+)",
        "((?:[",
        blank!(),
        "]*=[",
        blank!(),
        "]*?)|(?::[",
        blank!(),
        "]+?))",
        "([",
        blank!(),
        r"]*'(?:\\'|[^'])*'",
        "|[",
        blank!(),
        r#"]*"(?:\\"|[^"])*""#,
        "|[",
        blank!(),
        r"]*`(?:\\`|[^`])*`",
        r"|[^#\r\n]+)?",
        "[",
        blank!(),
        r"]*(?:#[^\n\r\u{2028}\u{2029}]*)?",
        r"(\z|[\n\r\u{2028}\u{2029}])",
    ))
    .ok()
});

fn is_blank(c: char) -> bool {
    matches!(c, '\u{feff}') || (c.is_whitespace() && c != '\u{85}')
}

fn ends_line(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

/// The assignments of a text, in its order. One of a name that came before is listed,
/// too: the last one holds.
#[must_use]
pub fn parse(file: &str, text: &str) -> Vec<Entry> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines = Lines::new(file, &text);
    let Some(line) = LINE.as_ref() else {
        return Vec::new();
    };
    let mut entries = Vec::new();
    // Up to where the text is taken, and where the last line that was tried has its first
    // word: lines that begin in the same blanks come to the same end.
    let (mut done, mut tried) = (0, None);
    for start in line_starts(&text) {
        let word = text[start..].len() - text[start..].trim_start_matches(is_blank).len() + start;
        if start < done || tried == Some(word) {
            continue;
        }
        tried = Some(word);
        let Some(found) = line.captures(&text[word..]) else {
            continue;
        };
        let (Some(name), Some(equals), Some(end)) = (found.get(1), found.get(2), found.get(4))
        else {
            continue;
        };
        done = word + end.start();
        let raw = found.get(3).map_or("", |value| value.as_str());
        let written = raw.trim_matches(is_blank);
        let begins = found.get(3).map_or(equals.end(), |value| {
            value.start() + raw.len() - raw.trim_start_matches(is_blank).len()
        });
        entries.push(Entry {
            name: name.as_str().to_owned(),
            value: unquoted(written),
            origin: lines.origin(word + begins),
            written: written.to_owned(),
        });
    }
    entries
}

/// Where the lines of a text begin.
fn line_starts(text: &str) -> impl Iterator<Item = usize> {
    let after = text.char_indices().filter(|(_, c)| ends_line(*c));
    std::iter::once(0).chain(after.map(|(at, c)| at + c.len_utf8()))
}

/// A value without its quotation marks, and with the escapes of double ones resolved.
fn unquoted(written: &str) -> String {
    // `^(['"`])([\s\S]*)\1$` of every line: the marks go where a line begins with one and
    // that or a later line, the last that does, ends with the same.
    let last = |mark: char| {
        let mut marks = written.rmatch_indices(mark).map(|(at, _)| at);
        marks.find(|at| written[at + 1..].chars().next().is_none_or(ends_line))
    };
    let closing = ['\'', '"', '`'].map(|mark| (mark, last(mark)));
    let mut out = String::with_capacity(written.len());
    let mut done = 0;
    for start in line_starts(written) {
        let mark = written[start..].chars().next();
        let close = closing.iter().find(|(own, _)| Some(*own) == mark);
        if let Some((_, Some(close))) = close
            && start >= done
            && *close > start
        {
            out.push_str(&written[done..start]);
            out.push_str(&written[start + 1..*close]);
            done = close + 1;
        }
    }
    out.push_str(&written[done..]);
    if written.starts_with('"') {
        out = out.replace("\\n", "\n").replace("\\r", "\r");
    }
    out
}

/// How many references are followed in one value, and how long it may become: what
/// refers to itself twice would grow for ever.
const MOST_STEPS: usize = 200;
const LONGEST: usize = 64 * 1024;

/// A value with its references replaced: `$NAME`, `${NAME}`, `${NAME:-default}`,
/// `${NAME:+other}`; `\$` is a dollar sign. The environment holds against `before`, what
/// the files set before this value, references replaced.
#[must_use]
pub fn expand(
    value: &str,
    before: &BTreeMap<String, String>,
    environment: &BTreeMap<String, String>,
) -> String {
    let mut result = value.to_owned();
    let mut seen = HashSet::new();
    for _ in 0..MOST_STEPS {
        let Some(template) = reference(&result).filter(|_| result.len() <= LONGEST) else {
            break;
        };
        seen.insert(result.clone());
        let inner = template
            .trim_start_matches(['$', '{'])
            .trim_end_matches('}');
        let (name, operator, other) = divided(inner);
        let found = environment.get(name).or_else(|| before.get(name));
        let found = found.filter(|value| !value.is_empty());
        let put = match (operator, found) {
            (":+" | "+", None) => "",
            (":-" | "-" | "", Some(value)) if !seen.contains(value) => value,
            _ => other,
        };
        let next = replaced(&result, template, put);
        let whole = before.get(name) == Some(&next);
        result = next;
        if whole {
            break;
        }
    }
    result.replace("\\$", "$")
}

/// The first reference in a value that no backslash stands before.
fn reference(value: &str) -> Option<&str> {
    value.match_indices('$').find_map(|(at, _)| {
        if value[..at].ends_with('\\') {
            return None;
        }
        let rest = &value[at + 1..];
        let braced = rest.strip_prefix('{').and_then(|inner| {
            let end = inner.find(['{', '}']).filter(|end| *end > 0)?;
            inner[end..].starts_with('}').then_some(end + 3)
        });
        let first = |c: char| c.is_ascii_alphabetic() || c == '_';
        let bare = || {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            rest.starts_with(first)
                .then(|| end.unwrap_or(rest.len()) + 1)
        };
        Some(&value[at..at + braced.or_else(bare)?])
    })
}

/// A reference's name, operator and what stands after it.
fn divided(inner: &str) -> (&str, &str, &str) {
    let Some(at) = inner.find(['+', '-']) else {
        return (inner, "", "");
    };
    let from = if inner[..at].ends_with(':') {
        at - 1
    } else {
        at
    };
    (&inner[..from], &inner[from..=at], &inner[at + 1..])
}

/// JavaScript's `String.replace` with a text: the first occurrence, and dollar signs in
/// what is put there have their meanings.
fn replaced(value: &str, template: &str, put: &str) -> String {
    let Some((before, after)) = value.split_once(template) else {
        return value.to_owned();
    };
    let mut out = String::from(before);
    let mut rest = put;
    while let Some((plain, pattern)) = rest.split_once('$') {
        out.push_str(plain);
        let meaning = match pattern.chars().next() {
            Some('$') => "$",
            Some('&') => template,
            Some('`') => before,
            Some('\'') => after,
            _ => {
                out.push('$');
                rest = pattern;
                continue;
            }
        };
        out.push_str(meaning);
        rest = &pattern[1..];
    }
    out + rest + after
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names and values of a text.
    fn values(text: &str) -> Vec<(String, String)> {
        let entries = parse(".env", text).into_iter();
        entries.map(|entry| (entry.name, entry.value)).collect()
    }

    fn value(text: &str) -> String {
        values(text).remove(0).1
    }

    /// A text, and what the packages make of it.
    #[derive(serde::Deserialize)]
    struct Case {
        name: String,
        text: String,
        environment: BTreeMap<String, String>,
        values: Vec<(String, String)>,
        expanded: Vec<(String, String)>,
    }

    /// As in an object of JavaScript: the last value, at the place of the first.
    fn object(entries: Vec<(String, String)>) -> Vec<(String, String)> {
        let mut object: Vec<(String, String)> = Vec::new();
        for (name, value) in entries {
            match object.iter_mut().find(|(other, _)| *other == name) {
                Some(old) => old.1 = value,
                None => object.push((name, value)),
            }
        }
        // Names that are numbers come first.
        object.sort_by_key(|(name, _)| name.parse::<u32>().unwrap_or(u32::MAX));
        object
    }

    /// The packages' own answers: tests/oracles/dotenv.rs asks them.
    #[test]
    fn every_value_is_the_one_of_the_packages() {
        let cases = include_str!("../../../tests/oracles/dotenv.json");
        let cases: Vec<Case> = serde_json::from_str(cases).unwrap();
        assert!(cases.len() >= 40);
        let mut wrong = Vec::new();
        for case in cases {
            let values = object(values(&case.text));
            let mut before = BTreeMap::new();
            for (name, value) in &values {
                let expanded = expand(value, &before, &case.environment);
                before.insert(name.clone(), expanded);
            }
            let expanded = values
                .iter()
                .map(|(name, _)| (name.clone(), before[name].clone()));
            let expanded: Vec<_> = expanded.collect();
            if values != case.values || expanded != case.expanded {
                wrong.push(format!(
                    "{}\n  ours   {values:?}\n         {expanded:?}\n  theirs {:?}\n         {:?}",
                    case.name, case.values, case.expanded
                ));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn a_value_keeps_its_place() {
        let text = "# the port\nexport PORT = \"4000\" # here\r\nNAME=näh\nHOST: '::1'\nEMPTY=\n";
        let entries = parse("web/.env", text);
        let told: Vec<String> = entries
            .iter()
            .map(|e| format!("{} {} {} {}", e.origin, e.name, e.value, e.written))
            .collect();
        assert_eq!(
            told,
            [
                "web/.env:2:15 PORT 4000 \"4000\"",
                "web/.env:3:6 NAME näh näh",
                "web/.env:4:7 HOST ::1 '::1'",
                "web/.env:5:7 EMPTY  ",
            ]
        );
    }

    #[test]
    fn quotation_marks_are_those_of_the_package() {
        assert_eq!(value("A='it''s'"), "it''s");
        assert_eq!(value(r#"A="a\nb""#), "a\nb");
        assert_eq!(value(r"A='a\nb'"), r"a\nb");
        assert_eq!(value("A=\"one\ntwo\" # c"), "one\ntwo");
        assert_eq!(value("A=a#b"), "a");
        assert_eq!(value("A=`say \"#1\"`"), "say \"#1\"");
        assert_eq!(value("A='unclosed"), "'unclosed");
        assert_eq!(values("no line\n=x\n\nB=2").len(), 1);
    }

    #[test]
    fn references_are_followed() {
        let own = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let own = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
            pairs.iter().map(own).collect()
        };
        let before = own(&[("A", "1"), ("E", "")]);
        let environment = own(&[("B", "2"), ("LOOP", "a$LOOP"), ("TWICE", "$TWICE$TWICE")]);
        let expand = |value: &str| expand(value, &before, &environment);
        assert_eq!(expand("${A}-$B-${C}"), "1-2-");
        assert_eq!(expand("${C:-3} ${E:-4} ${A:+5} ${C:+6}"), "3 4 5 ");
        assert_eq!(expand(r"\$A"), "$A");
        assert_eq!(expand("${C:-${A}}"), "1");
        assert_eq!(expand("$LOOP"), "a");
        assert!(expand("x$TWICE").len() <= 2 * LONGEST, "it comes to an end");
    }
}
