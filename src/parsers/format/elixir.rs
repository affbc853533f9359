//! Elixir's files of settings: the keyword lists of `config :app, Endpoint, http: [...]`.
//! Only what is written out is read; what a function computes is unknown.

use super::Parsed;
use crate::parsers::context::Context;
use crate::parsers::tree::{Lines, Node, Value};

/// How deep lists stand in each other.
const DEEPEST: usize = 32;

/// A word of the text.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// `http:`
    Key,
    /// `config`, `System.get_env`, `:app`
    Name,
    Number,
    Text,
    Sign(char),
}

#[derive(Debug, Clone, Copy)]
struct Token<'t> {
    kind: Kind,
    /// Without quotation marks, and a key without its colon.
    text: &'t str,
    from: usize,
    to: usize,
}

/// What the calls of `config` set, those of every application together: a table by
/// the keys of their lists. Where two set the same, the later one stands later.
pub fn parse(cx: &Context<'_>, file: &str, text: &str) -> Parsed {
    let lines = Lines::new(file, text);
    let tokens = tokens(text);
    let mut reader = Reader {
        cx,
        lines: &lines,
        tokens: &tokens,
        at: 0,
    };
    let mut entries = Vec::new();
    // Brackets and blocks (`if … do`) within which what is set may not be.
    let mut blocks = 0_usize;
    while let Some(token) = reader.peek() {
        reader.at += 1;
        let before = tokens.get(reader.at.wrapping_sub(2));
        match (token.kind, token.text) {
            (Kind::Name, "do") => blocks += 1,
            (Kind::Name, "end") => blocks = blocks.saturating_sub(1),
            (Kind::Name, "config") if before.is_none_or(|b| b.kind != Kind::Sign('.')) => {
                let found = reader.arguments();
                if blocks == 0 {
                    entries.extend(found);
                } else {
                    let unknown = "it depends on a condition";
                    entries.extend(found.into_iter().map(|(key, value)| {
                        let node = Node::Unknown(unknown.to_owned());
                        (key, Value { node, ..value })
                    }));
                }
            }
            _ => {}
        }
    }
    Ok(Value {
        node: Node::Table(entries),
        origin: lines.origin(0),
        written: String::new(),
    })
}

struct Reader<'a, 't> {
    cx: &'a Context<'a>,
    lines: &'a Lines<'t>,
    tokens: &'a [Token<'t>],
    at: usize,
}

