//! `justfile`: recipes whose lines start a server.

use crate::facts::{Claims, Origin};
use crate::parsers::Context;
use crate::parsers::command::{Word, is_name};
use crate::parsers::context::{folder, join};
use crate::parsers::packages::Packages;
use crate::parsers::tree::Lines;

use super::rewritten::Rewritten;
use super::{Entry, called, words};

/// Whether this is such a file.
pub fn takes(name: &str) -> bool {
    name.eq_ignore_ascii_case("justfile") || name == ".justfile"
}

/// Adds what the file says.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let Some(text) = cx.text(path, claims) else {
        return;
    };
    let packages = Packages::new(cx);
    let lines = Lines::new(path, &text);
    let within = folder(path);
    let mut all = Entry {
        folder: within.to_owned(),
        ..Entry::default()
    };
    let mut recipe: Option<Entry> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if line.starts_with([' ', '\t']) {
            let command = line.trim_start_matches([' ', '\t', '@', '-']);
            let from = at - command.len();
            if let Some(entry) = &recipe {
                let shell = Rewritten::of_brackets(command.trim_end());
                let place = |byte: usize| -> Origin { lines.origin(from + byte) };
                entry.rewritten(&packages, &shell, &place, claims);
            }
            continue;
        }
        let line = line.trim_end();
        if line.is_empty() || line.starts_with(['#', '[']) {
            continue;
        }
        recipe = None;
        if let Some(setting) = line.strip_prefix("set ") {
            let mut parts = setting.split(":=").map(str::trim);
            if parts.next() == Some("dotenv-load") && parts.next() != Some("false") {
                all.env_files.extend(join(within, ".env"));
            }
        } else if let Some((head, value)) = line.split_once(":=") {
            let name = head.trim();
            let (exported, name) = match name.strip_prefix("export ") {
                Some(name) => (true, name.trim()),
                None => (false, name),
            };
            let from = start + line.len() - value.trim_start().len();
            if let Some(word) = literal(value, &lines, from).filter(|_| is_name(name)) {
                let variables = if exported {
                    &mut all.variables
                } else {
                    &mut all.own
                };
                variables.push((name.to_owned(), word));
            }
        } else if let Some((name, parameters)) = header(line) {
            let mut entry = all.clone();
            entry.name = called(path, name);
            entry.origin = lines.origin(start);
            entry.start = words(["just", name]);
            let mut after = name.len() + usize::from(line.starts_with('@'));
            for parameter in parameters.split_whitespace() {
                let found = line.get(after..).and_then(|rest| rest.find(parameter));
                let begins = after + found.unwrap_or(0);
                after = begins + parameter.len();
                let Some((name, value)) = parameter.split_once('=') else {
                    continue;
                };
                let from = start + begins + name.len() + 1;
                let name = name.trim_start_matches(['$', '*', '+']);
                if let Some(word) = literal(value, &lines, from) {
                    entry.own.push((name.to_owned(), word));
                }
            }
            recipe = Some(entry);
        }
    }
}

/// A value that is written out: `"8000"`, `8000`.
fn literal(value: &str, lines: &Lines<'_>, from: usize) -> Option<Word> {
    let value = value.trim();
    let quoted = ['"', '\''].into_iter().find_map(|mark| {
        let inner = value.strip_prefix(mark)?.strip_suffix(mark)?;
        (!inner.contains(mark)).then_some(inner)
    });
    let number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    match quoted {
        Some(inner) => Some(Word::plain(inner, lines.origin(from + 1), inner)),
        None => number.then(|| Word::plain(value, lines.origin(from), value)),
    }
}

/// The name and the parameters of a recipe's first line.
fn header(line: &str) -> Option<(&str, &str)> {
    let (head, _) = line.strip_prefix('@').unwrap_or(line).split_once(':')?;
    let (name, parameters) = head.split_once(' ').unwrap_or((head, ""));
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    (!name.is_empty() && name.chars().all(plain)).then_some((name, parameters))
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    #[test]
    fn a_recipe_that_starts_a_server_is_a_service() {
        let text = "port := \"8001\"\n\n# Run it\n[group('dev')]\nserve host='127.0.0.1': deps\n    @uvicorn main:app --port {{ port }} --host {{host}}\n\nweb p=\"4000\":\n  next dev -p {{p}}\n\nrandom:\n  next dev -p {{ `free-port` }}\n";
        let files = Held::new([("justfile", text)]);
        let claims = files.claims();
        let of = |name: &str| claims.service(name).unwrap();
        assert_eq!(of("serve").start, ["just", "serve"]);
        assert_eq!(of("web").port(), Some(4000));
        assert_eq!(of("web").expects[0].origin.to_string(), "justfile:9:15");
        assert_eq!(of("random").unknown[0].why, "it is the output of a command");
    }
}
