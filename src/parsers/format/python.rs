//! Python: what a module assigns and calls when it is run, as far as it can be told
//! without running it.

mod scope;
mod values;

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer, parse_module};

use super::Parsed;
use crate::facts::{BrokenFile, Origin};
use crate::parsers::context::Context;
use crate::parsers::tree::{Lines, Node, Value};
use scope::Scope;

/// What a module does when it is run by itself.
#[derive(Debug)]
pub struct Module {
    /// What it assigns: `bind`, and `c.ServerApp.port` as a table in tables.
    pub value: Value,
    /// What it calls, in the order in which it does.
    pub calls: Vec<Call>,
}

/// One call.
#[derive(Debug)]
pub struct Call {
    /// What is called, as it is imported: `uvicorn.run`; for a method of what a call
    /// made, after that call: `flask.Flask.run`.
    pub name: String,
    /// Its arguments by their names; those without one by their number, from 0.
    pub arguments: Value,
    /// Where it begins.
    pub origin: Origin,
}

/// How long one statement may be, and how deep its brackets and its lines are nested: a
/// tree is given up level by level, and each level takes room on the stack.
const LONGEST_STATEMENT: usize = 4000;
const DEEPEST_BRACKETS: usize = 100;
const DEEPEST_LINES: usize = 50;

/// The assignments of a text as a tree.
pub fn parse(cx: &Context<'_>, file: &str, text: &str) -> Parsed {
    Ok(read(cx, file, text)?.value)
}

/// What a text assigns and calls.
pub fn read(cx: &Context<'_>, file: &str, text: &str) -> Result<Module, BrokenFile> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::new(file, text);
    if too_deep(text) {
        return Err(BrokenFile {
            origin: Origin {
                file: file.to_owned(),
                ..Origin::default()
            },
            what: "it is nested too deeply to be read".to_owned(),
        });
    }
    let parsed = parse_module(text).map_err(|error| BrokenFile {
        origin: lines.origin(error.location.start().to_usize()),
        what: lower(&error.error.to_string()),
    })?;
    let mut scope = Scope::new(cx, &lines);
    scope.run(parsed.suite());
    let (value, calls) = scope.told();
    Ok(Module { value, calls })
}

/// The first letter small, as in every other clause.
fn lower(what: &str) -> String {
    let mut chars = what.chars();
    let first = chars.next().map(|c| c.to_lowercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

/// Whether a text is deeper than is read.
fn too_deep(text: &str) -> bool {
    let mut lexer = lexer::lex(text, Mode::Module);
    let (mut words, mut brackets, mut lines) = (0_usize, 0_usize, 0_usize);
    loop {
        match lexer.next_token() {
            TokenKind::EndOfFile => return false,
            TokenKind::Newline => words = 0,
            TokenKind::Indent => lines += 1,
            TokenKind::Dedent => lines = lines.saturating_sub(1),
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                brackets += 1;
                words += 1;
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => {
                brackets = brackets.saturating_sub(1);
            }
            // What stands beside each other and not in each other.
            TokenKind::Comma
            | TokenKind::Name
            | TokenKind::String
            | TokenKind::Int
            | TokenKind::Comment
            | TokenKind::NonLogicalNewline => {}
            _ => words += 1,
        }
        if words > LONGEST_STATEMENT || brackets > DEEPEST_BRACKETS || lines > DEEPEST_LINES {
            return true;
        }
    }
}

/// A tree of values under keys with dots in them: `c.ServerApp.port`.
fn nested(entries: Vec<(String, Value)>, origin: Origin) -> Value {
    let mut table: Vec<(String, Value)> = Vec::new();
    for (path, value) in entries {
        put(&mut table, &path, value);
    }
    Value {
        node: Node::Table(table),
        origin,
        written: String::new(),
    }
}

fn put(table: &mut Vec<(String, Value)>, path: &str, value: Value) {
    let Some((first, rest)) = path.split_once('.') else {
        table.push((path.to_owned(), value));
        return;
    };
    if let Some((_, below)) = table.iter_mut().rev().find(|(key, _)| key == first)
        && let Node::Table(inner) = &mut below.node
    {
        put(inner, rest, value);
        return;
    }
    let mut inner = Vec::new();
    let origin = value.origin.clone();
    put(&mut inner, rest, value);
    table.push((
        first.to_owned(),
        Value {
            node: Node::Table(inner),
            origin,
            written: String::new(),
        },
    ));
}

#[cfg(test)]
mod tests;
