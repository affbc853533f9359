//! Any text in a file of any kind: `cargo fuzz run claims`.
//!
//! The first byte chooses the kind of file, the second the name of another that may
//! be asked for; what follows are their texts, divided by a zero byte.

#![no_main]

use std::collections::BTreeMap;
use std::sync::Arc;

use devdoctor::parsers::{self, Context, Files, Unreadable};
use libfuzzer_sys::fuzz_target;

/// A file of every kind.
const NAMES: &[&str] = &[
    ".env",
    "package.json",
    "vite.config.ts",
    "compose.yaml",
    "Dockerfile",
    "Procfile",
    "Makefile",
    "justfile",
    "Taskfile.yml",
    "mprocs.yaml",
    "process-compose.yaml",
    ".vscode/launch.json",
    ".vscode/tasks.json",
    ".devcontainer/devcontainer.json",
    "Properties/launchSettings.json",
    "application.properties",
    "application.yml",
    "config/puma.rb",
    "gunicorn.conf.py",
    "app.py",
    "pyproject.toml",
    "Rocket.toml",
    "Trunk.toml",
    "wrangler.toml",
    "firebase.json",
    "supabase/config.toml",
    "Caddyfile",
    "nginx.conf",
    "angular.json",
    "playwright.config.ts",
    "next.config.js",
    "ports.ts",
    "compose.override.yaml",
];

struct Two<'a>([(&'a str, &'a str); 2]);

impl Files for Two<'_> {
    fn text(&self, path: &str) -> Result<Arc<str>, Unreadable> {
        let found = self.0.iter().find(|(name, _)| *name == path);
        found.map(|(_, text)| Arc::from(*text)).ok_or(Unreadable::Missing)
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let inside = |(path, _): &(&str, &str)| {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
            (parent == folder).then(|| name.to_owned())
        };
        self.0.iter().filter_map(inside).collect()
    }
}

fuzz_target!(|data: &[u8]| {
    let [first, second, rest @ ..] = data else {
        return;
    };
    let name = |byte: &u8| NAMES[usize::from(*byte) % NAMES.len()];
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    let (one, other) = text.split_once('\0').unwrap_or((text, ""));
    let files = Two([(name(first), one), (name(second), other)]);
    let environment = BTreeMap::from([("PORT".to_owned(), "4000".to_owned())]);
    let cx = Context {
        files: &files,
        environment: &environment,
    };
    let _ = parsers::read(&cx, &[name(first), name(second)]);
});
