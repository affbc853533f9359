//! Servers without a row in the catalogue: programs of the project's own, where a
//! variable or a flag says that they listen.

use super::candidates::{flags, word_of};
use super::settings::Settings;
use super::{Candidate, Outcome};
use crate::facts::SetBy;
use crate::parsers::env_files;

/// Programs that run a project's own program.
const RUNTIMES: &[&str] = &[
    "node",
    "nodejs",
    "nodemon",
    "tsx",
    "ts-node",
    "ts-node-dev",
    "tsnd",
    "bun",
    "deno",
    "nest",
    "babel-node",
    "python",
    "python3",
    "ruby",
    "php",
    "go",
    "cargo",
    "java",
    "dotnet",
    "air",
    "gradle",
    "gradlew",
    "mvn",
    "mvnw",
    "poe",
    "fastify",
    "medusa",
    "redwood",
    "encore",
];

/// Sub-commands and names of scripts that run something else than a server.
const NO_SERVERS: &[&str] = &[
    "build", "test", "seed", "migrate", "lint", "generate", "codegen", "install", "check", "fmt",
    "e2e", "deploy", "publish", "bench", "vet", "clippy",
];

/// The names that people give to the script of a server.
const SERVERS: &[&str] = &[
    "server",
    "app",
    "index",
    "main",
    "www",
    "api",
    "serve",
    "start",
    "bootstrap",
    "dev",
];

impl Settings<'_, '_> {
    /// What says that this command listens; nothing if nothing does. It is never
    /// certain: that a program reads `PORT` is a custom.
    pub(super) fn unlisted(&mut self) -> Option<Outcome> {
        let program = base(&self.argv.first()?.text).to_owned();
        let program = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        let rest = &self.argv[1..];
        let runtime = RUNTIMES.contains(&program) || program == "gradlew.bat";
        let plain = || rest.iter().filter(|word| !word.text.starts_with('-'));
        let other = |word: &str| {
            let mut parts = base(word).split(['.', '-', ':', '_']);
            parts.any(|part| NO_SERVERS.contains(&part))
        };
        if !runtime || plain().take(2).any(|word| other(&word.text)) {
            return None;
        }
        let names = ["--port", "-p", "--server.port"].map(str::to_owned);
        // `node -p` prints, and `ts-node -p` names a project.
        let names = if program.starts_with("no") || program.starts_with("ts") {
            &names[..1]
        } else {
            &names[..]
        };
        let flag = flags(rest, names).pop();
        let flag = flag.and_then(|(key, value)| {
            Some(Candidate {
                by: SetBy::Flag,
                key,
                value: value?,
            })
        });
        let own = self.command.variable("PORT").is_some();
        let found = flag.or_else(|| {
            self.variable("PORT")
                .filter(|found| own || found.by != SetBy::Variable)
        });
        let found = match found {
            Some(found) => found,
            None => {
                let script = plain().find(|word| word.text.contains('.') || program == "nest")?;
                let stem = base(&script.text).split('.').next().unwrap_or_default();
                let serves = SERVERS.contains(&stem) || program == "nest";
                let names = serves.then(|| self.env_files_read())?;
                let files = env_files::variables(self.cx, self.folder, &names, "", self.claims);
                let port = files.iter().find(|variable| variable.name == "PORT")?;
                Candidate {
                    by: SetBy::EnvFile,
                    key: port.name.clone(),
                    value: word_of(port),
                }
            }
        };
        let mut outcome = Outcome::default();
        outcome.settle(None, &[vec![found]], &[], false);
        let says = !outcome.expects.is_empty() || !outcome.unknown.is_empty();
        says.then_some(outcome)
    }

    /// The files of variables that a program of Node reads by its flags, or else the
    /// one that most programs read by themselves.
    fn env_files_read(&self) -> Vec<String> {
        let names = ["--env-file", "--env-file-if-exists"].map(str::to_owned);
        let named = flags(&self.argv, &names).into_iter().rev();
        let named: Vec<String> = named.filter_map(|(_, word)| Some(word?.text)).collect();
        if named.is_empty() {
            vec![".env".to_owned()]
        } else {
            named
        }
    }
}

/// The file name of a program or a script.
fn base(word: &str) -> &str {
    word.rsplit(['/', '\\']).next().unwrap_or(word)
}