impl<'t> Reader<'_, 't> {
    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.at).copied()
    }

    fn is(&self, sign: char) -> bool {
        self.peek()
            .is_some_and(|token| token.kind == Kind::Sign(sign))
    }

    /// The keys and values behind `config :app, Name,`.
    fn arguments(&mut self) -> Vec<(String, Value)> {
        let brackets = self.is('(');
        self.at += usize::from(brackets);
        // The application, and the module if one is named.
        while self.peek().is_some_and(|token| token.kind == Kind::Name) {
            self.at += 1;
            if !self.is(',') {
                return Vec::new();
            }
            self.at += 1;
        }
        self.pairs(0)
    }

    /// `key: value, key: value`
    fn pairs(&mut self, depth: usize) -> Vec<(String, Value)> {
        let mut pairs = Vec::new();
        while let Some(key) = self.peek().filter(|token| token.kind == Kind::Key) {
            self.at += 1;
            let value = self.value(depth);
            pairs.push((key.text.to_owned(), value));
            if !self.is(',') {
                break;
            }
            self.at += 1;
        }
        pairs
    }

    /// A value: up to the comma or the bracket behind it, or the end of its line.
    fn value(&mut self, depth: usize) -> Value {
        let first = self.at;
        let node = self.simple(depth);
        let mut node = node.unwrap_or_else(computed);
        // What follows belongs to it: a call, an operator.
        let mut last = self.at.saturating_sub(1).max(first);
        let mut open = 0_usize;
        while let Some(token) = self.peek() {
            let ends = matches!(token.kind, Kind::Sign(',' | ']' | ')' | '}'));
            let statement = token.kind == Kind::Name
                && matches!(token.text, "config" | "end" | "import_config");
            if open == 0 && (ends || (statement && self.begins_line(self.at))) {
                break;
            }
            match token.kind {
                Kind::Sign('(' | '[' | '{') => open += 1,
                Kind::Sign(')' | ']' | '}') => open -= 1,
                _ => {}
            }
            last = self.at;
            node = computed();
            self.at += 1;
        }
        if matches!(node, Node::Unknown(_)) {
            let words = self.tokens.get(first..=last).unwrap_or_default();
            if let Some(value) = self.variable_of(words) {
                return value;
            }
        }
        let from = self.tokens.get(first).map_or(0, |token| token.from);
        let to = self.tokens.get(last).map_or(from, |token| token.to);
        let list = matches!(node, Node::List(_) | Node::Table(_));
        Value {
            node,
            origin: self.lines.origin(from),
            written: if list { "" } else { self.lines.slice(from, to) }.to_owned(),
        }
    }

    /// A number, a text, an atom, a list of pairs, or a tuple.
    fn simple(&mut self, depth: usize) -> Option<Node> {
        let token = self.peek()?;
        match token.kind {
            Kind::Number => {
                self.at += 1;
                let number = token.text.replace('_', "").parse::<i32>().ok()?;
                Some(Node::Number(number.into()))
            }
            Kind::Text => {
                self.at += 1;
                let plain = !token.text.contains("#{");
                plain.then(|| Node::Text(token.text.to_owned()))
            }
            Kind::Name => {
                self.at += 1;
                match token.text {
                    "true" => Some(Node::Flag(true)),
                    "false" => Some(Node::Flag(false)),
                    "nil" => Some(Node::Null),
                    _ => token
                        .text
                        .strip_prefix(':')
                        .map(|atom| Node::Text(atom.to_owned())),
                }
            }
            Kind::Sign('[') if depth < DEEPEST => {
                let back = self.at;
                self.at += 1;
                let pairs = self.pairs(depth + 1);
                if self.is(']') {
                    self.at += 1;
                    return Some(Node::Table(pairs));
                }
                self.at = back;
                None
            }
            Kind::Sign('{') => {
                let (back, mut numbers) = (self.at, Vec::new());
                self.at += 1;
                while let Some(token) = self.peek().filter(|token| token.kind == Kind::Number) {
                    numbers.push(token.text);
                    self.at += 1;
                    self.at += usize::from(self.is(','));
                }
                if self.is('}') && !numbers.is_empty() {
                    self.at += 1;
                    return address(&numbers).map(Node::Text);
                }
                self.at = back;
                None
            }
            _ => None,
        }
    }

    /// `String.to_integer(System.get_env("PORT") || "4000")` and its like.
    fn variable_of(&self, words: &[Token<'t>]) -> Option<Value> {
        let names = words.iter().filter(|token| token.kind == Kind::Name);
        let plain = names
            .clone()
            .all(|token| matches!(token.text, "String.to_integer" | "System.get_env"));
        let signs = words.iter().filter_map(|token| match token.kind {
            Kind::Sign(sign) => Some(sign),
            _ => None,
        });
        let signs = signs.clone().all(|sign| "(),|>".contains(sign));
        let texts: Vec<_> = words
            .iter()
            .filter(|token| token.kind == Kind::Text)
            .collect();
        if !plain || !signs || !names.clone().any(|token| token.text == "System.get_env") {
            return None;
        }
        let (name, other) = match texts[..] {
            [name] => (name, None),
            [name, other] => (name, Some(other)),
            _ => return None,
        };
        let (node, token) = match (self.cx.environment.get(name.text), other) {
            (Some(set), _) => (Node::Text(set.clone()), name),
            (None, Some(other)) => (Node::Text(other.text.to_owned()), other),
            (None, None) => {
                let why = format!("the variable {} is not set", name.text);
                (Node::Unknown(why), name)
            }
        };
        Some(Value {
            node,
            origin: self.lines.origin(token.from),
            written: self.lines.slice(token.from, token.to).to_owned(),
        })
    }

    /// Whether a word is the first of its line.
    fn begins_line(&self, at: usize) -> bool {
        let Some(token) = self.tokens.get(at) else {
            return true;
        };
        let before = at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.is_none_or(|before| self.lines.slice(before.to, token.from).contains('\n'))
    }
}

