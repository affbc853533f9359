//! Java's `.properties` files. There is nothing in them that could be wrong: every line
//! is a key and its value.

use super::Parsed;
use crate::parsers::tree::{Lines, Node, Value};

/// The tree of a text: one table, its keys as they are written, dots and all.
pub fn parse(file: &str, text: &str) -> Parsed {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::new(file, text);
    let mut entries = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let end = logical_end(text, at);
        if let Some(entry) = entry(&lines, text, at, end) {
            entries.push(entry);
        }
        at = end + usize::from(text[end..].starts_with('\r'));
        at += usize::from(text[at..].starts_with('\n'));
    }
    Ok(Value {
        node: Node::Table(entries),
        origin: lines.origin(0),
        written: String::new(),
    })
}

/// White space within a line.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\x0C')
}

fn is_comment(line: &str) -> bool {
    line.trim_start_matches(is_blank).starts_with(['#', '!'])
}

/// Where the line that begins here ends, with the lines that continue it: those after
/// an odd number of backslashes.
fn logical_end(text: &str, from: usize) -> usize {
    let comment = is_comment(&text[from..]);
    let mut escaped = false;
    for (at, c) in text[from..].char_indices() {
        match c {
            '\n' if escaped && text[..from + at].ends_with('\r') => escaped = false,
            '\r' if escaped => {
                // `\`, CR, LF: the LF is still the same break.
                escaped = text[from + at + 1..].starts_with('\n');
            }
            '\n' if escaped => escaped = false,
            '\r' | '\n' => return from + at,
            '\\' => escaped = !escaped && !comment,
            _ => escaped = false,
        }
    }
    text.len()
}

fn entry(lines: &Lines<'_>, text: &str, from: usize, to: usize) -> Option<(String, Value)> {
    let line = &text[from..to];
    if is_comment(line) || line.trim_matches(is_blank).is_empty() {
        return None;
    }
    let start = line.len() - line.trim_start_matches(is_blank).len();
    let mut escaped = false;
    let ends_key = |(_, c): &(usize, char)| {
        let ends = !escaped && (is_blank(*c) || matches!(c, '=' | ':'));
        escaped = *c == '\\' && !escaped;
        ends
    };
    let key_end = line[start..].char_indices().find(ends_key);
    let key_end = key_end.map_or(line.len(), |(at, _)| start + at);
    // One `=` or `:`, with blanks around it, and lines that are continued before the value.
    let blank = |c: char| is_blank(c);
    let rest = line[key_end..].trim_start_matches(blank);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    let mut rest = rest.trim_start_matches(blank);
    while let Some(next) = continued(rest) {
        rest = next.trim_start_matches(blank);
    }
    let value_start = line.len() - rest.len();
    let value = Value {
        node: Node::Text(unescaped(rest)),
        origin: lines.origin(from + value_start),
        written: rest.trim_end_matches(blank).to_owned(),
    };
    Some((unescaped(&line[start..key_end]), value))
}

/// What follows a line's continuation that stands here.
fn continued(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('\\')?;
    let after = rest.strip_prefix("\r\n");
    after.or_else(|| rest.strip_prefix(['\r', '\n']))
}

/// A key or value with its escapes resolved.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        if let Some(next) = continued(&rest[before.len()..]) {
            rest = next.trim_start_matches(is_blank);
            continue;
        }
        let Some(c) = after.chars().next() else {
            return out;
        };
        rest = &after[c.len_utf8()..];
        match c {
            't' => out.push('\t'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            'f' => out.push('\x0C'),
            'u' => {
                let code = rest
                    .get(..4)
                    .and_then(|hex| u32::from_str_radix(hex, 16).ok());
                match code {
                    // Half of a pair is no character by itself; no port has one.
                    Some(code) => {
                        out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                        rest = &rest[4..];
                    }
                    None => out.push('u'),
                }
            }
            other => out.push(other),
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let value = parse("a.properties", text).unwrap();
        let entries = value.entries().iter();
        entries
            .map(|(key, value)| {
                format!("{} [{key}] [{}]", value.origin, value.text().unwrap_or("?"))
            })
            .collect()
    }

    #[test]
    fn keys_and_values_keep_their_places() {
        let text =
            "# c\nserver.port=8081\r\n  server.address : 127.0.0.1 \n! c\nname value\nempty\n";
        assert_eq!(
            told(text),
            [
                "a.properties:2:13 [server.port] [8081]",
                "a.properties:3:20 [server.address] [127.0.0.1 ]",
                "a.properties:5:6 [name] [value]",
                "a.properties:6:6 [empty] []",
            ]
        );
    }

    #[test]
    fn lines_are_continued_and_escapes_resolved() {
        let text = "a = 1,\\\n    2\nb=\\u0041\\t\\\\\nc\\:d=e\nf=\\\r\n 8080\r\n# no\\\ng=h=i\n";
        assert_eq!(
            told(text),
            [
                "a.properties:1:5 [a] [1,2]",
                "a.properties:3:3 [b] [A\t\\]",
                "a.properties:4:6 [c:d] [e]",
                "a.properties:6:2 [f] [8080]",
                "a.properties:8:3 [g] [h=i]",
            ]
        );
        assert_eq!(told("a=\\u12"), ["a.properties:1:3 [a] [u12]"]);
        assert_eq!(told("a\\"), ["a.properties:1:3 [a] []"]);
    }
}
