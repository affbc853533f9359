//! `mprocs.yaml` and `mprocs.json`: processes side by side in one terminal.

use crate::facts::Claims;
use crate::parsers::command::{Command, Word};
use crate::parsers::context::folder;
use crate::parsers::packages::Packages;
use crate::parsers::places::Places;
use crate::parsers::{Context, Value};

use super::{Entry, open, words};

/// Whether this is such a file.
pub fn takes(name: &str) -> bool {
    ["mprocs.yaml", "mprocs.yml", "mprocs.json"].contains(&name)
}

/// Adds what the file says.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let Some(file) = open(cx, path, claims) else {
        return;
    };
    let packages = Packages::new(cx);
    let procs = file.get("procs").map(Value::entries).unwrap_or_default();
    for (name, process) in procs {
        let entry = Entry {
            name: name.clone(),
            folder: folder(path).to_owned(),
            origin: process.origin.clone(),
            start: words(["mprocs"]),
            group: Some(path.to_owned()),
            ..Entry::default()
        };
        let Some(mut entry) = entry.inside(process.get("cwd")) else {
            continue;
        };
        entry.set(process.get("env"));
        let line = process.get("shell").unwrap_or(process);
        if let Some(text) = line.text() {
            let places = Places::of(line);
            entry.line(&packages, text, &|byte| places.at(byte), claims);
        } else if let Some(list) = process.get("cmd") {
            let word = |item: &Value| {
                let text = item.text()?;
                Some(Word::plain(text, item.origin.clone(), text))
            };
            let argv = list.items().iter().filter_map(word).collect();
            let mut command = Command::of(argv);
            command.variables.clone_from(&entry.variables);
            entry.command(&packages, command, claims);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    #[test]
    fn a_process_is_a_line_or_a_list() {
        let files = Held::new([(
            "mprocs.yaml",
            "procs:\n  web:\n    cwd: apps/web\n    shell: vite --port 3001\n  api:\n    cmd: [next, dev]\n    env:\n      PORT: '4000'\n",
        )]);
        let claims = files.claims();
        let told: Vec<_> = claims
            .services
            .iter()
            .map(|s| (s.name.as_str(), s.folder.as_str(), s.port()))
            .collect();
        assert_eq!(
            told,
            [("web", "apps/web", Some(3001)), ("api", "", Some(4000))]
        );
        let origin = &claims.services[0].expects[0].origin;
        assert_eq!(origin.to_string(), "mprocs.yaml:4:24");
    }
}
