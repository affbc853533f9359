//! `.vscode/launch.json` and `.vscode/tasks.json`: what an editor starts.

use crate::facts::{Claims, Pointer};
use crate::parsers::command::{Command, Word};
use crate::parsers::context::{folder, join, name};
use crate::parsers::packages::Packages;
use crate::parsers::places::Places;
use crate::parsers::{Context, Value, pointers};

use super::{Entry, open};

/// Whether this may be such a file.
pub fn takes(name: &str) -> bool {
    name == "launch.json" || name == "tasks.json"
}

/// Adds what the file says.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let within = folder(path);
    if name(within) != ".vscode" {
        return;
    }
    let Some(file) = open(cx, path, claims) else {
        return;
    };
    let project = Project {
        packages: Packages::new(cx),
        folder: folder(within).to_owned(),
    };
    let configurations = file.get("configurations").map(Value::items);
    for configuration in configurations.unwrap_or_default() {
        project.configuration(configuration, claims);
    }
    let tasks = file.get("tasks").map(Value::items);
    for task in tasks.unwrap_or_default() {
        project.task(task, claims);
    }
}

struct Project<'a> {
    packages: Packages<'a>,
    /// The folder that is opened in the editor.
    folder: String,
}

impl Project<'_> {
    fn entry(&self, of: &Value, key: &str, options: &Value) -> Option<Entry> {
        let label = of.get(key).and_then(Value::text)?;
        let mut entry = Entry {
            name: label.to_owned(),
            folder: self.folder.clone(),
            origin: of.get(key)?.origin.clone(),
            ..Entry::default()
        };
        if let Some(cwd) = options.get("cwd") {
            entry.folder = self.path(cwd.text()?)?;
        }
        entry.set(options.get("env"));
        let file = options.get("envFile").and_then(Value::text);
        entry
            .env_files
            .extend(file.and_then(|file| self.path(file)));
        Some(entry)
    }

    /// A path with the editor's own variables, seen from the project's root.
    fn path(&self, text: &str) -> Option<String> {
        let plain = without_variables(text);
        (!plain.contains("${")).then(|| join(&self.folder, plain.trim_start_matches('/')))?
    }

    /// One configuration of `launch.json`.
    fn configuration(&self, of: &Value, claims: &mut Claims) {
        let kind = of.get("type").and_then(Value::text).unwrap_or_default();
        if of.get("request").and_then(Value::text) == Some("attach") {
            return;
        }
        let Some(mut entry) = self.entry(of, "name", of) else {
            return;
        };
        if let Some(url) = of.get("url") {
            claims.pointers.extend(pointer(url));
        }
        if let Some(line) = of.get("command") {
            return self.line(&mut entry, line, claims);
        }
        let mut argv: Vec<Word> = Vec::new();
        let runtime = of.get("runtimeExecutable");
        let module = of.get("module");
        let program = of.get("program");
        argv.extend(runtime.and_then(word));
        argv.extend(list(of.get("runtimeArgs")));
        let language = match kind {
            "node" | "pwa-node" => Some("node"),
            "python" | "debugpy" => Some("python"),
            "ruby" | "rdbg" | "ruby_lsp" => Some("ruby"),
            "php" => Some("php"),
            _ => None,
        };
        if runtime.is_none() && (program.is_some() || module.is_some()) {
            let Some(language) = language else { return };
            argv.push(Word::plain(language, of.origin.clone(), ""));
        }
        if let Some(module) = module.and_then(word) {
            argv.push(Word::plain("-m", of.origin.clone(), ""));
            argv.push(module);
        }
        argv.extend(program.and_then(word));
        argv.extend(list(of.get("args")));
        self.argv(&mut entry, argv, claims);
    }

    /// One task of `tasks.json`.
    fn task(&self, of: &Value, claims: &mut Claims) {
        let nothing = Value {
            node: crate::parsers::Node::Null,
            origin: of.origin.clone(),
            written: String::new(),
        };
        let options = of.get("options").unwrap_or(&nothing);
        let entry = self.entry(of, "label", options);
        let Some(mut entry) = entry.or_else(|| self.entry(of, "script", options)) else {
            return;
        };
        if of.get("type").and_then(Value::text) == Some("npm") {
            let below = of.get("path").and_then(Value::text).unwrap_or_default();
            let Some(folder) = join(&entry.folder, below) else {
                return;
            };
            entry.folder = folder;
            let Some(script) = of.get("script").and_then(word) else {
                return;
            };
            let plain = |text| Word::plain(text, of.origin.clone(), "");
            let argv = vec![plain("npm"), plain("run"), script];
            return self.argv(&mut entry, argv, claims);
        }
        let Some(command) = of.get("command") else {
            return;
        };
        let arguments = list(of.get("args"));
        if arguments.is_empty() {
            return self.line(&mut entry, command, claims);
        }
        let mut argv: Vec<Word> = word(command).into_iter().collect();
        argv.extend(arguments);
        self.argv(&mut entry, argv, claims);
    }

    fn line(&self, entry: &mut Entry, line: &Value, claims: &mut Claims) {
        let Some(text) = line.text() else { return };
        let places = Places::of(line);
        entry.start = vec!["sh".to_owned(), "-c".to_owned(), text.to_owned()];
        entry.line(&self.packages, text, &|byte| places.at(byte), claims);
    }

    fn argv(&self, entry: &mut Entry, argv: Vec<Word>, claims: &mut Claims) {
        entry.start = argv.iter().map(|word| word.text.clone()).collect();
        let mut command = Command::of(argv);
        command.variables.clone_from(&entry.variables);
        entry.command(&self.packages, command, claims);
    }
}

