//! `pyproject.toml`: the commands that the project's tools know by name.

use crate::facts::Claims;
use crate::parsers::command::{Command, Word, commands_with};
use crate::parsers::context::{Context, folder};
use crate::parsers::format;
use crate::parsers::launch::{Launch, services};
use crate::parsers::packages::Packages;
use crate::parsers::places::Places;
use crate::parsers::tree::{Node, Value};

/// Where a tool keeps its commands, and how one is run by its name.
const TABLES: &[(&str, &[&str])] = &[
    ("tool.poe.tasks", &["poe"]),
    ("tool.pdm.scripts", &["pdm", "run"]),
    ("tool.taskipy.tasks", &["task"]),
    ("tool.rye.scripts", &["rye", "run"]),
    ("tool.pixi.tasks", &["pixi", "run"]),
    ("tool.hatch.envs.default.scripts", &["hatch", "run"]),
];

/// The keys under which a table keeps a command.
const COMMANDS: &[&str] = &["cmd", "shell", "script"];

/// Whether this is the project's file.
pub fn takes(name: &str) -> bool {
    name == "pyproject.toml"
}

/// Adds the servers that its commands start.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let Some(tree) = format::open(cx, path, claims) else {
        return;
    };
    let packages = Packages::new(cx);
    for (table, run) in TABLES {
        let entries = tree.at(table).map_or(&[][..], Value::entries);
        for (name, task) in entries {
            let start: Vec<String> = run.iter().map(|&word| word.to_owned()).collect();
            let start = [start, vec![name.clone()]].concat();
            let variables = variables(task);
            for command in told(task, &variables) {
                let launch = Launch {
                    name: name.clone(),
                    folder: folder(path).to_owned(),
                    origin: task.origin.clone(),
                    start: start.clone(),
                    group: None,
                    command: &command,
                };
                for launched in services(&packages, &launch, claims) {
                    claims.ignored.extend(launched.ignored);
                    claims.services.push(launched.service);
                }
            }
        }
    }
}

/// The commands of a task: a line, a list of words, or a table with either.
fn told(task: &Value, variables: &[(String, Word)]) -> Vec<Command> {
    let task = COMMANDS
        .iter()
        .find_map(|key| task.get(key))
        .unwrap_or(task);
    match &task.node {
        Node::Text(line) => {
            let places = Places::of(task);
            commands_with(line, variables, &[], &|byte| places.at(byte))
        }
        Node::List(words) => {
            let word = |value: &Value| {
                let text = value.text()?;
                Some(Word::plain(
                    text,
                    value.origin.clone(),
                    value.written.as_str(),
                ))
            };
            let mut command = Command::of(words.iter().filter_map(word).collect());
            command.variables = variables.to_vec();
            vec![command]
        }
        _ => Vec::new(),
    }
}

/// The variables that a task sets.
fn variables(task: &Value) -> Vec<(String, Word)> {
    let entries = task.get("env").map_or(&[][..], Value::entries);
    let word = |(name, value): &(String, Value)| {
        let text = match &value.node {
            Node::Text(text) => text.clone(),
            Node::Number(number) => number.to_string(),
            _ => return None,
        };
        let word = Word::plain(text, value.origin.clone(), value.written.as_str());
        Some((name.clone(), word))
    };
    entries.iter().filter_map(word).collect()
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    #[test]
    fn gunicorns_file_holds_against_the_environment() {
        let files = Held::new([
            (
                "pyproject.toml",
                "[tool.poe.tasks]\nweb = \"PORT=9 gunicorn app\"\n",
            ),
            ("gunicorn.conf.py", "bind = '127.0.0.1:8055'\n"),
        ]);
        assert_eq!(files.claims().services[0].port(), Some(8055));
        let without = Held::new([("pyproject.toml", files.0["pyproject.toml"].as_str())]);
        assert_eq!(without.claims().services[0].port(), Some(9));
    }

    #[test]
    fn tasks_start_servers() {
        let text = "[tool.poe.tasks]\ndev = \"uvicorn app:app --port 8005\"\nlint = \"ruff check\"\n\
            [tool.poe.tasks.web]\ncmd = \"flask run\"\nenv = { FLASK_RUN_PORT = \"5006\" }\n\
            [tool.pdm.scripts]\nstart = { cmd = [\"gunicorn\", \"-b\", \":8007\", \"app\"] }\n";
        let claims = Held::new([("api/pyproject.toml", text)]).claims();
        let mut told: Vec<_> = claims
            .services
            .iter()
            .map(|s| {
                format!(
                    "{} {:?} {} `{}`",
                    s.name,
                    s.port(),
                    s.expects[0].origin,
                    s.start.join(" ")
                )
            })
            .collect();
        told.sort();
        assert_eq!(
            told,
            [
                "dev Some(8005) api/pyproject.toml:2:31 `poe dev`",
                "start Some(8007) api/pyproject.toml:8:36 `pdm run start`",
                "web Some(5006) api/pyproject.toml:6:26 `poe web`",
            ]
        );
    }
}
