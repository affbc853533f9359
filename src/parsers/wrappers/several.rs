//! Tools that run several commands at once: concurrently, npm-run-all, turbo, nx.

use super::{Everywhere, Run, Unwrap};
use crate::parsers::command::Word;
use crate::parsers::packages::Package;

/// Options of concurrently that have a value after them.
const WITH_VALUE: &[&str] = &[
    "-n",
    "--names",
    "-c",
    "--prefix-colors",
    "-p",
    "--prefix",
    "-l",
    "--prefix-length",
    "-m",
    "--max-processes",
    "--restart-tries",
    "--restart-after",
    "--success",
    "-s",
    "--hide",
    "--default-input-target",
    "--name-separator",
    "--kill-signal",
    "--ks",
    "-t",
    "--timestamp-format",
    "--teardown",
    "--cwd",
];

impl Unwrap<'_, '_> {
    /// `concurrently -n web,api "npm:dev:web" "node api.js"`
    pub(super) fn concurrently(&mut self, run: &Run, depth: usize) {
        let mut names: Vec<String> = Vec::new();
        let mut lines: Vec<&Word> = Vec::new();
        let mut words = run.command.argv[1..].iter();
        while let Some(word) = words.next() {
            let text = word.text.as_str();
            if text == "--" || !text.starts_with('-') {
                lines.extend((text != "--").then_some(word));
                continue;
            }
            let (flag, inline) = text
                .split_once('=')
                .map_or((text, None), |(f, v)| (f, Some(v)));
            let takes = WITH_VALUE.contains(&flag) && inline.is_none();
            let value = if takes {
                words.next().map(|word| word.text.as_str())
            } else {
                inline
            };
            if let ("-n" | "--names", Some(value)) = (flag, value) {
                names = value
                    .split(',')
                    .map(|name| name.trim().to_owned())
                    .collect();
            }
        }
        for (at, line) in lines.into_iter().enumerate() {
            let mut inner = run.clone();
            inner.command.argv.clear();
            inner.name = names.get(at).filter(|name| !name.is_empty()).cloned();
            // `npm:dev:*` is each script of that name.
            let short = ["npm:", "yarn:", "pnpm:", "bun:", "node:"].iter();
            let script = short
                .filter_map(|short| line.text.strip_prefix(short))
                .next();
            match script {
                Some(script) => {
                    let (script, rest) = script.split_once(' ').unwrap_or((script, ""));
                    let from = line.text.len() - rest.len();
                    let rest = self.words(&line.after(from));
                    self.scripts(&inner, script, &rest, depth);
                }
                None => {
                    if inner.name.is_none() {
                        inner.name = self.followed(run, line);
                    }
                    self.line(&inner, line, depth);
                }
            }
        }
    }

    /// The words of a fragment of a line.
    fn words(&self, line: &Word) -> Vec<Word> {
        let at = |byte: usize| line.after(byte).origin;
        let commands = crate::parsers::command::commands(&line.text, &at);
        commands
            .into_iter()
            .next()
            .map_or(Vec::new(), |command| command.argv)
    }

    /// The name of the script that a line runs, if that is all that it does.
    fn followed(&self, run: &Run, line: &Word) -> Option<String> {
        let mut words = line.text.split_whitespace();
        let manager = words.next()?;
        if !["npm", "pnpm", "yarn", "bun"].contains(&manager) {
            return None;
        }
        let name = words.find(|word| *word != "run" && !word.starts_with('-'))?;
        let package = self.packages.around(&run.folder)?;
        package.script(name).map(|_| name.to_owned())
    }

    /// The scripts of a pattern: `dev:*`. Each is called by its name.
    fn scripts(&mut self, run: &Run, pattern: &str, rest: &[Word], depth: usize) {
        let Some(folder) = Self::folder(run) else {
            return;
        };
        let Some(package) = self.packages.around(&folder) else {
            return;
        };
        for name in matching(&package, pattern) {
            let mut inner = run.clone();
            inner.name = inner.name.or_else(|| Some(name.clone()));
            self.script(&inner, &folder, &name, rest, depth);
        }
    }

