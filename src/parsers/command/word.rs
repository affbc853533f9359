//! One word of a command line: quotes taken off, variables kept apart.

use crate::facts::Origin;

/// How deep defaults may stand within defaults: `${A:-${B:-3000}}` is two.
const DEEPEST: usize = 8;

/// One word of a command line, with its place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Word {
    /// Its text without quotation marks. What is not known stands in it as it is
    /// written: see [`Word::unknown`].
    pub text: String,
    /// Where [`Word::written`] begins.
    pub origin: Origin,
    /// How it is written in the file, without quotation marks around the whole.
    pub written: String,
    /// What it is made of, where that is not one known text.
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Variable {
        name: String,
        written: String,
        default: Option<Default>,
    },
    /// Only a running shell knows it; why, and how it is written.
    Unknown(String, String),
}

/// What stands for a variable that has no value.
#[derive(Debug, Clone, PartialEq)]
struct Default {
    parts: Vec<Part>,
    /// Whether an empty value counts as none: `:-`, not `-`.
    for_empty: bool,
}

impl Word {
    /// A word that no shell sees: what stands in it is what it is.
    #[must_use]
    pub fn plain(text: impl Into<String>, origin: Origin, written: impl Into<String>) -> Self {
        Word {
            text: text.into(),
            origin,
            written: written.into(),
            parts: Vec::new(),
        }
    }

    /// A word whose variables are replaced by whoever reads it, though it is in no
    /// shell: an argument in a list of arguments. Quotation marks mean themselves.
    #[must_use]
    pub fn expanded(text: &str, origin: Origin, written: impl Into<String>) -> Self {
        let mut reader = Reader::new(text);
        reader.marks = false;
        let parts = reader.all(0);
        Word::made(parts, origin, written.into())
    }

    /// A word whose text cannot be known; why.
    #[must_use]
    pub fn unseen(why: &str, origin: Origin, written: String) -> Self {
        let parts = vec![Part::Unknown(why.to_owned(), written.clone())];
        Word::made(parts, origin, written)
    }

    /// A word as it stands in a line, from this byte on.
    pub(super) fn read(raw: &str, start: usize, at: &dyn Fn(usize) -> Origin) -> Self {
        let inner = |mark: char| {
            let inner = raw.strip_prefix(mark)?.strip_suffix(mark)?;
            (!inner.contains([mark, '\\'])).then_some(inner)
        };
        let (shift, written) = match inner('"').or_else(|| inner('\'')) {
            Some(inner) if raw.len() > 1 => (1, inner),
            _ => (0, raw),
        };
        let origin = at(start + shift);
        if !raw.contains(['$', '`', '"', '\'', '\\']) {
            return Word::plain(raw, origin, raw);
        }
        let parts = Reader::new(raw).all(0);
        Word::made(parts, origin, written.to_owned())
    }

    fn made(parts: Vec<Part>, origin: Origin, written: String) -> Self {
        let mut word = Word {
            origin,
            written,
            parts,
            ..Word::default()
        };
        word.join();
        word
    }

    /// Makes the text of the parts, and one text of them where all are known.
    fn join(&mut self) {
        let mut text = String::new();
        for part in &self.parts {
            text.push_str(match part {
                Part::Text(text) => text,
                Part::Variable { written, .. } | Part::Unknown(_, written) => written,
            });
        }
        self.text = text;
        if self.parts.iter().all(|part| matches!(part, Part::Text(_))) {
            self.parts.clear();
        }
    }

    /// Why its text cannot be known, if it cannot.
    #[must_use]
    pub fn unknown(&self) -> Option<String> {
        self.parts.iter().find_map(|part| match part {
            Part::Text(_) => None,
            Part::Variable { name, .. } => Some(format!("{name} is not set here")),
            Part::Unknown(why, _) => Some(why.clone()),
        })
    }

    /// Replaces the variables that are known by their values, and those without one by
    /// their defaults. What has neither stays unknown.
    pub fn resolve(&mut self, value: &dyn Fn(&str) -> Option<String>) {
        if self.parts.is_empty() {
            return;
        }
        self.parts = resolved(std::mem::take(&mut self.parts), value);
        self.join();
    }

    /// Nobody replaces its variables any more: those without a value have none.
    pub fn freeze(&mut self) {
        let why = self.unknown();
        if let Some(why) = why {
            self.parts = vec![Part::Unknown(why, self.text.clone())];
        }
    }

    /// Replaces variables by the words that the shell knows for them.
    pub(super) fn substitute(&mut self, known: &dyn Fn(&str) -> Option<Word>) {
        if self.parts.is_empty() {
            return;
        }
        let mut parts = Vec::new();
        for part in std::mem::take(&mut self.parts) {
            match &part {
                Part::Variable { name, .. } => match known(name) {
                    Some(word) if word.parts.is_empty() => parts.push(Part::Text(word.text)),
                    Some(word) => parts.extend(word.parts),
                    None => parts.push(part),
                },
                _ => parts.push(part),
            }
        }
        self.parts = parts;
        self.join();
    }

    /// What stands after this many bytes of the text: the value of `--port=4000`.
    #[must_use]
    pub fn after(&self, bytes: usize) -> Word {
        let head = self.text.get(..bytes).unwrap_or_default();
        let rest = self.text.get(bytes..).unwrap_or_default();
        let mut word = Word {
            text: rest.to_owned(),
            parts: self.parts.clone(),
            ..Word::default()
        };
        // The head of what is known is the first part's, and as it is written.
        if let Some(Part::Text(first)) = word.parts.first_mut() {
            *first = first.get(bytes..).unwrap_or_default().to_owned();
        }
        match self.written.strip_prefix(head) {
            Some(written) => {
                let columns = u32::try_from(head.chars().count()).unwrap_or(0);
                word.origin = self.origin.clone();
                word.origin.column += if word.origin.column > 0 { columns } else { 0 };
                written.clone_into(&mut word.written);
            }
            None => {
                word.origin = self.origin.clone();
                self.written.clone_into(&mut word.written);
            }
        }
        word
    }

