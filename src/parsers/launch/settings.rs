//! What sets the port and the host of one command, the strongest first.

use std::collections::BTreeMap;

use super::candidates::{
    EVERY, flags, from_files, from_key, from_words, in_order, word_of, word_of_value,
};
use super::{Candidate, Outcome};
use crate::facts::{Claims, Expectation, Framework, Origin, Recognised, SetBy};
use crate::parsers::command::{Command, Word};
use crate::parsers::context::{folder, join};
use crate::parsers::env_files::{self, Variable};
use crate::parsers::format::js::Mode;
use crate::parsers::{Context, Value, format};

/// The files of variables that most tools read, the strongest first.
const FAMILY: &[&str] = &[".env.{mode}.local", ".env.local", ".env.{mode}", ".env"];

/// The endings of configuration files that are read, in the order in which tools look
/// for them.
const ENDINGS: &[&str] = &[
    "js", "mjs", "ts", "cjs", "mts", "cts", "json", "jsonc", "toml", "yaml", "yml", "py", "rb",
];

/// One command in its folder, and what may set something for it.
pub(super) struct Settings<'a, 'b> {
    pub(super) cx: &'a Context<'a>,
    pub(super) command: &'a Command,
    pub(super) folder: &'a str,
    pub(super) claims: &'b mut Claims,
    /// Its words, with the variables replaced that are known.
    pub(super) argv: Vec<Word>,
    /// What the files of a wrapper set in its environment.
    given: Vec<Variable>,
}

/// A configuration file.
struct Config {
    path: String,
    /// Nothing where it cannot be read.
    value: Option<Value>,
}

impl<'a, 'b> Settings<'a, 'b> {
    pub(super) fn new(
        cx: &'a Context<'a>,
        command: &'a Command,
        folder: &'a str,
        claims: &'b mut Claims,
    ) -> Self {
        let given = env_files::variables(cx, "", &command.env_files, "development", claims);
        let mut argv = command.argv.clone();
        for word in &mut argv {
            word.resolve(&|name| {
                let given = given.iter().find(|variable| variable.name == name);
                let environment = cx.environment.get(name);
                environment
                    .or(given.map(|variable| &variable.value))
                    .cloned()
            });
        }
        Settings {
            cx,
            command,
            folder,
            claims,
            argv,
            given,
        }
    }

    /// What they come to for this framework.
    pub(super) fn of(&mut self, found: &Recognised<'_>) -> Outcome {
        let row = found.framework;
        let words = self
            .argv
            .get(found.program + 1..)
            .unwrap_or_default()
            .to_vec();
        let after = found.arguments.saturating_sub(found.program + 1);
        let mode = flags(&words, &row.flags.mode)
            .pop()
            .and_then(|(_, word)| word);
        let mode = mode.filter(|word| word.unknown().is_none());
        let mode = mode.map(|word| word.text).or_else(|| row.mode.clone());
        let mode = mode.unwrap_or_else(|| "development".to_owned());
        let files = env_files::variables(self.cx, self.folder, &row.env_files, &mode, self.claims);
        let config = self.config(row, &words, &mode);
        let value = config.as_ref().and_then(|config| config.value.as_ref());

        let mut outcome = Outcome::default();
        let mut ports = from_words(&words, after, &row.flags, &row.flags.port, None);
        let variables = self.in_environment(&row.port_variables);
        let in_files = from_files(&row.port_variables, &files);
        let keys = row.keys.port.iter().chain(&row.keys.address);
        let keys = keys.map(|key| from_key(value, key)).collect();
        ports.extend(in_order(&row.keys, variables, in_files, keys));
        let unreadable = config.is_some() && value.is_none();
        let mut hosts = from_words(&words, after, &row.flags, &row.flags.host, EVERY);
        let variables = self.in_environment(&row.host_variables);
        let in_files = from_files(&row.host_variables, &files);
        let keys = row.keys.host.iter().chain(&row.keys.address);
        let keys = keys.map(|key| from_key(value, key)).collect();
        hosts.extend(in_order(&row.keys, variables, in_files, keys));

        outcome.settle(row.port, &ports, &hosts, !unreadable);
        // The running process may have another environment than the one it is read in.
        let keys = row.keys.port.iter().chain(&row.keys.address);
        let mut read = keys.filter_map(|key| value?.at(key));
        if read.any(Value::varies) {
            for expects in &mut outcome.expects {
                expects.certain &= expects.by < SetBy::Config;
            }
        }
        outcome.strict = strict(row, &words, value, &outcome.expects);
        self.ignored(row, &mode, config.as_ref(), &mut outcome);
        outcome
    }

    /// A variable that the command's environment has: of its own line, of the user's
    /// environment, or of the files that a wrapper reads.
    pub(super) fn variable(&self, name: &str) -> Option<Candidate> {
        let candidate = |by, value| Candidate {
            by,
            key: name.to_owned(),
            value,
        };
        if let Some(value) = self.command.variable(name) {
            let mut value = value.clone();
            value.resolve(&|name| self.cx.environment.get(name).cloned());
            return Some(candidate(SetBy::Variable, value));
        }
        if let Some(value) = self.cx.environment.get(name) {
            let value = Word::plain(value.as_str(), Origin::default(), "");
            return Some(candidate(SetBy::Variable, value));
        }
        let given = self.given.iter().find(|variable| variable.name == name)?;
        Some(candidate(SetBy::EnvFile, word_of(given)))
    }

    /// What the environment sets, the strongest first.
    pub(super) fn in_environment(&self, names: &[String]) -> Vec<Vec<Candidate>> {
        let set = names.iter().filter_map(|name| self.variable(name));
        set.filter(|candidate| !candidate.value.text.is_empty())
            .map(|candidate| vec![candidate])
            .collect()
    }

