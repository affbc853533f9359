//! The Caddyfile's grammar: lines of words, in blocks.

use crate::facts::{BrokenFile, Origin};
use crate::parsers::context::Context;
use crate::parsers::tree::Lines;

/// A word and its place.
#[derive(Debug, Clone, Default)]
pub(super) struct Token {
    /// Without quotation marks, variables replaced.
    pub(super) text: String,
    pub(super) written: String,
    pub(super) origin: Origin,
    /// Whether it is the first of its line.
    first: bool,
    quoted: bool,
}

/// A block at the top of the file, and every line in it, those of inner blocks too.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) names: Vec<Token>,
    /// Never an empty one.
    pub(super) lines: Vec<Vec<Token>>,
}

impl Block {
    /// Whether it is only there to be imported by others.
    pub(super) fn is_snippet(&self) -> bool {
        self.names.iter().any(|name| name.text.starts_with('('))
    }
}

/// The blocks of a text.
pub(super) fn parse(cx: &Context<'_>, file: &str, text: &str) -> Result<Vec<Block>, BrokenFile> {
    let lines = Lines::new(file, text);
    let tokens = tokens(cx, &lines, text);
    let broken = |token: &Token, what: &str| BrokenFile {
        origin: token.origin.clone(),
        what: what.to_owned(),
    };
    let mut blocks: Vec<Block> = Vec::new();
    let mut block: Option<(Block, &Token)> = None;
    let mut names: Vec<Token> = Vec::new();
    let mut depth = 0_usize;
    // A file of one site may do without brackets: its first line is the site's name.
    let mut bare: Option<Block> = None;
    for token in &tokens {
        let opens = token.text == "{" && !token.quoted;
        let closes = token.text == "}" && !token.quoted;
        if let Some((current, _)) = &mut block {
            depth = depth + usize::from(opens) - usize::from(closes);
            if depth == 0 {
                blocks.extend(block.take().map(|(block, _)| block));
            } else if !opens && !closes {
                push(&mut current.lines, token);
            }
            continue;
        }
        if let Some(site) = &mut bare {
            depth = (depth + usize::from(opens)).saturating_sub(usize::from(closes));
            if !opens && !closes {
                push(&mut site.lines, token);
            }
            continue;
        }
        if opens {
            let names = std::mem::take(&mut names);
            depth = 1;
            let opened = Block {
                names: sites(&names),
                lines: Vec::new(),
            };
            block = Some((opened, token));
        } else if closes {
            return Err(broken(token, "a closing bracket closes nothing"));
        } else {
            let ended = names.last().is_some_and(|last| !last.text.ends_with(','));
            if token.first && ended && blocks.iter().all(|block| block.names.is_empty()) {
                let mut site = Block {
                    names: sites(&std::mem::take(&mut names)),
                    lines: Vec::new(),
                };
                push(&mut site.lines, token);
                bare = Some(site);
            } else {
                names.push(token.clone());
            }
        }
    }
    if let Some((unclosed, opener)) = &block {
        let at = unclosed.names.first().unwrap_or(opener);
        return Err(broken(at, "the closing bracket of this block is missing"));
    }
    if !names.is_empty() {
        bare = Some(Block {
            names: sites(&names),
            lines: Vec::new(),
        });
    }
    blocks.extend(bare);
    Ok(blocks)
}

/// Adds a word to the last line, or begins one with it.
fn push(lines: &mut Vec<Vec<Token>>, token: &Token) {
    match lines.last_mut() {
        Some(line) if !token.first => line.push(token.clone()),
        _ => lines.push(vec![token.clone()]),
    }
}

/// The names of sites, which commas divide.
fn sites(tokens: &[Token]) -> Vec<Token> {
    let mut names = Vec::new();
    for token in tokens {
        // In quotation marks, or with a variable, a name's place is that of its word.
        let plain = token.text == token.written;
        let mut before = 0;
        for text in token.text.split(',') {
            if !text.is_empty() {
                let mut name = Token {
                    text: text.to_owned(),
                    ..token.clone()
                };
                if plain {
                    text.clone_into(&mut name.written);
                    name.origin.column += u32::try_from(before).unwrap_or(0);
                } else {
                    name.written = token.written.trim_end_matches(',').to_owned();
                }
                names.push(name);
            }
            before += text.chars().count() + 1;
        }
    }
    names
}

/// The words of a text.
fn tokens(cx: &Context<'_>, lines: &Lines<'_>, text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut first = true;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '\n' => {
                first = true;
                at += 1;
            }
            '\\' if text[at..].starts_with("\\\n") => at += 2,
            c if c.is_whitespace() => at += c.len_utf8(),
            '#' => at += text[at..].find('\n').unwrap_or(text.len() - at),
            mark => {
                let quoted = mark == '"' || mark == '`';
                let (inner, length) = if quoted {
                    quoted_word(&text[at..], mark)
                } else {
                    let rest = &text[at..];
                    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                    (rest[..end].to_owned(), end)
                };
                tokens.push(Token {
                    text: replaced(cx, &inner),
                    written: lines.slice(at, at + length).to_owned(),
                    origin: lines.origin(at),
                    first,
                    quoted,
                });
                first = false;
                at += length;
            }
        }
    }
    tokens
}

/// A word in quotation marks, without them, and its length with them.
fn quoted_word(text: &str, mark: char) -> (String, usize) {
    let mut out = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if std::mem::take(&mut escaped) {
            if c != mark {
                out.push('\\');
            }
            out.push(c);
        } else if c == '\\' && mark == '"' {
            escaped = true;
        } else if c == mark {
            return (out, at + 1);
        } else {
            out.push(c);
        }
    }
    (out, text.len())
}

/// A word with the variables of the environment (`{$PORT:8080}`) replaced.
fn replaced(cx: &Context<'_>, text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{$") {
        let Some((inner, behind)) = after.split_once('}') else {
            break;
        };
        let (name, other) = inner.split_once(':').unwrap_or((inner, ""));
        out.push_str(before);
        out.push_str(cx.environment.get(name).map_or(other, String::as_str));
        rest = behind;
    }
    out + rest
}
