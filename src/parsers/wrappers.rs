//! What a command runs when everything around it is taken off: tools that set variables
//! (`cross-env`), find programs (`npx`), run scripts (`npm run`), or run several
//! commands (`concurrently`).

mod managers;
mod several;

use std::collections::HashSet;

use crate::facts::Origin;

use super::command::{Command, Word, commands_with};
use super::context::join;
use super::packages::Packages;
use super::places::Places;

/// How deep one command may run another.
const DEEPEST: usize = 12;

/// How many commands one may come to.
const MOST_RUNS: usize = 256;

/// A command with nothing around it.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// The command; its folder is seen from [`Run::folder`].
    pub command: Command,
    /// The folder, seen from the project's root.
    pub folder: String,
    /// The name that it has there, where another than the launched one's.
    pub name: Option<String>,
    /// Where it is named, where elsewhere.
    pub origin: Option<Origin>,
    /// What starts it alone, where something else does.
    pub start: Option<Vec<String>>,
}

/// A script that a command runs in many packages at once, and in which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Everywhere {
    /// The script or target.
    pub script: String,
    /// The packages; all where there is none.
    pub only: Vec<String>,
}

/// The commands that this one comes to, in its order, and the scripts that it runs in
/// many packages at once.
pub fn unwrapped(
    packages: &Packages<'_>,
    command: &Command,
    folder: &str,
) -> (Vec<Run>, Vec<Everywhere>) {
    let mut unwrap = Unwrap {
        packages,
        runs: Vec::new(),
        everywhere: Vec::new(),
        following: HashSet::new(),
    };
    unwrap.command(
        Run {
            command: command.clone(),
            folder: folder.to_owned(),
            ..Run::default()
        },
        0,
    );
    (unwrap.runs, unwrap.everywhere)
}

struct Unwrap<'a, 'b> {
    packages: &'a Packages<'b>,
    runs: Vec<Run>,
    everywhere: Vec<Everywhere>,
    /// The scripts that are being followed, so that a circle of them ends.
    following: HashSet<(String, String)>,
}

impl Unwrap<'_, '_> {
    /// The folder that a command of this run runs in.
    fn folder(run: &Run) -> Option<String> {
        match &run.command.folder {
            Some(below) => join(&run.folder, below),
            None => Some(run.folder.clone()),
        }
    }

    fn command(&mut self, mut run: Run, depth: usize) {
        if depth > DEEPEST || self.runs.len() >= MOST_RUNS {
            return;
        }
        let Some(first) = run.command.argv.first() else {
            return;
        };
        let program = base(&first.text).to_owned();
        let argv = &mut run.command.argv;
        match program.as_str() {
            "env" | "cross-env" | "cross-env-shell" => {
                argv.remove(0);
                take_options(argv, &["-u", "--unset", "-C", "--chdir"]);
                self.assigned(run, depth);
            }
            "dotenv" | "dotenvx" | "env-cmd" | "dotenv-flow" => {
                argv.remove(0);
                self.dotenv(run, &program, depth);
            }
            "npx" | "bunx" | "pnpx" | "uvx" | "pipx" => {
                argv.remove(0);
                take_options(argv, &["-p", "--package", "--from", "--with", "--python"]);
                if program == "pipx" && argv.first().is_some_and(|word| word.text == "run") {
                    argv.remove(0);
                }
                without_version(argv);
                self.command(run, depth + 1);
            }
            "npm" | "pnpm" | "yarn" | "bun" => self.manager(run, &program, depth),
            "poetry" | "uv" | "pipenv" | "pdm" | "rye" | "hatch" | "doppler" | "infisical"
            | "op" | "railway" | "direnv" | "rtx" | "mise" => {
                let verb = argv
                    .iter()
                    .position(|word| ["run", "exec"].contains(&word.text.as_str()));
                let Some(verb) = verb else { return };
                let with_value = [
                    "--directory",
                    "-C",
                    "--project",
                    "--with",
                    "--env-file",
                    "--group",
                    "--extra",
                    "--python",
                    "-p",
                    "--config",
                    "-c",
                    "--env",
                    "-e",
                ];
                argv.drain(..=verb);
                take_options(argv, &with_value);
                if program == "direnv" && !argv.is_empty() {
                    argv.remove(0);
                }
                self.command(run, depth + 1);
            }
            "sudo" | "nice" | "ionice" | "stdbuf" | "unbuffer" | "nohup" | "time" | "exec"
            | "caffeinate" | "dumb-init" | "tini" | "setsid" | "xvfb-run" => {
                argv.remove(0);
                take_options(argv, &["-u", "-g", "-n", "-c"]);
                self.assigned(run, depth);
            }
            "nodemon" => self.nodemon(run, depth),
            "sh" | "bash" | "zsh" | "dash" | "ash" => self.shell(run, depth),
            "concurrently" | "conc" => self.concurrently(&run, depth),
            "npm-run-all" | "npm-run-all2" | "run-p" | "run-s" | "run-all" => {
                self.run_all(&run, depth);
            }
            "start-server-and-test" | "start-test" | "server-test" => {
                self.start_and_test(run, depth);
            }
            "turbo" | "nx" | "lerna" | "wsrun" => self.orchestrator(run, &program, depth),
            _ => self.runs.push(run),
        }
    }

