//! nginx's grammar: directives of words, ended by `;` or by a block of directives.

use crate::facts::{BrokenFile, Origin};
use crate::parsers::tree::Lines;

/// A word and its place.
#[derive(Debug, Default)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// One directive.
#[derive(Debug, Default)]
pub(super) struct Directive {
    pub(super) name: Word,
    pub(super) words: Vec<Word>,
    pub(super) has_block: bool,
    pub(super) block: Vec<Directive>,
}

impl Directive {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.text == name
    }
}

/// How deep blocks may stand in each other.
const DEEPEST: usize = 64;

/// The directives of a text.
pub(super) fn parse(file: &str, text: &str) -> Result<Vec<Directive>, BrokenFile> {
    let lines = Lines::new(file, text);
    let broken = |origin: Origin, what: &str| BrokenFile {
        origin,
        what: what.to_owned(),
    };
    // The open blocks: each the directive that has it, and what stands before it.
    let mut open: Vec<(Directive, Vec<Directive>)> = Vec::new();
    let mut directives: Vec<Directive> = Vec::new();
    let mut words: Vec<Word> = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '#' => at += text[at..].find('\n').unwrap_or(text.len() - at),
            c if c.is_whitespace() => at += c.len_utf8(),
            ';' => {
                directives.extend(directive(&mut words));
                at += 1;
            }
            '{' => {
                let Some(mut opened) = directive(&mut words) else {
                    return Err(broken(lines.origin(at), "a block stands without a name"));
                };
                at += 1;
                opened.has_block = true;
                if opened.name.text.ends_with("_by_lua_block") {
                    at += code(&text[at..]);
                    directives.push(opened);
                } else if open.len() >= DEEPEST {
                    return Err(broken(
                        lines.origin(at),
                        "it is nested too deeply to be read",
                    ));
                } else {
                    open.push((opened, std::mem::take(&mut directives)));
                }
            }
            '}' => {
                let Some((mut closed, before)) = open.pop() else {
                    return Err(broken(lines.origin(at), "a closing bracket closes nothing"));
                };
                if !words.is_empty() {
                    return Err(broken(
                        lines.origin(at),
                        "a semicolon is missing before this",
                    ));
                }
                closed.block = std::mem::replace(&mut directives, before);
                directives.push(closed);
                at += 1;
            }
            _ => {
                let (word, length) = word(&text[at..]);
                words.push(Word {
                    text: word,
                    origin: lines.origin(at),
                });
                at += length;
            }
        }
    }
    match (open.pop(), words.first()) {
        (Some((unclosed, _)), _) => Err(broken(
            unclosed.name.origin,
            "the closing bracket of this block is missing",
        )),
        (None, Some(word)) => Err(broken(
            word.origin.clone(),
            "the semicolon of this directive is missing",
        )),
        (None, None) => Ok(directives),
    }
}

fn directive(words: &mut Vec<Word>) -> Option<Directive> {
    let mut words = std::mem::take(words).into_iter();
    Some(Directive {
        name: words.next()?,
        words: words.collect(),
        ..Directive::default()
    })
}

/// A word, its quotation marks and backslashes taken off, and how many bytes it is long.
fn word(text: &str) -> (String, usize) {
    let mut out = String::new();
    let mark = text.chars().next().filter(|c| ['"', '\''].contains(c));
    let mut escaped = false;
    // `${name}` is part of a word, its brackets and all.
    let mut variable = false;
    let mut before = ' ';
    for (at, c) in text.char_indices().skip(usize::from(mark.is_some())) {
        if std::mem::take(&mut escaped) {
            // Only these lose their backslash.
            if !"\"' ;\\".contains(c) {
                out.push('\\');
            }
            out.push(c);
        } else if c == '\\' {
            escaped = true;
        } else if let Some(mark) = mark {
            if c == mark {
                return (out, at + 1);
            }
            out.push(c);
        } else if c == '{' && before == '$' {
            variable = true;
            out.push(c);
        } else if variable {
            variable = c != '}';
            out.push(c);
        } else if c.is_whitespace() || ";{}".contains(c) {
            return (out, at);
        } else {
            out.push(c);
        }
        before = c;
    }
    (out, text.len())
}

/// How long a block of Lua is, its closing bracket included.
fn code(text: &str) -> usize {
    let mut depth = 1_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_blocks() {
        let text = "a 'b; }' \"c\\\"\" ${d}e;\nb { c; content_by_lua_block { x = '{' } d {} }\n";
        // The bracket in the text of Lua is counted as nginx counts none: it is unclosed.
        assert!(parse("n.conf", text).is_err());
        let text = text.replace("'{'", "{}");
        let found = parse("n.conf", &text).unwrap();
        let words: Vec<&str> = found[0]
            .words
            .iter()
            .map(|word| word.text.as_str())
            .collect();
        assert_eq!(words, ["b; }", "c\"", "${d}e"]);
        let block: Vec<&str> = found[1]
            .block
            .iter()
            .map(|d| d.name.text.as_str())
            .collect();
        assert_eq!(block, ["c", "content_by_lua_block", "d"]);
    }

    #[test]
    fn mistakes_have_places() {
        for (text, place) in [
            ("}", "n.conf:1:1"),
            ("a {\n b\n}", "n.conf:3:1"),
            ("a;\nb c", "n.conf:2:1"),
            ("{ }", "n.conf:1:1"),
        ] {
            let broken = parse("n.conf", text).unwrap_err();
            assert_eq!(broken.origin.to_string(), place, "{text}");
        }
        assert!(parse("n.conf", &"a {".repeat(10_000)).is_err());
    }
}
