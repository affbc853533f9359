//! Package managers: `npm run dev -- --port 4001`, `pnpm --filter web dev`,
//! `yarn workspace web dev`, `bun run --cwd apps/web dev`.

use super::{Run, Unwrap, take_options, without_version};
use crate::parsers::command::Word;
use crate::parsers::context::join;
use crate::parsers::wrappers::Everywhere;

/// Options of package managers that have a value after them and say nothing about
/// which package is meant.
const WITH_VALUE: &[&str] = &[
    "--loglevel",
    "--reporter",
    "--workspace-concurrency",
    "--color",
    "--config",
    "--env-file",
    "--preload",
    "-r",
    "--shell",
    "--jobs",
    "-j",
];

/// Verbs that run no script and no program of the project.
const OTHER_VERBS: &[&str] = &[
    "install", "i", "ci", "add", "remove", "publish", "pack", "link", "update", "up", "audit",
    "init", "create", "config", "cache", "store", "rebuild", "prune", "outdated", "list", "ls",
    "why", "login", "set", "version", "info", "view", "pm", "build", "patch", "fetch", "import",
];

impl Unwrap<'_, '_> {
    pub(super) fn manager(&mut self, mut run: Run, manager: &str, depth: usize) {
        let Some(folder) = Self::folder(&run) else {
            return;
        };
        let mut words = run.command.argv.split_off(1);
        let mut into = Vec::new();
        let mut all = false;
        let mut inside = folder.clone();
        // Options before the verb, and between it and the script's name.
        let mut verb: Option<String> = None;
        let mut named: Vec<Word> = Vec::new();
        while !words.is_empty() {
            let word = words.remove(0);
            let text = word.text.as_str();
            // npm takes its own options behind the script's name, too.
            if !named.is_empty() && (text == "--" || !text.starts_with('-')) {
                if text == "--" {
                    words.insert(0, word);
                    break;
                }
                named.push(word);
                continue;
            }
            if !text.starts_with('-') {
                match (verb.as_deref(), text) {
                    (None, "run" | "run-script" | "rum" | "urn" | "exec" | "x" | "dlx") => {
                        verb = Some(text.to_owned());
                        continue;
                    }
                    (None, "workspace") if manager == "yarn" && !words.is_empty() => {
                        into.push(words.remove(0).text);
                        continue;
                    }
                    (None, "workspaces") if manager == "yarn" => {
                        all = true;
                        continue;
                    }
                    (None, "foreach") if all => continue,
                    (Some("run" | "run-script" | "rum" | "urn"), _) if manager == "npm" => {
                        named.push(word);
                        continue;
                    }
                    _ => {
                        words.insert(0, word);
                        break;
                    }
                }
            }
            if text == "--" {
                if matches!(verb.as_deref(), Some("exec" | "x" | "dlx")) {
                    break;
                }
                continue;
            }
            let (flag, inline) = match text.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                None => (text, None),
            };
            let mut value = || {
                let next = || (!words.is_empty()).then(|| words.remove(0).text);
                inline.clone().or_else(next)
            };
            match flag {
                "--filter" | "-F" | "--workspace" => into.extend(value()),
                "-w" if manager == "npm" => into.extend(value()),
                "-w" | "--workspace-root" if manager == "pnpm" => inside.clear(),
                "-C" | "--prefix" | "--dir" | "--cwd" => {
                    let to = value().and_then(|to| join(&folder, &to));
                    let Some(to) = to else { return };
                    inside = to;
                }
                "-r" | "--recursive" | "--workspaces" | "-ws" | "--all" | "-A" => all = true,
                _ if WITH_VALUE.contains(&flag) && inline.is_none() => {
                    value();
                }
                _ => {}
            }
        }
        named.append(&mut words);
        let mut words = named;
        let Some(name) = words.first().map(|word| word.text.clone()) else {
            return;
        };
        if matches!(verb.as_deref(), Some("exec" | "x" | "dlx")) {
            without_version(&mut words);
            return self.program(run, inside, words, depth);
        }
        if verb.is_none() && manager != "yarn" && OTHER_VERBS.contains(&name.as_str()) {
            return;
        }
        let arguments = arguments(manager, &words[1..]);
        if all || into.len() > 1 || into.iter().any(|selector| is_wide(selector)) {
            self.everywhere.push(Everywhere {
                script: name,
                only: into,
            });
            return;
        }
        if let Some(selector) = into.first() {
            for package in self.packages.selected(selector) {
                self.script(&run, &package.folder, &name, &arguments, depth);
            }
            return;
        }
        let known = self.script(&run, &inside, &name, &arguments, depth);
        // `yarn vite` and `pnpm vite` run the program where no script has the name.
        if !known && (manager != "npm") {
            without_version(&mut words);
            self.program(run, inside, words, depth);
        }
    }

    /// A program that is run in a folder.
    fn program(&mut self, mut run: Run, folder: String, mut words: Vec<Word>, depth: usize) {
        take_options(&mut words, &["-p", "--package", "-c"]);
        run.command.argv = words;
        run.folder = folder;
        run.command.folder = None;
        self.command(run, depth + 1);
    }
}

/// Whether a selector may mean several packages.
fn is_wide(selector: &str) -> bool {
    selector.contains('*') || selector.contains("...") || selector.starts_with('!')
}

/// The arguments that a script gets: npm hands on what stands after `--` and what is no
/// option; the others hand on everything.
fn arguments(manager: &str, words: &[Word]) -> Vec<Word> {
    if manager != "npm" {
        let from = usize::from(words.first().is_some_and(|word| word.text == "--"));
        return words.get(from..).unwrap_or_default().to_vec();
    }
    let end = words.iter().position(|word| word.text == "--");
    let (own, handed) = words.split_at(end.unwrap_or(words.len()));
    let plain = own.iter().filter(|word| !word.text.starts_with('-'));
    plain.chain(handed.iter().skip(1)).cloned().collect()
}
