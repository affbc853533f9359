//! `Taskfile.yml`: tasks whose commands start a server.

use crate::facts::Claims;
use crate::parsers::command::Word;
use crate::parsers::context::{folder, join};
use crate::parsers::packages::Packages;
use crate::parsers::places::Places;
use crate::parsers::{Context, Value};

use super::rewritten::Rewritten;
use super::{Entry, called, open, text, words};

/// Whether this is such a file.
pub fn takes(name: &str) -> bool {
    let stem = name.strip_suffix(".yml").or(name.strip_suffix(".yaml"));
    matches!(
        stem,
        Some("Taskfile" | "taskfile" | "Taskfile.dist" | "taskfile.dist")
    )
}

/// Adds what the file says.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let Some(file) = open(cx, path, claims) else {
        return;
    };
    let packages = Packages::new(cx);
    let tasks = file.get("tasks").map(Value::entries).unwrap_or_default();
    for (name, task) in tasks {
        let entry = Entry {
            name: called(path, name),
            folder: folder(path).to_owned(),
            origin: task.origin.clone(),
            start: words(["task", name]),
            ..Entry::default()
        };
        let Some(mut entry) = entry.inside(task.get("dir")) else {
            continue;
        };
        for of in [&file, task] {
            entry.set(of.get("env"));
            own(&mut entry, of.get("vars"));
            let files = of.get("dotenv").map(Value::items).unwrap_or_default();
            let paths = files
                .iter()
                .filter_map(|file| join(folder(path), file.text()?));
            entry.env_files.extend(paths);
        }
        for line in lines(task) {
            let places = Places::of(line);
            let shell = Rewritten::of_brackets(line.text().unwrap_or_default());
            entry.rewritten(&packages, &shell, &|byte| places.at(byte), claims);
        }
    }
}

/// Variables that only the file's own brackets see.
fn own(entry: &mut Entry, variables: Option<&Value>) {
    let entries = variables.map(Value::entries).unwrap_or_default();
    for (name, value) in entries {
        let written = value.written.trim_matches(['"', '\'']);
        let text = text(value);
        // A default of task's own: `{{.PORT | default "3000"}}`.
        let word = if text.is_empty() || text.contains("{{") {
            Word::unseen(
                "it is computed by task",
                value.origin.clone(),
                written.to_owned(),
            )
        } else {
            Word::plain(text, value.origin.clone(), written)
        };
        entry.own.push((name.clone(), word));
    }
}

/// The command lines of a task, in each of the ways to write them.
fn lines(task: &Value) -> Vec<&Value> {
    let several = task.get("cmds").or(task.get("cmd")).unwrap_or(task);
    let one = std::iter::once(several).chain(several.items());
    one.map(|item| item.get("cmd").unwrap_or(item))
        .filter(|line| line.text().is_some())
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    #[test]
    fn a_task_has_its_folder_and_variables() {
        let text = "version: '3'\nvars:\n  PORT: 8001\ntasks:\n  web:\n    dir: web\n    env: {PORT: '4000'}\n    cmds:\n      - echo hi\n      - cmd: next dev\n  two: next dev -p {{.PORT}}\n  three:\n    cmd: next dev -p {{.NONE}}\n";
        let claims = Held::new([("Taskfile.yml", text)]).claims();
        let told: Vec<_> = claims
            .services
            .iter()
            .map(|s| {
                (
                    s.name.as_str(),
                    s.folder.as_str(),
                    s.port(),
                    s.unknown.len(),
                )
            })
            .collect();
        let expected = [
            ("web", "web", Some(4000), 0),
            ("two", "", Some(8001), 0),
            ("three", "", Some(3000), 1),
        ];
        assert_eq!(told, expected);
    }
}
