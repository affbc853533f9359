//! `Makefile`: recipes whose lines start a server.

use crate::facts::{Claims, Origin};
use crate::parsers::Context;
use crate::parsers::command::{Word, is_name};
use crate::parsers::context::folder;
use crate::parsers::packages::Packages;
use crate::parsers::tree::Lines;

use super::rewritten::Rewritten;
use super::{Entry, called, words};

/// Whether this is such a file.
pub fn takes(name: &str) -> bool {
    ["Makefile", "makefile", "GNUmakefile"].contains(&name)
}

/// Adds what the file says.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let Some(text) = cx.text(path, claims) else {
        return;
    };
    let packages = Packages::new(cx);
    let lines = Lines::new(path, &text);
    let mut entry = Entry {
        folder: folder(path).to_owned(),
        ..Entry::default()
    };
    // Whether the lines that follow are a recipe that people can ask for.
    let mut target = false;
    for (at, line) in logical(&text) {
        if let Some(recipe) = line.strip_prefix('\t') {
            let command = recipe.trim_start_matches(['@', '-', '+', ' ', '\t']);
            let from = at + line.len() - command.len();
            if target {
                let shell = Rewritten::of_make(command.trim_end());
                let place = |byte: usize| -> Origin { lines.origin(from + byte) };
                entry.rewritten(&packages, &shell, &place, claims);
            }
        } else if let Some((name, exported, weak, value)) = assignment(line) {
            let from = at + line.len() - value.len();
            let value = value.trim_end();
            // A variable of the environment holds against a weak one.
            if value.contains('$') || (weak && cx.environment.contains_key(name)) {
                continue;
            }
            let word = Word::plain(value, lines.origin(from), value);
            let variables = if exported {
                &mut entry.variables
            } else {
                &mut entry.own
            };
            variables.push((name.to_owned(), word));
        } else if let Some(name) = rule(line) {
            target = true;
            entry.name = called(path, name);
            entry.origin = lines.origin(at);
            entry.start = words(["make", name]);
        } else if !line.trim().is_empty() && !line.starts_with([' ', '#']) {
            target = false;
        }
    }
}

/// The lines with the byte that each begins at; one that ends in a backslash goes on.
fn logical(text: &str) -> Vec<(usize, &str)> {
    let mut all = Vec::new();
    let (mut from, mut to) = (0, 0);
    for line in text.split_inclusive('\n') {
        to += line.len();
        if !line.trim_end_matches(['\n', '\r']).ends_with('\\') {
            all.push((from, &text[from..to]));
            from = to;
        }
    }
    if from < to {
        all.push((from, &text[from..to]));
    }
    all
}

/// `PORT ?= 8000`: the name, whether recipes see it in their environment, whether the
/// environment holds against it, and the value with what follows.
fn assignment(line: &str) -> Option<(&str, bool, bool, &str)> {
    let (exported, rest) = match line.strip_prefix("export ") {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let (head, value) = rest.split_once('=')?;
    let weak = head.ends_with('?');
    let name = head.trim_end_matches(['?', ':', '+']).trim();
    is_name(name).then(|| (name, exported, weak, value.trim_start()))
}

/// The first target of a rule that people can ask for.
fn rule(line: &str) -> Option<&str> {
    let (targets, rest) = line.split_once(':')?;
    let name = targets.split_whitespace().next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let asked = !line.starts_with([' ', '.', '#', '\t']) && name.chars().all(plain);
    (asked && !rest.contains('=')).then_some(name)
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    #[test]
    fn a_recipe_that_starts_a_server_is_a_service() {
        let text = "PORT ?= 8001\nHOST = 127.0.0.1\n.PHONY: run\n\nrun: deps ## Run it\n\t@echo hi\n\t@cd src && uvicorn main:app \\\n\t\t--host $(HOST) --port $(PORT)\n\nbuild:\n\tvite build\nweb:\n\tPORT=4000 next dev\n";
        let files = Held::new([("api/Makefile", text)]);
        let claims = files.claims();
        let told: Vec<_> = claims
            .services
            .iter()
            .map(|s| (s.name.as_str(), s.folder.as_str(), s.start.join(" ")))
            .collect();
        let expected = [
            ("api", "api/src", "make run".to_owned()),
            ("api:web", "api", "make web".to_owned()),
        ];
        assert_eq!(told, expected);
        assert_eq!(claims.services[1].port(), Some(4000));
        let origin = &claims.services[1].expects[0].origin;
        assert_eq!(origin.to_string(), "api/Makefile:13:7");
    }
}