    /// `run-p dev:* "api -- --port 4001"`
    pub(super) fn run_all(&mut self, run: &Run, depth: usize) {
        let words: Vec<Word> = run.command.argv[1..].to_vec();
        let mut inner = run.clone();
        inner.command.argv.clear();
        let patterns = words.iter().take_while(|word| word.text != "--");
        for word in patterns.filter(|word| !word.text.starts_with('-')) {
            let text = word.text.as_str();
            let (pattern, rest) = text.split_once(' ').unwrap_or((text, ""));
            let rest = rest.trim_start().strip_prefix("--").unwrap_or(rest);
            let rest = self.words(&word.after(text.len() - rest.len()));
            self.scripts(&inner, pattern, &rest, depth);
        }
    }

    /// `start-server-and-test start http://localhost:3000 test`
    pub(super) fn start_and_test(&mut self, mut run: Run, depth: usize) {
        let words = run.command.argv.split_off(1);
        let mut plain = words.iter().filter(|word| !word.text.starts_with('-'));
        let Some(first) = plain.next() else { return };
        run.command.argv.clear();
        let Some(folder) = Self::folder(&run) else {
            return;
        };
        let script = first.text.strip_prefix("npm run ").unwrap_or(&first.text);
        if !self.script(&run, &folder, script, &[], depth) {
            self.line(&run, first, depth);
        }
    }

    /// `turbo run dev --filter=web`, `nx serve web`, `nx run web:serve`, `lerna run dev`
    pub(super) fn orchestrator(&mut self, run: Run, program: &str, depth: usize) {
        let words: Vec<&str> = run.command.argv[1..]
            .iter()
            .map(|w| w.text.as_str())
            .collect();
        let mut only = Vec::new();
        let mut plain = Vec::new();
        let mut rest = words.iter();
        while let Some(&word) = rest.next() {
            if word == "--" {
                break;
            }
            let (flag, inline) = word
                .split_once('=')
                .map_or((word, None), |(f, v)| (f, Some(v)));
            let named = ["--filter", "-F", "--scope", "--projects", "-p"].contains(&flag);
            let target = ["-t", "--target", "--targets"].contains(&flag);
            if named || target {
                let value = inline.or_else(|| rest.next().copied()).unwrap_or_default();
                let all = value.split(',').map(str::to_owned);
                if target {
                    plain.extend(value.split(','));
                } else {
                    only.extend(all);
                }
            } else if !word.starts_with('-') {
                plain.push(word);
            }
        }
        let scripts: Vec<&str> = match (program, plain.as_slice()) {
            // turbo dev and turbo run dev, with several tasks at once.
            ("turbo" | "lerna" | "wsrun", ["run" | "watch", tasks @ ..]) => tasks.to_vec(),
            ("turbo" | "wsrun", tasks) => tasks.to_vec(),
            ("nx", ["run-many" | "affected", tasks @ ..]) => tasks.to_vec(),
            ("nx", ["run", task, ..]) => {
                let mut parts = task.split(':');
                only.extend(parts.next().map(str::to_owned));
                parts.next().into_iter().collect()
            }
            ("nx", [target, project, ..]) => {
                only.push((*project).to_owned());
                vec![*target]
            }
            _ => Vec::new(),
        };
        for script in scripts {
            self.everywhere.push(Everywhere {
                // `web#dev` is the task of one package.
                script: script.rsplit('#').next().unwrap_or(script).to_owned(),
                only: match script.split_once('#') {
                    Some((package, _)) => vec![package.to_owned()],
                    None => only.clone(),
                },
            });
        }
        // Where it names one package, it is what starts that one.
        if let [one] = only.as_slice()
            && let Some(everywhere) = self.everywhere.last().cloned()
        {
            for package in self.packages.selected(one) {
                self.script(&run, &package.folder, &everywhere.script, &[], depth);
            }
        }
    }
}

/// The scripts whose names fit: `*` is any part between colons, `**` any parts.
fn matching(package: &Package, pattern: &str) -> Vec<String> {
    let pattern = pattern.replace(':', "/");
    let scripts = package.scripts().map(|(name, _)| name);
    let fits = |name: &&str| crate::parsers::workspace::fits(&pattern, &name.replace(':', "/"));
    scripts.filter(fits).map(str::to_owned).collect()
}