    /// The words of a line of its own that this run's command runs.
    fn line(&mut self, run: &Run, line: &Word, depth: usize) {
        if line.unknown().is_some() {
            return;
        }
        let at = |byte: usize| line.after(byte).origin;
        for command in commands_with(&line.text, &run.command.variables, &[], &at) {
            self.nested(run, command, depth);
        }
    }

    /// A command that this run's command runs in its own folder and environment.
    fn nested(&mut self, run: &Run, mut command: Command, depth: usize) {
        let mut env_files = run.command.env_files.clone();
        env_files.append(&mut command.env_files);
        command.env_files = env_files;
        let Some(folder) = Self::folder(run) else {
            return;
        };
        let run = Run {
            command,
            folder,
            name: run.name.clone(),
            origin: run.origin.clone(),
            start: run.start.clone(),
        };
        self.command(run, depth + 1);
    }

    /// Variables before the program: `env A=1 program`.
    fn assigned(&mut self, mut run: Run, depth: usize) {
        let set: Vec<_> = run
            .command
            .argv
            .iter()
            .map_while(Word::assignment)
            .collect();
        run.command.argv.drain(..set.len());
        run.command.variables.extend(set);
        self.command(run, depth + 1);
    }

    /// `dotenv -e .env.local -- program`, and those like it.
    fn dotenv(&mut self, mut run: Run, program: &str, depth: usize) {
        let Some(folder) = Self::folder(&run) else {
            return;
        };
        let argv = &mut run.command.argv;
        let mut files = Vec::new();
        let mut set = Vec::new();
        while let Some(word) = argv.first().cloned() {
            if word.text == "--" || word.text == "run" {
                argv.remove(0);
                continue;
            }
            if !word.text.starts_with('-') {
                break;
            }
            argv.remove(0);
            let (flag, value) = match word.text.split_once('=') {
                Some((flag, _)) => (flag.to_owned(), Some(word.after(flag.len() + 1))),
                None => (word.text.clone(), None),
            };
            let takes = ["-e", "-f", "--file", "-v", "--env-file", "-p"].contains(&flag.as_str());
            let value = match value {
                None if takes && !argv.is_empty() => Some(argv.remove(0)),
                value => value,
            };
            match (flag.as_str(), value) {
                ("-v", Some(value)) => set.extend(value.assignment()),
                ("-e" | "-f" | "--file" | "--env-file", Some(value)) => files.push(value.text),
                _ => {}
            }
        }
        if files.is_empty() {
            let usual: &[&str] = match program {
                "dotenv-flow" => &[".env.local", ".env"],
                _ => &[".env"],
            };
            files.extend(usual.iter().map(|&name| name.to_owned()));
        }
        let paths = files.iter().filter_map(|file| join(&folder, file));
        run.command.env_files.extend(paths);
        run.command.variables.extend(set);
        // The shell has replaced what it knew before the files were read.
        let environment = self.packages.cx.environment;
        for word in &mut run.command.argv {
            word.resolve(&|name| environment.get(name).cloned());
            word.freeze();
        }
        self.command(run, depth + 1);
    }