fn without_variables(text: &str) -> String {
    ["${workspaceFolder}", "${workspaceRoot}"]
        .iter()
        .fold(text.to_owned(), |text, name| text.replace(name, "."))
}

fn word(value: &Value) -> Option<Word> {
    let text = value.text()?;
    let written = value.written.trim_matches('"');
    let mut origin = value.origin.clone();
    // The quotation mark is no part of what is written.
    origin.column += u32::from(written.len() < value.written.len() && origin.column > 0);
    let plain = without_variables(text);
    Some(if plain == text {
        Word::plain(text, origin, written)
    } else {
        Word::plain(plain, origin, "")
    })
}

fn list(values: Option<&Value>) -> Vec<Word> {
    let items = values.map(Value::items).unwrap_or_default();
    items.iter().filter_map(word).collect()
}

/// The address that a browser is sent to, where that is this machine.
fn pointer(url: &Value) -> Vec<Pointer> {
    let setting = pointers::Setting {
        service: "",
        key: "url",
        value: url.text().unwrap_or_default(),
        origin: &url.origin,
        written: &url.written,
        inside: false,
    };
    pointers::of(&setting, &pointers::is_here)
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    const LAUNCH: &str = r#"{
  // how the editor starts them
  "configurations": [
    {"name": "Web", "type": "node", "request": "launch", "cwd": "${workspaceFolder}/web",
     "runtimeExecutable": "npx", "runtimeArgs": ["next", "dev", "-p", "4001"]},
    {"name": "Django", "type": "debugpy", "request": "launch",
     "program": "${workspaceFolder}/manage.py", "args": ["runserver", "8001"]},
    {"name": "Chrome", "type": "chrome", "request": "launch", "url": "http://localhost:4001/a"},
    {"name": "Late", "type": "node", "request": "attach", "port": 9229},
  ]
}"#;

    #[test]
    fn what_an_editor_starts_is_a_service() {
        let files = Held::new([(".vscode/launch.json", LAUNCH), ("x/launch.json", "[]")]);
        let claims = files.claims();
        let told: Vec<_> = claims
            .services
            .iter()
            .map(|s| (s.name.as_str(), s.folder.as_str(), s.framework.as_deref()))
            .collect();
        let expected = [("Web", "web", Some("next")), ("Django", "", Some("django"))];
        assert_eq!(told, expected);
        let origin = &claims.services[0].expects[0].origin;
        assert_eq!(origin.to_string(), ".vscode/launch.json:5:72");
        let pointer = &claims.pointers[0];
        assert_eq!(
            (pointer.port, pointer.written.as_str()),
            (4001, "localhost:4001")
        );
        assert_eq!(pointer.origin.to_string(), ".vscode/launch.json:8:78");
        assert_eq!(claims.broken, []);
    }

    #[test]
    fn a_task_is_a_line_a_list_or_a_script() {
        let tasks = r#"{"tasks": [
  {"label": "web", "type": "shell", "command": "PORT=4000 next dev"},
  {"label": "api", "type": "process", "command": "next", "args": ["dev", "-p", "4002"]},
  {"label": "dev", "type": "npm", "script": "dev", "path": "site"}
]}"#;
        let files = Held::new([
            (".vscode/tasks.json", tasks),
            (
                "site/package.json",
                r#"{"scripts": {"dev": "next dev -p 4003"}}"#,
            ),
        ]);
        let ports: Vec<_> = files.claims().services.iter().map(|s| s.port()).collect();
        assert_eq!(ports, [Some(4003), Some(4000), Some(4002)]);
    }
}
