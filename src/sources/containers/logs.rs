//! The last lines a container wrote, made fit to be shown.

use crate::facts::clean;

/// How much of a line is kept, in characters.
const WIDTH: usize = 300;

/// Words behind which a secret stands, before `=` or `:`.
const SECRET_KEYS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "access_key",
    "access-key",
    "accesskey",
    "private_key",
    "privatekey",
    "credential",
    "authorization",
];

/// How words begin that are secrets by themselves.
const SECRET_STARTS: &[&str] = &[
    "eyJ",
    "sk-",
    "sk_",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "ASIA",
    "npm_",
    "pypi-",
    "AIza",
];

/// The last `count` lines of what was written, without control characters and
/// without what looks like a secret.
pub(super) fn tail(written: &str, count: usize) -> Vec<String> {
    let lines: Vec<&str> = written
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    lines[lines.len().saturating_sub(count)..]
        .iter()
        .map(|text| line(text))
        .collect()
}

/// One line, made fit to be shown in the same way.
pub(super) fn line(text: &str) -> String {
    clean(&mask(&without_colours(text.trim())))
        .chars()
        .take(WIDTH)
        .collect()
}

/// The line without the sequences that colour it.
fn without_colours(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' && chars.peek() == Some(&'[') {
            chars.next();
            // Parameters, then one final letter.
            for c in chars.by_ref() {
                if ('\u{40}'..='\u{7e}').contains(&c) {
                    break;
                }
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// The line with secrets replaced by `…`.
pub(super) fn mask(line: &str) -> String {
    mask_words(&mask_urls(&mask_values(line)))
}

/// `password=x`, `"token": "x"`, `API_KEY: x`.
fn mask_values(line: &str) -> String {
    // ASCII only, so that positions are the same in both.
    let lower = line.to_ascii_lowercase();
    let mut out = String::with_capacity(line.len());
    let mut at = 0;
    while let Some((key_at, key)) = SECRET_KEYS
        .iter()
        .filter_map(|key| Some((at + lower[at..].find(key)?, *key)))
        .min_by_key(|(found, key)| (*found, usize::MAX - key.len()))
    {
        let after = key_at + key.len();
        match value_after(line, after) {
            Some((start, end)) => {
                out.push_str(&line[at..start]);
                out.push('…');
                at = end;
            }
            None => {
                out.push_str(&line[at..after]);
                at = after;
            }
        }
    }
    out.push_str(&line[at..]);
    out
}

/// Where the value of a key that ends at `at` begins and ends, if it has one.
fn value_after(line: &str, at: usize) -> Option<(usize, usize)> {
    let rest = &line[at..];
    // The key's own tail: `_HASH`, `s`.
    let tail = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
        .unwrap_or(rest.len());
    let rest = rest[tail..].trim_start_matches(['"', '\'', ' ']);
    let rest = rest
        .strip_prefix(['=', ':'])?
        .trim_start_matches(['=', ' ']);
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let rest = quote.map_or(rest, |quote| &rest[quote.len_utf8()..]);
    let start = line.len() - rest.len();
    let ends = |c: char| match quote {
        Some(quote) => c == quote,
        None => c.is_whitespace() || matches!(c, ',' | ';' | '&' | '}' | ')' | '"'),
    };
    let mut end = start + rest.find(ends).unwrap_or(rest.len());
    // `Authorization: Bearer x`: the secret is the next word.
    let word = line[start..end].to_ascii_lowercase();
    if quote.is_none() && matches!(word.as_str(), "bearer" | "basic" | "token") {
        let next = line[end..].trim_start();
        let from = line.len() - next.len();
        end = from + next.find(char::is_whitespace).unwrap_or(next.len());
    }
    (end > start).then_some((start, end))
}

/// `postgres://me:secret@db` becomes `postgres://me:…@db`.
fn mask_urls(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '"' | '\'' | '<' | '>'))
            .unwrap_or(after.len());
        let authority = &after[..end];
        match authority.rsplit_once('@') {
            Some((user, host)) => {
                let name = user.split(':').next().unwrap_or_default();
                out.push_str(name);
                if user.contains(':') {
                    out.push_str(":…");
                }
                out.push('@');
                out.push_str(host);
            }
            None => out.push_str(authority),
        }
        rest = &after[end..];
    }
    out.push_str(rest);
    out
}

/// Words that are secrets by their look.
fn mask_words(line: &str) -> String {
    let secret =
        |word: &str| word.len() >= 16 && SECRET_STARTS.iter().any(|start| word.starts_with(start));
    line.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '='))
        .map(|piece| {
            let word = piece.trim_end_matches(|c: char| {
                c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '=')
            });
            if secret(word) {
                format!("…{}", &piece[word.len()..])
            } else {
                piece.to_owned()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked() {
        for (line, masked) in [
            ("password=hunter2 user=me", "password=… user=me"),
            ("DB_PASSWORD: hunter2", "DB_PASSWORD: …"),
            (r#"{"token":"abc def","a":1}"#, r#"{"token":"…","a":1}"#),
            (
                "Authorization: Bearer abc.def next",
                "Authorization: … next",
            ),
            (
                "dial postgres://me:p@ss@db:5432/x failed",
                "dial postgres://me:…@db:5432/x failed",
            ),
            ("key eyJhbGciOiJIUzI1NiJ9.e30.x", "key …"),
            ("API_KEY = 'a b'", "API_KEY = '…'"),
            ("clientsecrets=é&x=1", "clientsecrets=…&x=1"),
        ] {
            assert_eq!(mask(line), masked);
        }
    }

    #[test]
    fn what_explains_the_failure_stays() {
        for line in [
            "Error: connect ECONNREFUSED 127.0.0.1:5432",
            "password authentication failed for user \"app\"",
            "Unexpected token < in JSON at position 0",
            "http://localhost:3000/ is up",
            "naïve – 日本 token",
            "token:",
        ] {
            assert_eq!(mask(line), line);
        }
    }

    #[test]
    fn the_last_lines_are_kept_and_cleaned() {
        let written = "one\n\ntwo\r\n\u{1b}[31mthree\u{1b}[0m\u{7}\n";
        assert_eq!(tail(written, 2), ["two", "three\u{fffd}"]);
        assert_eq!(tail(&"x".repeat(1000), 5)[0].chars().count(), WIDTH);
        assert_eq!(tail("", 5), Vec::<String>::new());
    }
}
