//! JavaScript and TypeScript configuration.
//!
//! The file is parsed as its tool would parse it, and evaluated as far as that needs no
//! code of others: literals, constants, functions of the project, the environment, and
//! files that it imports by a relative path. Statements are followed in their order; what
//! one that is not followed may have changed is unknown from there on. Everything has an
//! end: depth, work and the number of files are bounded.

mod builtins;
mod calls;
mod environment;
mod exports;
mod expressions;
mod forget;
mod machine;
mod modules;
mod nesting;
mod objects;
mod outcome;
mod patterns;
mod statements;
mod value;

use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use oxc_parser::Parser;
use oxc_span::SourceType;

use self::machine::Machine;
use super::Parsed;
use crate::facts::BrokenFile;
use crate::parsers::Context;
use crate::parsers::tree::Lines;

/// The endings of the files that are read here.
pub const ENDINGS: &[&str] = &[".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"];

/// For what a tool reads its configuration.
#[derive(Debug, Clone, Copy)]
pub struct Mode<'a> {
    /// What it is about to do, as Vite calls it: `serve`.
    pub command: &'a str,
    /// Its mode: `development`.
    pub mode: &'a str,
    /// Whether it serves what was built.
    pub preview: bool,
}

impl Default for Mode<'_> {
    fn default() -> Self {
        Mode {
            command: "serve",
            mode: "development",
            preview: false,
        }
    }
}

/// What is wrong with a text, and from which byte on.
#[derive(Debug, Default)]
struct Mistake {
    at: usize,
    what: String,
}

/// The configuration that a file exports.
pub fn parse(cx: &Context<'_>, path: &str, text: &str, mode: &Mode<'_>) -> Parsed {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let arena = Allocator::default();
    let mut machine = Machine::new(cx, &arena, *mode);
    match machine.load(path, text) {
        Ok(exports) => Ok(machine.configuration(&exports)),
        Err(mistake) => Err(BrokenFile {
            origin: Lines::new(path, text).origin(mistake.at),
            what: mistake.what,
        }),
    }
}

/// The program of a text.
fn program<'a>(
    arena: &'a Allocator,
    path: &str,
    text: &'a str,
) -> Result<&'a Program<'a>, Mistake> {
    if !nesting::is_bearable(text) {
        return Err(Mistake {
            at: 0,
            what: "it is nested too deeply to be read".to_owned(),
        });
    }
    let typed = [".ts", ".mts", ".cts"]
        .iter()
        .any(|end| path.ends_with(end));
    let kind = SourceType::unambiguous().with_typescript(typed);
    let parsed = Parser::new(arena, text, kind).parse();
    if parsed.panicked {
        let first = parsed.diagnostics.iter().next();
        return Err(Mistake {
            at: first
                .and_then(|mistake| {
                    mistake
                        .labels
                        .iter()
                        .next()
                        .map(|label| label.offset() as usize)
                })
                .unwrap_or(0),
            what: first.map_or_else(
                || "it is no JavaScript".to_owned(),
                |mistake| mistake.message.trim_end_matches('.').to_lowercase(),
            ),
        });
    }
    Ok(arena.alloc(parsed.program))
}

#[cfg(test)]
mod tests;
