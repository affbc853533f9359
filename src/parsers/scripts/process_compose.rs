//! `process-compose.yaml`: processes with their dependencies.

use crate::facts::Claims;
use crate::parsers::context::folder;
use crate::parsers::packages::Packages;
use crate::parsers::places::Places;
use crate::parsers::{Context, Value};

use super::{Entry, open, words};

/// Whether this is such a file.
pub fn takes(name: &str) -> bool {
    let stem = name.strip_suffix(".yaml").or(name.strip_suffix(".yml"));
    matches!(stem, Some("process-compose" | "process-compose.override"))
}

/// Adds what the file says.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let Some(file) = open(cx, path, claims) else {
        return;
    };
    let packages = Packages::new(cx);
    let processes = file
        .get("processes")
        .map(Value::entries)
        .unwrap_or_default();
    for (name, process) in processes {
        if process.get("disabled").and_then(Value::flag) == Some(true) {
            continue;
        }
        let entry = Entry {
            name: name.clone(),
            folder: folder(path).to_owned(),
            origin: process.origin.clone(),
            start: words(["process-compose", "up", name]),
            group: Some(path.to_owned()),
            ..Entry::default()
        };
        let (Some(mut entry), Some(line)) = (
            entry.inside(process.get("working_dir")),
            process.get("command"),
        ) else {
            continue;
        };
        entry.set(file.get("environment"));
        entry.set(process.get("environment"));
        let places = Places::of(line);
        let text = line.text().unwrap_or_default();
        entry.line(&packages, text, &|byte| places.at(byte), claims);
    }
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    #[test]
    fn a_process_has_its_folder_and_variables() {
        let files = Held::new([(
            "process-compose.yaml",
            "environment:\n  - PORT=4000\nprocesses:\n  web:\n    command: next dev\n    working_dir: web\n  off:\n    disabled: true\n    command: vite\n",
        )]);
        let claims = files.claims();
        let service = &claims.services[0];
        assert_eq!(claims.services.len(), 1);
        assert_eq!(
            (service.folder.as_str(), service.port()),
            ("web", Some(4000))
        );
        let origin = &service.expects[0].origin;
        assert_eq!(origin.to_string(), "process-compose.yaml:2:10");
    }
}