    /// The name and value that it sets, if it is an assignment.
    #[must_use]
    pub fn assignment(&self) -> Option<(String, Word)> {
        let (name, _) = self.text.split_once('=')?;
        // An assignment is one only if its name is written out.
        let named = is_name(name) && self.written.starts_with(name);
        named.then(|| (name.to_owned(), self.after(name.len() + 1)))
    }
}

fn resolved(parts: Vec<Part>, value: &dyn Fn(&str) -> Option<String>) -> Vec<Part> {
    let mut all = Vec::new();
    for part in parts {
        let Part::Variable { name, default, .. } = &part else {
            all.push(part);
            continue;
        };
        match (value(name), default) {
            (Some(text), None) => all.push(Part::Text(text)),
            (Some(text), Some(default)) if !text.is_empty() || !default.for_empty => {
                all.push(Part::Text(text));
            }
            (_, Some(default)) => all.extend(resolved(default.parts.clone(), value)),
            (None, None) => all.push(part),
        }
    }
    all
}

/// Whether this can be a variable's name.
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Goes through a word once.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Whether quotation marks and backslashes mean something.
    marks: bool,
    parts: Vec<Part>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Reader {
            text,
            at: 0,
            marks: true,
            parts: Vec::new(),
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(Part::Text(last)) => last.push_str(text),
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
    }

    fn all(mut self, depth: usize) -> Vec<Part> {
        let mut double = false;
        while let Some(next) = self.rest().chars().next() {
            let rest = self.rest();
            match next {
                '\'' if self.marks && !double => {
                    let inner = rest[1..].split('\'').next().unwrap_or_default();
                    self.push(inner);
                    self.at += inner.len() + 2;
                }
                '"' if self.marks => {
                    // An empty word is a word.
                    self.push("");
                    double = !double;
                    self.at += 1;
                }
                '\\' if self.marks => {
                    let escaped = rest[1..].chars().next();
                    self.at += 1 + escaped.map_or(0, char::len_utf8);
                    match escaped {
                        Some('\n') => {}
                        Some(c) if !double || "$`\"\\".contains(c) => {
                            self.push(c.encode_utf8(&mut [0; 4]));
                        }
                        Some(c) => {
                            self.push("\\");
                            self.push(c.encode_utf8(&mut [0; 4]));
                        }
                        None => self.push("\\"),
                    }
                }
                '`' if self.marks => {
                    let end = rest[1..].find('`').map_or(rest.len(), |end| end + 2);
                    self.unknown("it is the output of a command", end);
                }
                '$' => self.dollar(depth),
                c => {
                    self.push(c.encode_utf8(&mut [0; 4]));
                    self.at += c.len_utf8();
                }
            }
        }
        self.parts
    }

    fn unknown(&mut self, why: &str, length: usize) {
        let written = self.rest().get(..length).unwrap_or(self.rest()).to_owned();
        self.at += written.len().max(1);
        self.parts.push(Part::Unknown(why.to_owned(), written));
    }

    /// What begins with `$`.
    fn dollar(&mut self, depth: usize) {
        let rest = self.rest();
        let after = &rest[1..];
        if after.starts_with('(') {
            let end = closing(after, '(', ')').map_or(rest.len(), |end| end + 2);
            let why = if after.starts_with("((") {
                "it is computed by the shell"
            } else {
                "it is the output of a command"
            };
            self.unknown(why, end);
        } else if after.starts_with('{') {
            let Some(end) = closing(after, '{', '}') else {
                return self.unknown("its bracket is not closed", rest.len());
            };
            let inner = &after[1..end];
            let written = &rest[..end + 2];
            match parameter(inner, written, depth) {
                Some(part) => {
                    self.at += written.len();
                    self.parts.push(part);
                }
                None => self.unknown("it is computed by the shell", written.len()),
            }
        } else {
            let name: String = after
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            if is_name(&name) {
                self.at += 1 + name.len();
                self.parts.push(Part::Variable {
                    written: format!("${name}"),
                    name,
                    default: None,
                });
            } else if after.starts_with(|c: char| c.is_ascii_digit() || "@*#?$!-".contains(c)) {
                self.unknown("it is an argument of the script", 2);
            } else {
                self.push("$");
                self.at += 1;
            }
        }
    }
}

/// `NAME`, `NAME:-default` and its like; nothing for what has to be computed.
fn parameter(inner: &str, written: &str, depth: usize) -> Option<Part> {
    let end = inner
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    if !is_name(name) || depth >= DEEPEST {
        return None;
    }
    let default = match rest.strip_prefix(':').unwrap_or(rest) {
        "" if rest.is_empty() => None,
        text if text.starts_with(['-', '=']) => Some(Default {
            parts: Reader::new(&text[1..]).all(depth + 1),
            for_empty: rest.starts_with(':'),
        }),
        text if text.starts_with('?') => None,
        _ => return None,
    };
    Some(Part::Variable {
        name: name.to_owned(),
        written: written.to_owned(),
        default,
    })
}

/// Where the bracket that a text begins with is closed.
fn closing(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}
