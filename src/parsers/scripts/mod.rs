//! Files that name commands: what they start, and in which folder.

pub mod devcontainer;
pub mod justfile;
pub mod launch_settings;
pub mod makefile;
pub mod mprocs;
pub mod nx;
pub mod package_json;
pub mod process_compose;
pub mod procfile;
mod rewritten;
pub mod taskfile;
pub mod vscode;

use crate::facts::{Claims, Origin};

use super::command::{Command, Word, commands_with};
use super::context::{folder, join, name};
use super::launch::{Launch, services};
use super::packages::Packages;
use super::{Context, Value};
use rewritten::Rewritten;

/// What a file says of a command that it names.
#[derive(Debug, Clone, Default)]
struct Entry {
    name: String,
    folder: String,
    origin: Origin,
    start: Vec<String>,
    group: Option<String>,
    /// Variables that the file sets for it.
    variables: Vec<(String, Word)>,
    /// Variables that only its own lines see.
    own: Vec<(String, Word)>,
    /// Files of variables that are read for it.
    env_files: Vec<String>,
}

impl Entry {
    /// Adds the services that a command line starts.
    fn line(
        &self,
        packages: &Packages<'_>,
        line: &str,
        at: &dyn Fn(usize) -> Origin,
        claims: &mut Claims,
    ) {
        for command in commands_with(line, &self.variables, &self.own, at) {
            self.command(packages, command, claims);
        }
    }

    /// The same of a line that is the shell's only when it is rewritten. `at` tells the
    /// place of a byte of the line as it was.
    fn rewritten(
        &self,
        packages: &Packages<'_>,
        line: &Rewritten,
        at: &dyn Fn(usize) -> Origin,
        claims: &mut Claims,
    ) {
        let place = |byte: usize| at(line.origin(byte));
        for mut command in commands_with(&line.text, &self.variables, &self.own, &place) {
            let variables = command.variables.iter_mut().map(|(_, word)| word);
            for word in command.argv.iter_mut().chain(variables) {
                word.written = line.written(&word.written);
            }
            self.command(packages, command, claims);
        }
    }

    /// Adds the services that a command starts.
    fn command(&self, packages: &Packages<'_>, mut command: Command, claims: &mut Claims) {
        command.env_files.extend(self.env_files.iter().cloned());
        let launch = Launch {
            name: self.name.clone(),
            folder: self.folder.clone(),
            origin: self.origin.clone(),
            start: self.start.clone(),
            group: self.group.clone(),
            command: &command,
        };
        for launched in services(packages, &launch, claims) {
            claims.ignored.extend(launched.ignored);
            claims.services.push(launched.service);
        }
    }

    /// The same in a folder that the file names; nothing where that leads out of the
    /// project, or cannot be known.
    fn inside(mut self, below: Option<&Value>) -> Option<Self> {
        if let Some(below) = below {
            let text = below.text()?;
            if text.contains(['$', '{']) {
                return None;
            }
            self.folder = join(&self.folder, text)?;
        }
        Some(self)
    }

    /// Sets what a table (`PORT: 3000`) or a list (`- PORT=3000`) of variables sets.
    fn set(&mut self, variables: Option<&Value>) {
        let Some(variables) = variables else { return };
        let word = |value: &Value| {
            let written = value.written.trim_matches(['"', '\'']);
            Word::expanded(&text(value), value.origin.clone(), written)
        };
        let pairs = variables.entries().iter();
        self.variables
            .extend(pairs.map(|(key, value)| (key.clone(), word(value))));
        let items = variables.items().iter();
        self.variables
            .extend(items.filter_map(|item| word(item).assignment()));
    }
}

/// A scalar as text.
fn text(value: &Value) -> String {
    match &value.node {
        super::Node::Text(text) => text.clone(),
        super::Node::Number(number) => number.to_string(),
        super::Node::Flag(flag) => flag.to_string(),
        _ => String::new(),
    }
}

/// What a service is called after whose command is one of these, which people start a
/// project with: its folder. Another is called by the command's own name.
fn called(path: &str, command: &str) -> String {
    const MAIN: &[&str] = &["dev", "run", "serve", "start", "server", "up", "default"];
    let within = name(folder(path));
    match (within.is_empty(), MAIN.contains(&command)) {
        (true, _) => command.to_owned(),
        (false, true) => within.to_owned(),
        (false, false) => format!("{within}:{command}"),
    }
}

/// The words of a command, each given as text.
fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

/// A file as a tree, and its folder.
fn open(cx: &Context<'_>, path: &str, claims: &mut Claims) -> Option<Value> {
    super::format::open(cx, path, claims)
}
