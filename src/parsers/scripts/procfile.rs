//! `Procfile` and `Procfile.dev`: one process a line, started together by foreman,
//! overmind, hivemind, honcho or heroku local, which give each a `PORT` of its own.

use crate::facts::{Claims, Origin};
use crate::parsers::Context;
use crate::parsers::command::{Word, commands};
use crate::parsers::context::{folder, join, name};
use crate::parsers::env_files;
use crate::parsers::packages::Packages;
use crate::parsers::tree::Lines;

use super::{Entry, words};

/// The port that the first process gets where nothing says otherwise.
const BASE: u16 = 5000;

/// How far apart the ports of two processes are.
const STEP: u16 = 100;

/// The programs that start the processes of such a file.
const RUNNERS: &[&str] = &["foreman", "overmind", "hivemind", "honcho", "heroku"];

/// Whether this is such a file.
pub fn takes(name: &str) -> bool {
    name == "Procfile" || name.starts_with("Procfile.")
}

/// Adds what the file says.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let within = folder(path);
    let beside = |other: &str| join(within, other).is_some_and(|p| cx.files.text(&p).is_ok());
    // The one for production says nothing of this machine where there is one for it.
    if name(path) == "Procfile" && ["Procfile.dev", "Procfile.local"].into_iter().any(beside) {
        return;
    }
    let Some(text) = cx.text(path, claims) else {
        return;
    };
    let packages = Packages::new(cx);
    let base = base(cx, path, claims);
    let lines = Lines::new(path, &text);
    let mut start = 0;
    let mut port = base
        .as_ref()
        .map_or(BASE, |word| word.text.parse().unwrap_or(BASE));
    let mut first = true;
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let Some((process, command)) = entry(line) else {
            continue;
        };
        let origin = lines.origin(at);
        let given = match base.clone().filter(|_| first) {
            Some(word) => word,
            None => Word::plain(port.to_string(), origin.clone(), ""),
        };
        let entry = Entry {
            name: process.to_owned(),
            folder: within.to_owned(),
            origin,
            start: starts(path, beside("bin/dev")),
            group: Some(path.to_owned()),
            variables: vec![("PORT".to_owned(), given)],
            ..Entry::default()
        };
        let from = at + line.len() - line.trim_start().len() + command;
        let rest = text.get(from..at + line.len()).unwrap_or_default();
        let known = claims.services.len();
        let place = |byte: usize| lines.origin(from + byte);
        entry.line(&packages, rest.trim_end(), &place, claims);
        for service in claims.services.iter_mut().skip(known) {
            for expects in &mut service.expects {
                // Each of the programs that start them has a way to say otherwise.
                expects.certain &= base.is_some() || expects.port != Some(port);
            }
        }
        port = port.saturating_add(STEP);
        first = false;
    }
}

/// The name of a line's process, and the byte at which its command begins.
fn entry(line: &str) -> Option<(&str, usize)> {
    let line = line.trim_start();
    let (process, rest) = line.split_once(':')?;
    let named = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let is_name = !process.is_empty() && process.chars().all(named);
    let command = line.len() - rest.trim_start().len();
    (is_name && !rest.trim().is_empty()).then_some((process, command))
}

fn starts(path: &str, script: bool) -> Vec<String> {
    if script && name(path) == "Procfile.dev" {
        words(["bin/dev"])
    } else if name(path) == "Procfile" {
        words(["foreman", "start"])
    } else {
        words(["foreman", "start", "-f", name(path)])
    }
}

/// The first port, where `bin/dev` or a file of variables sets it.
fn base(cx: &Context<'_>, path: &str, claims: &mut Claims) -> Option<Word> {
    let within = folder(path);
    let is_port = |word: &Word| word.text.parse::<u16>().is_ok();
    let script = join(within, "bin/dev").filter(|_| name(path) == "Procfile.dev");
    if let Some(script) = script
        && let Ok(text) = cx.files.text(&script)
    {
        let lines = Lines::new(&script, &text);
        let at = |byte: usize| -> Origin { lines.origin(byte) };
        for command in commands(&text, &at) {
            let mut argv = command.argv.iter().peekable();
            while argv
                .next_if(|word| ["bundle", "exec"].contains(&word.text.as_str()))
                .is_some()
            {}
            if !argv
                .next()
                .is_some_and(|word| RUNNERS.contains(&name(&word.text)))
            {
                continue;
            }
            let flag = argv.find(|word| ["-p", "--port"].contains(&word.text.as_str()));
            let port = flag.and_then(|_| argv.next()).or(command.variable("PORT"));
            let mut port = port.cloned();
            if let Some(port) = &mut port {
                port.resolve(&|name| cx.environment.get(name).cloned());
            }
            return port.filter(is_port);
        }
    }
    let names = [".overmind.env", ".foreman.env", ".env"].map(str::to_owned);
    let all = env_files::variables(cx, within, &names, "development", claims);
    let base = all
        .into_iter()
        .find(|v| ["OVERMIND_PORT", "PORT"].contains(&v.name.as_str()))?;
    let word = Word::plain(
        base.value.as_str(),
        base.origin.clone(),
        base.written.as_str(),
    );
    Some(word).filter(is_port)
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    fn ports(files: &Held) -> Vec<(String, Option<u16>, bool)> {
        let claims = files.claims();
        let told = claims.services.iter().map(|service| {
            let expects = service.expects.first();
            let certain = expects.is_some_and(|expects| expects.certain);
            (service.name.clone(), service.port(), certain)
        });
        told.collect()
    }

    #[test]
    fn each_process_has_a_port_of_its_own() {
        let files = Held::new([(
            "Procfile.dev",
            "# local\nweb: next dev -p $PORT\ncss: yarn build --watch\n\ndocs: next dev\n",
        )]);
        let expected = [
            ("web".to_owned(), Some(5000), false),
            ("docs".to_owned(), Some(5200), false),
        ];
        let found = ports(&files);
        assert!(expected.iter().all(|one| found.contains(one)), "{found:?}");
    }

    #[test]
    fn a_script_sets_the_first_port() {
        let files = Held::new([
            ("Procfile", "web: next start -p 80\n"),
            ("Procfile.dev", "web: next dev -p $PORT\n"),
            (
                "bin/dev",
                "#!/usr/bin/env sh\nif ! gem list foreman -i; then gem install foreman; fi\n# Default\nexport PORT=\"${PORT:-3000}\"\nexec foreman start -f Procfile.dev \"$@\"\n",
            ),
        ]);
        assert_eq!(ports(&files), [("web".to_owned(), Some(3000), true)]);
    }
}
