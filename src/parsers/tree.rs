//! Configuration as a tree of values, each with its place, whatever the format.

use crate::facts::Origin;

/// A value of a configuration file.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// What it is.
    pub node: Node,
    /// Where it begins.
    pub origin: Origin,
    /// How it is written, where it is short enough to be shown: a number or a text with
    /// its quotation marks; empty for lists and tables.
    pub written: String,
}

/// The key under which a table holds what any key that it does not have may be: an
/// unknown value, where something unknown was spread into it.
pub const REST: &str = "...";

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Nothing: `null`, `~`, `undefined`.
    Null,
    /// True or false.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// Several values.
    List(Vec<Value>),
    /// Values by their keys, in the order of the file. A key that comes twice
    /// stands twice: the last is the one that holds.
    Table(Vec<(String, Value)>),
    /// A value that may be another where the environment is another.
    Varies(Box<Value>),
    /// It cannot be known without running code; why.
    Unknown(String),
}

impl Value {
    /// The value below a path of keys: `server.port`. Nothing where there is none, and
    /// the unknown value where one on the way is unknown. A `*` is any key, the first
    /// below which there is something: `projects.*.port`.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Value> {
        if matches!(self.node, Node::Unknown(_)) {
            return Some(self);
        }
        let (key, rest) = path.split_once('.').unwrap_or((path, ""));
        let below = |value: &'_ Value| -> bool { rest.is_empty() || value.at(rest).is_some() };
        let value = if key == "*" {
            let all = self.entries().iter().map(|(_, value)| value);
            all.into_iter().find(|value| below(value))?
        } else {
            self.get(key)?
        };
        if rest.is_empty() {
            Some(value)
        } else {
            value.at(rest)
        }
    }

    /// The value of a key. The last one of the same name holds.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let named = |key: &str| {
            let mut entries = self.entries().iter().rev();
            entries
                .find(|(name, _)| name == key)
                .map(|(_, value)| value)
        };
        named(key).or_else(|| named(REST).filter(|rest| rest.unknown().is_some()))
    }

    /// What it is, without a word on what it hangs on.
    #[must_use]
    pub fn plain(&self) -> &Node {
        match &self.node {
            Node::Varies(value) => &value.node,
            node => node,
        }
    }

    /// Whether it may be another where the environment is another.
    #[must_use]
    pub fn varies(&self) -> bool {
        matches!(self.node, Node::Varies(_))
    }

    /// The keys and values of a table; none for anything else.
    #[must_use]
    pub fn entries(&self) -> &[(String, Value)] {
        match &self.node {
            Node::Table(entries) => entries,
            _ => &[],
        }
    }

    /// The values of a list; none for anything else.
    #[must_use]
    pub fn items(&self) -> &[Value] {
        match &self.node {
            Node::List(items) => items,
            _ => &[],
        }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self.plain() {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is true or false.
    #[must_use]
    pub fn flag(&self) -> Option<bool> {
        match self.plain() {
            Node::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The port: a number, or a text that holds nothing else.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self.plain() {
            Node::Number(number) => port_of(*number),
            Node::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// Why it cannot be known, if it cannot.
    #[must_use]
    pub fn unknown(&self) -> Option<&str> {
        match &self.node {
            Node::Unknown(why) => Some(why),
            _ => None,
        }
    }
}

/// A number as a port.
fn port_of(number: f64) -> Option<u16> {
    let whole = number.fract() == 0.0 && (0.0..=f64::from(u16::MAX)).contains(&number);
    // In range and whole, so nothing is lost.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    whole.then_some(number as u16)
}

/// Places in one text.
#[derive(Debug)]
pub struct Lines<'a> {
    file: &'a str,
    text: &'a str,
    /// Where each line begins, in bytes.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// The lines of this file's text.
    #[must_use]
    pub fn new(file: &'a str, text: &'a str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Lines {
            file,
            text,
            starts: std::iter::once(0).chain(breaks).collect(),
        }
    }

    /// The place of a byte of the text.
    #[must_use]
    pub fn origin(&self, byte: usize) -> Origin {
        let line = self.starts.partition_point(|start| *start <= byte).max(1) - 1;
        let start = self.starts.get(line).copied().unwrap_or(0);
        let before = self.text.get(start..byte).unwrap_or("");
        let number = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
        Origin {
            file: self.file.to_owned(),
            line: number(line),
            column: number(before.chars().count()),
        }
    }

    /// The place of a line and a column, both counted from 0.
    #[must_use]
    pub fn at(&self, line: usize, column: usize) -> Origin {
        let number = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
        Origin {
            file: self.file.to_owned(),
            line: number(line),
            column: number(column),
        }
    }

    /// What stands between two bytes.
    #[must_use]
    pub fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_characters_from_one() {
        let lines = Lines::new("a.yaml", "näh: 1\nport: 2\n");
        let place = |byte| {
            let origin = lines.origin(byte);
            (origin.line, origin.column)
        };
        assert_eq!(place(0), (1, 1));
        assert_eq!(place(6), (1, 6), "a character of two bytes is one column");
        assert_eq!(place(14), (2, 7));
        assert_eq!(place(999), (3, 1));
    }

    #[test]
    fn a_path_leads_through_any_key() {
        let text = "{\"projects\":{\"lib\":{},\"web\":{\"serve\":{\"port\":4300}}}}";
        let value = crate::parsers::format::json::parse("angular.json", text).unwrap();
        let port = |path| value.at(path).and_then(Value::port);
        assert_eq!(port("projects.*.serve.port"), Some(4300));
        assert_eq!(port("projects.*.serve.host"), None);
        assert_eq!(port("projects.web.serve.port"), Some(4300));
    }

    #[test]
    fn only_whole_numbers_in_range_are_ports() {
        assert_eq!(port_of(3000.0), Some(3000));
        assert_eq!(port_of(3000.5), None);
        assert_eq!(port_of(-1.0), None);
        assert_eq!(port_of(65_536.0), None);
        assert_eq!(port_of(f64::NAN), None);
    }
}