fn computed() -> Node {
    Node::Unknown("it is computed when it runs".to_owned())
}

/// `{127, 0, 0, 1}` and `{0, 0, 0, 0, 0, 0, 0, 1}` as they are written elsewhere.
fn address(numbers: &[&str]) -> Option<String> {
    let parts: Vec<u16> = numbers.iter().filter_map(|n| n.parse().ok()).collect();
    if let Ok(four) = <[u16; 4]>::try_from(&parts[..]) {
        let four = four.map(|part| u8::try_from(part).unwrap_or(u8::MAX));
        return Some(std::net::Ipv4Addr::from(four).to_string());
    }
    let six = <[u16; 8]>::try_from(&parts[..]).ok()?;
    Some(std::net::Ipv6Addr::from(six).to_string())
}

/// The words of a text. Comments are left out.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '?' || c == '!' || c == '@';
        let (kind, from, to, length) = if c == '#' {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        } else if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        } else if c == '~' && rest[1..].starts_with(|c: char| c.is_alphabetic()) {
            let length = sigil(rest);
            (Kind::Text, 0, length, length)
        } else if c == '"' || c == '\'' {
            let length = quoted(rest, c);
            // `"key": value`
            (Kind::Text, 1, length.saturating_sub(1).max(1), length)
        } else if c.is_ascii_digit() {
            let end = rest
                .find(|c: char| !is_word(c) && c != '.')
                .unwrap_or(rest.len());
            (Kind::Number, 0, end, end)
        } else if c == ':' && rest[1..].starts_with(is_word) {
            let end = rest[1..]
                .find(|c: char| !is_word(c))
                .map_or(rest.len(), |end| end + 1);
            (Kind::Name, 0, end, end)
        } else if is_word(c) {
            let end = rest
                .find(|c: char| !is_word(c) && c != '.')
                .unwrap_or(rest.len());
            let end = rest[..end].trim_end_matches('.').len();
            let key = rest[end..].starts_with(':') && !rest[end..].starts_with("::");
            match key {
                true => (Kind::Key, 0, end, end + 1),
                false => (Kind::Name, 0, end, end),
            }
        } else {
            (Kind::Sign(c), 0, c.len_utf8(), c.len_utf8())
        };
        tokens.push(Token {
            kind,
            text: rest.get(from..to).unwrap_or(""),
            from: at,
            to: at + length,
        });
        at += length.max(1);
    }
    tokens
}

/// How long a text in quotation marks is, with them.
fn quoted(text: &str, mark: char) -> usize {
    let three = mark.to_string().repeat(3);
    if text.starts_with(&three) {
        return text[3..].find(&three).map_or(text.len(), |end| end + 6);
    }
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == mark => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// How long a sigil is: `~w(a b)`, `~r"x"`.
fn sigil(text: &str) -> usize {
    let letters = text[1..].find(|c: char| !c.is_ascii_alphabetic());
    let Some(open) = letters.map(|at| at + 1) else {
        return text.len();
    };
    let Some(mark) = text[open..].chars().next() else {
        return text.len();
    };
    let close = match mark {
        '(' => ')',
        '[' => ']',
        '{' => '}',
        '<' => '>',
        same => same,
    };
    let inner = open + mark.len_utf8();
    let end = text[inner..].find(close);
    end.map_or(text.len(), |end| inner + end + close.len_utf8())
}

#[cfg(test)]
#[path = "elixir_tests.rs"]
mod tests;