    /// The configuration file that the command reads, if there is one.
    fn config(&mut self, row: &Framework, words: &[Word], mode: &str) -> Option<Config> {
        let named = flags(words, &row.flags.config)
            .pop()
            .and_then(|(_, word)| word);
        let path = match named {
            Some(word) if word.unknown().is_some() => return None,
            Some(word) => join(self.folder, &word.text)?,
            None => row
                .config
                .iter()
                .find_map(|pattern| self.first_there(pattern))?,
        };
        let environment = self.environment();
        let cx = Context {
            files: self.cx.files,
            environment: &environment,
        };
        let mode = Mode {
            mode,
            preview: row.key.ends_with("preview"),
            ..Mode::default()
        };
        let value = format::open_for(&cx, &path, &mode, self.claims);
        Some(Config { path, value })
    }

    /// The environment that the command has, as far as it is known.
    fn environment(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for variable in &self.given {
            all.insert(variable.name.clone(), variable.value.clone());
        }
        all.extend(self.cx.environment.clone());
        for (name, value) in &self.command.variables {
            let mut value = value.clone();
            value.resolve(&|name| self.cx.environment.get(name).cloned());
            if value.unknown().is_none() {
                all.insert(name.clone(), value.text);
            }
        }
        all
    }

    fn first_there(&self, pattern: &str) -> Option<String> {
        let path = join(self.folder, pattern)?;
        let within = folder(&path);
        let names = self.cx.files.names(within);
        let name = crate::parsers::context::name(&path);
        let there = |name: &str| names.iter().any(|other| other == name);
        let found = match name.strip_suffix('*') {
            None => there(name).then(|| name.to_owned())?,
            Some(stem) => {
                let named = ENDINGS.iter().map(|ending| format!("{stem}{ending}"));
                named.into_iter().find(|name| there(name))?
            }
        };
        join(within, &found)
    }

    /// Settings that are there and have no effect.
    fn ignored(
        &mut self,
        row: &Framework,
        mode: &str,
        config: Option<&Config>,
        outcome: &mut Outcome,
    ) {
        if row.unread.is_empty() {
            return;
        }
        // A configuration that names the variable may well read it.
        let text = config.and_then(|config| self.cx.files.text(&config.path).ok());
        let mentions = |name: &str| text.as_ref().is_some_and(|text| text.contains(name));
        for setting in &row.unread {
            let found = if let Some(name) = setting.strip_prefix(".env ") {
                if mentions(name) {
                    continue;
                }
                let names: Vec<String> = if row.env_files.is_empty() {
                    FAMILY.iter().map(|&name| name.to_owned()).collect()
                } else {
                    row.env_files.clone()
                };
                let all = env_files::variables(self.cx, self.folder, &names, mode, self.claims);
                let variable = all.into_iter().find(|variable| variable.name == name);
                // A file that a wrapper reads is read all the same.
                let read = |file: &String| self.command.env_files.contains(file);
                let variable = variable.filter(|variable| !read(&variable.origin.file));
                variable.map(|variable| {
                    let file = crate::parsers::context::name(&variable.origin.file).to_owned();
                    let why = format!("{} does not take its port from {file}", row.title);
                    (name, word_of(&variable), why)
                })
            } else if is_variable(setting) {
                if mentions(setting) {
                    continue;
                }
                let own = self.command.variable(setting).cloned();
                let given = || self.given.iter().find(|given| given.name == *setting);
                let word = own.or_else(|| given().map(word_of));
                let why = format!("{} does not read {setting}", row.title);
                word.map(|word| (setting.as_str(), word, why))
            } else {
                let value = config.and_then(|config| config.value.as_ref()?.at(setting));
                let file = config.map_or("", |c| crate::parsers::context::name(&c.path));
                let why = format!("{} does not read {setting} in {file}", row.title);
                let known = value.filter(|value| value.port().is_some());
                known.map(|value| (setting.as_str(), word_of_value(value), why))
            };
            let Some((key, word, why)) = found else {
                continue;
            };
            let port: Option<u16> = word.text.trim().parse().ok();
            // What it would set is what holds anyway.
            let same = outcome.expects.iter().any(|expects| expects.port == port);
            if port.is_some() && !same {
                outcome.ignored.push((key.to_owned(), word, why));
            }
        }
    }
}

/// Where something says that the server must not take another port.
fn strict(
    row: &Framework,
    words: &[Word],
    config: Option<&Value>,
    expects: &[Expectation],
) -> Option<Origin> {
    let says_no = |word: &Word| word.text.ends_with("=false");
    let flag = words.iter().rev().find(|word| {
        let name = word.text.split('=').next().unwrap_or_default();
        row.flags.strict.iter().any(|flag| flag == name)
    });
    if let Some(flag) = flag {
        return (!says_no(flag)).then(|| flag.origin.clone());
    }
    let is_strict = |by: SetBy| match by {
        SetBy::Flag => row.flags.explicit_is_strict || row.flags.asked_is_strict,
        SetBy::Default => false,
        _ => row.flags.asked_is_strict,
    };
    if let Some(asked) = expects.iter().find(|expects| is_strict(expects.by)) {
        return Some(asked.origin.clone());
    }
    let mut keys = row.keys.strict.iter().filter_map(|key| config?.at(key));
    let key = keys.find(|value| value.flag() == Some(true));
    key.map(|value| value.origin.clone())
}

/// Whether this is how variables are called, and no key of a configuration.
fn is_variable(name: &str) -> bool {
    name.chars()
        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}
