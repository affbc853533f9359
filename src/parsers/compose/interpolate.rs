//! Variables in the values of a compose file: `$V`, `${V}`, `${V:-d}`, `${V-d}`,
//! `${V:?e}`, `${V?e}`, `${V:+r}`, `${V+r}`, nested, and `$$`.

use std::collections::BTreeMap;

use crate::parsers::format::yaml::{Kind, Yaml};

/// How deep defaults may be nested in defaults.
const DEEPEST: usize = 16;

/// How many bytes a file may grow to by its variables.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Variables and their values.
pub(super) type Variables = BTreeMap<String, String>;

/// Why compose refuses a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// It is no reference to a variable: `${`, `${1}`.
    NoReference,
    /// The variable must be set, and is not.
    Required(String),
    /// It is longer, or nested deeper, than is read.
    TooMuch,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Problem::NoReference => f.write_str(
                "what stands behind `${` is no variable (`$$` stands for the sign itself)",
            ),
            Problem::Required(name) => write!(f, "the variable {name} must be set, and is not"),
            Problem::TooMuch => f.write_str("its variables unfold to more than is read"),
        }
    }
}

/// Replaces variables, and keeps what was amiss.
pub(super) struct Filler<'a> {
    variables: &'a Variables,
    /// What is asked for variables that those do not have.
    weaker: Option<&'a Variables>,
    /// Variables that are not set and have no default: compose takes them for empty.
    pub(super) unset: Vec<String>,
    left: usize,
}

impl<'a> Filler<'a> {
    pub(super) fn new(variables: &'a Variables) -> Self {
        Filler {
            variables,
            weaker: None,
            unset: Vec::new(),
            left: MOST_BYTES,
        }
    }

    /// The same, with more variables to ask where these have none.
    pub(super) fn or(self, weaker: &'a Variables) -> Self {
        Filler {
            weaker: Some(weaker),
            ..self
        }
    }

    /// A value with its variables replaced.
    pub(super) fn fill(&mut self, text: &str) -> Result<String, Problem> {
        self.at(text, 0)
    }

    fn at(&mut self, text: &str, depth: usize) -> Result<String, Problem> {
        if depth > DEEPEST {
            return Err(Problem::TooMuch);
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            self.push(&mut out, before)?;
            if let Some(after) = after.strip_prefix('$') {
                self.push(&mut out, "$")?;
                rest = after;
            } else if let Some(braced) = after.strip_prefix('{') {
                let end = closing(braced).ok_or(Problem::NoReference)?;
                let value = self.braced(&braced[..end], depth)?;
                self.push(&mut out, &value)?;
                rest = &braced[end + 1..];
            } else if let Some((name, after)) = name(after) {
                let value = self.value(name);
                self.push(&mut out, &value)?;
                rest = after;
            } else {
                self.push(&mut out, "$")?;
                rest = after;
            }
        }
        self.push(&mut out, rest)?;
        Ok(out)
    }

    /// What stands between braces.
    fn braced(&mut self, inner: &str, depth: usize) -> Result<String, Problem> {
        let (name, rest) = name(inner).ok_or(Problem::NoReference)?;
        if rest.is_empty() {
            return Ok(self.value(name));
        }
        let (also_empty, rest) = match rest.strip_prefix(':') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let set = self.get(name).filter(|v| !(also_empty && v.is_empty()));
        let mut chars = rest.chars();
        let operator = chars.next().filter(|operator| "-?+".contains(*operator));
        let operator = operator.filter(|_| !rest.contains('\n'));
        let operator = operator.ok_or(Problem::NoReference)?;
        // Compose looks into what it does not need, and refuses what is wrong there.
        let unset = self.unset.len();
        let argument = self.at(chars.as_str(), depth + 1)?;
        if set.is_some() != (operator == '+') {
            self.unset.truncate(unset);
        }
        match (operator, set) {
            ('-' | '?', Some(value)) => Ok(value.clone()),
            ('-', None) | ('+', Some(_)) => Ok(argument),
            ('+', None) => Ok(String::new()),
            _ => Err(Problem::Required(name.to_owned())),
        }
    }