    /// `nodemon --exec "…"`, `nodemon -x …`; of another, nodemon runs node.
    fn nodemon(&mut self, mut run: Run, depth: usize) {
        let argv = &run.command.argv;
        let exec = argv.iter().position(|word| {
            let text = word.text.as_str();
            text == "--exec" || text == "-x" || text.starts_with("--exec=")
        });
        let Some(at) = exec else {
            self.runs.push(run);
            return;
        };
        let line = match argv[at].text.split_once('=') {
            Some((flag, _)) => Some((argv[at].after(flag.len() + 1), at + 1)),
            None => argv.get(at + 1).map(|line| (line.clone(), at + 2)),
        };
        let Some((line, after)) = line else { return };
        // What stands after it is added: `nodemon --exec ts-node src/index.ts`.
        let rest: Vec<Word> = argv.get(after..).unwrap_or_default().to_vec();
        run.command.argv.clear();
        let at = |byte: usize| line.after(byte).origin;
        let mut all = commands_with(&line.text, &run.command.variables, &[], &at);
        if let Some(last) = all.last_mut() {
            last.argv.extend(rest);
        }
        for command in all {
            self.nested(&run, command, depth);
        }
    }

    /// `sh -c "…"`
    fn shell(&mut self, run: Run, depth: usize) {
        let argv = &run.command.argv;
        let flag = argv.iter().position(|word| {
            word.text.starts_with('-') && !word.text.starts_with("--") && word.text.ends_with('c')
        });
        if let Some(line) = flag.and_then(|at| argv.get(at + 1)).cloned() {
            self.line(&run, &line, depth);
        }
    }

    /// Follows a script of the package in this folder, `rest` being added to its line.
    fn script(&mut self, run: &Run, folder: &str, name: &str, rest: &[Word], depth: usize) -> bool {
        let Some(package) = self.packages.around(folder) else {
            return false;
        };
        let Some(line) = package.script(name) else {
            return false;
        };
        let key = (package.folder.clone(), name.to_owned());
        if !self.following.insert(key.clone()) {
            return true;
        }
        let places = Places::of(line);
        let text = line.text().unwrap_or_default();
        let at = |byte: usize| places.at(byte);
        let mut all = commands_with(text, &run.command.variables, &[], &at);
        if let Some(last) = all.last_mut() {
            last.argv.extend_from_slice(rest);
        }
        // In another package the service is that package's own.
        let elsewhere = package.folder != run.folder;
        let mut inner = Run {
            command: Command {
                env_files: run.command.env_files.clone(),
                ..Command::default()
            },
            folder: package.folder.clone(),
            ..run.clone()
        };
        inner.command.argv.clear();
        inner.command.folder = None;
        if elsewhere {
            inner.name = Some(package.short().to_owned());
            inner.origin = Some(line.origin.clone());
            let mut start = self.packages.start(&package.folder, name);
            let npm = start.first().is_some_and(|manager| manager == "npm");
            start.extend((npm && !rest.is_empty()).then(|| "--".to_owned()));
            start.extend(rest.iter().map(|word| word.text.clone()));
            inner.start = Some(start);
        }
        for command in all {
            self.nested(&inner, command, depth);
        }
        self.following.remove(&key);
        true
    }
}

/// Takes off the options at the beginning; those in `with_value` with their values, and
/// `--` last.
fn take_options(argv: &mut Vec<Word>, with_value: &[&str]) {
    let mut count = 0;
    while let Some(word) = argv.get(count) {
        if word.text == "--" {
            count += 1;
            break;
        }
        if !word.text.starts_with('-') {
            break;
        }
        count += 1 + usize::from(with_value.contains(&word.text.as_str()));
    }
    argv.drain(..count.min(argv.len()));
}

/// `next@15` is `next`.
fn without_version(argv: &mut [Word]) {
    if let Some(first) = argv.first_mut()
        && let Some((name, _)) = first.text.rsplit_once('@')
        && !name.is_empty()
    {
        first.text = name.to_owned();
    }
}

/// The file name of a program.
fn base(word: &str) -> &str {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    let endings = [".exe", ".cmd"].iter();
    let bare = endings
        .filter_map(|ending| name.strip_suffix(ending))
        .next();
    bare.unwrap_or(name)
}