    fn get(&self, name: &str) -> Option<&'a String> {
        let weaker = || self.weaker?.get(name);
        self.variables.get(name).or_else(weaker)
    }

    fn value(&mut self, name: &str) -> String {
        if let Some(value) = self.get(name) {
            return value.clone();
        }
        if !self.unset.iter().any(|unset| unset == name) {
            self.unset.push(name.to_owned());
        }
        String::new()
    }

    fn push(&mut self, out: &mut String, text: &str) -> Result<(), Problem> {
        self.left = self.left.checked_sub(text.len()).ok_or(Problem::TooMuch)?;
        out.push_str(text);
        Ok(())
    }

    /// Replaces the variables in every text of a tree, and calls `amiss` with each value
    /// that has an unset variable or that compose refuses. Keys are left as they are.
    pub(super) fn tree(&mut self, yaml: &mut Yaml, amiss: &mut dyn FnMut(&Yaml, Amiss)) {
        match &mut yaml.kind {
            Kind::List(items) => {
                for item in items {
                    self.tree(item, amiss);
                }
            }
            Kind::Table(entries) => {
                for entry in entries {
                    self.tree(&mut entry.value, amiss);
                }
            }
            Kind::Text(text) if text.contains('$') => {
                self.unset.clear();
                match self.fill(text) {
                    Ok(filled) => {
                        *text = filled;
                        for name in std::mem::take(&mut self.unset) {
                            amiss(yaml, Amiss::Unset(name));
                        }
                    }
                    Err(problem) => {
                        amiss(yaml, Amiss::Refused(problem));
                        yaml.kind = Kind::Null;
                    }
                }
            }
            _ => {}
        }
    }
}

/// What is amiss with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Amiss {
    /// This variable is not set; compose warns and takes it for empty.
    Unset(String),
    /// Compose refuses it.
    Refused(Problem),
}

/// The name that a text begins with, and the rest.
fn name(text: &str) -> Option<(&str, &str)> {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(text.len());
    begins.then(|| text.split_at(end))
}

/// Where the brace closes that was opened just before. Only `${` opens another one.
fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut open = 1_usize;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'}' => {
                open -= 1;
                if open == 0 {
                    return Some(at);
                }
            }
            b'$' if bytes.get(at + 1) == Some(&b'{') => {
                open += 1;
                at += 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, Problem> {
        let set = [("PORT", "3000"), ("EMPTY", ""), ("a_1", "low")];
        let variables = set.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        Filler::new(&variables).fill(text)
    }

    #[test]
    fn every_form_is_known() {
        for (text, value) in [
            ("$PORT:80", "3000:80"),
            ("${PORT}${a_1}", "3000low"),
            ("$NONE|${NONE}", "|"),
            ("${NONE:-1} ${NONE-2} ${EMPTY:-3} ${EMPTY-4}", "1 2 3 "),
            (
                "${PORT:-1} ${PORT-2} ${PORT:?no} ${EMPTY?no}",
                "3000 3000 3000 ",
            ),
            ("${PORT:+x} ${EMPTY:+x} ${EMPTY+x} ${NONE+x}", "x  x "),
            ("${NONE:-${NO:-${PORT}}}:${NONE:-80}", "3000:80"),
            ("${NONE:-http://${NO:-h}:${PORT}/}", "http://h:3000/"),
            ("$$PORT $${PORT}", "$PORT ${PORT}"),
            ("no variable", "no variable"),
            ("5$ $1 $", "5$ $1 $"),
            ("${PORT-a}b}", "3000b}"),
        ] {
            assert_eq!(filled(text).as_deref(), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_compose_refuses_is_refused() {
        let required = |name: &str| Err(Problem::Required(name.to_owned()));
        assert_eq!(filled("${NONE:?set it}"), required("NONE"));
        assert_eq!(filled("${EMPTY:?}"), required("EMPTY"));
        assert_eq!(filled("${NONE?}"), required("NONE"));
        assert_eq!(filled("${NONE:-${NO:?}}"), required("NO"));
        assert_eq!(
            filled("${PORT:-${NO:?}}"),
            required("NO"),
            "though not needed"
        );
        for text in [
            "${",
            "${PORT",
            "${}",
            "${1}",
            "${PORT!x}",
            "${PORT:}",
            "${NO:-a\nb}",
        ] {
            assert_eq!(filled(text), Err(Problem::NoReference), "{text}");
        }
    }

    #[test]
    fn bombs_do_not_go_off() {
        let deep = format!("{}x{}", "${N:-".repeat(10_000), "}".repeat(10_000));
        assert_eq!(filled(&deep), Err(Problem::TooMuch));
        let big: Variables = [("A".to_owned(), "x".repeat(100_000))].into();
        let text = "$A".repeat(10_000);
        assert_eq!(Filler::new(&big).fill(&text), Err(Problem::TooMuch));
    }
}
