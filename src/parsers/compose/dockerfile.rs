//! What the image of a service runs: its `Dockerfile`, and what the compose file says in
//! its place.

use std::collections::BTreeMap;

use parse_dockerfile::{Command as Written, Dockerfile, Instruction, parse};

use super::merge;
use crate::facts::{BrokenFile, Claims, Origin, Service};
use crate::parsers::command::{self, Command, Word};
use crate::parsers::context::{Context, join};
use crate::parsers::format::yaml::{Entry, Kind, Yaml};
use crate::parsers::launch::{self, Launch};
use crate::parsers::pointers::{self, Setting};
use crate::parsers::tree::Lines;

/// How many stages one stage is built from.
const MOST_STAGES: usize = 16;

/// What an image runs.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Image {
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
}

/// What the image that a service builds runs, as far as its own Dockerfile tells.
pub(super) fn of(cx: &Context<'_>, service: &Yaml, claims: &mut Claims) -> Option<Image> {
    let build = service.get("build")?;
    let text = |key: &str| build.get(key).and_then(Yaml::plain);
    let stage = text("target");
    if let Some(inline) = text("dockerfile_inline") {
        return image(&parse(inline).ok()?, stage);
    }
    let folder = text("context").unwrap_or("");
    let path = join(folder, text("dockerfile").unwrap_or("Dockerfile"))?;
    let text = cx.text_if_there(&path, claims)?;
    match parse(&text) {
        Ok(file) => image(&file, stage),
        Err(error) => {
            claims.broken.extend(broken(&path, &text, &error, claims));
            None
        }
    }
}

/// Whether a file of this name is a Dockerfile.
pub(in crate::parsers) fn takes(name: &str) -> bool {
    matches!(name, "Dockerfile" | "Containerfile")
        || name.starts_with("Dockerfile.")
        || name.ends_with(".Dockerfile")
}

/// Adds the addresses of this machine that an image's variables name: inside of a
/// container, they are the container's own.
pub(in crate::parsers) fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let Some(text) = cx.text(path, claims) else {
        return;
    };
    let lines = Lines::new(path, &text);
    let file = match parse(&text) {
        Ok(file) => file,
        Err(error) => return claims.broken.extend(broken(path, &text, &error, claims)),
    };
    for instruction in &file.instructions {
        let Instruction::Env(env) = instruction else {
            continue;
        };
        let span = &env.arguments.span;
        let written = lines.slice(span.start, span.end);
        for (key, at, value) in assignments(written) {
            let setting = Setting {
                service: "",
                key,
                value: value.trim_matches(['"', '\'']),
                origin: &lines.origin(span.start + at),
                written: value,
                inside: true,
            };
            claims
                .pointers
                .extend(pointers::of(&setting, &pointers::is_here));
        }
    }
}

/// `A=1 B=2`, or `A 1`: each variable, where its value begins, and the value.
fn assignments(written: &str) -> Vec<(&str, usize, &str)> {
    let offset = |part: &str| part.as_ptr().addr() - written.as_ptr().addr();
    let mut words = written.split_whitespace().peekable();
    if let Some(first) = words.peek().copied().filter(|first| !first.contains('=')) {
        let value = written[offset(first) + first.len()..].trim_start();
        return vec![(first, offset(value), value)];
    }
    let pairs = words.filter_map(|word| word.split_once('='));
    pairs
        .map(|(key, value)| (key, offset(value), value))
        .collect()
}

/// What is wrong with a Dockerfile, unless that is known.
fn broken(
    path: &str,
    text: &str,
    error: &parse_dockerfile::Error,
    claims: &Claims,
) -> Option<BrokenFile> {
    let line = error.line().saturating_sub(1);
    let line = line.min(text.matches('\n').count());
    let broken = BrokenFile {
        origin: Lines::new(path, text).at(line, error.column().saturating_sub(1)),
        what: error.to_string(),
    };
    (!claims.broken.contains(&broken)).then_some(broken)
}

/// What a stage runs, or the last one: its own words, or those of the stage it is from.
fn image(file: &Dockerfile<'_>, stage: Option<&str>) -> Option<Image> {
    let mut image = Image::default();
    let mut stage = match stage {
        Some(name) => file.stage(name)?,
        None => file.stages().last()?,
    };
    for _ in 0..MOST_STAGES {
        // A stage's own CMD goes before one that it inherits, and an ENTRYPOINT of its
        // own leaves no CMD of those before it.
        let settled = image.entrypoint.is_some();
        for instruction in stage.instructions.iter().rev() {
            match instruction {
                Instruction::Cmd(cmd) if image.cmd.is_none() && !settled => {
                    image.cmd = Some(argv(&cmd.arguments));
                }
                Instruction::Entrypoint(entrypoint) if image.entrypoint.is_none() => {
                    image.entrypoint = Some(argv(&entrypoint.arguments));
                }
                _ => {}
            }
        }
        match file.stage(&stage.from.image.value) {
            Some(before) => stage = before,
            None => break,
        }
    }
    Some(image)
}

fn argv(command: &Written<'_>) -> Vec<String> {
    match command {
        Written::Exec(words) => words.value.iter().map(|w| w.value.to_string()).collect(),
        Written::Shell(line) => shell(line.value),
        _ => Vec::new(),
    }
}

fn shell(line: &str) -> Vec<String> {
    ["/bin/sh", "-c", line].map(str::to_owned).into()
}

/// What a service runs, as a process of its container would be read: the framework, and
/// the ports it takes inside.
pub(super) fn launched(cx: &Context<'_>, entry: &Entry, image: Option<&Image>) -> Option<Service> {
    let says = &entry.value;
    let own = |key: &str| Some(words(says.get(key)?)).filter(|words| !words.is_empty());
    let entrypoint = own("entrypoint");
    let inherited = image.filter(|_| entrypoint.is_none());
    let cmd = own("command").or_else(|| inherited?.cmd.clone());
    let entrypoint = entrypoint.or_else(|| image?.entrypoint.clone());
    let mut argv = entrypoint.unwrap_or_default();
    argv.extend(cmd.unwrap_or_default());
    let context = says.get("build").and_then(|build| build.get("context"));
    let folder = context.and_then(Yaml::plain).unwrap_or_default();
    // What the user has set outside is not set inside.
    let none = BTreeMap::new();
    let inside = Context {
        files: cx.files,
        environment: &none,
    };
    let commands = commands(&argv, variables(says));
    commands.iter().rev().find_map(|command| {
        let launch = Launch {
            name: entry.key.clone(),
            folder: folder.to_owned(),
            origin: entry.at.clone(),
            start: Vec::new(),
            group: None,
            command,
        };
        launch::service(&inside, &launch, &mut Claims::default())
    })
}

/// The variables that the service sets for its command.
fn variables(says: &Yaml) -> Vec<(String, Word)> {
    let set = says.get("environment").cloned().map(merge::keyed);
    let entries = set.iter().flat_map(Yaml::entries);
    entries
        .filter_map(|entry| {
            let value = &entry.value;
            let word = Word::plain(value.plain()?, value.origin.clone(), &*value.written);
            Some((entry.key.clone(), word))
        })
        .collect()
}

/// A command of a compose file: a list of words, or one line that compose splits.
fn words(yaml: &Yaml) -> Vec<String> {
    match &yaml.kind {
        Kind::Text(line) => shlex::split(line).unwrap_or_default(),
        Kind::List(items) => {
            let words = items.iter().filter_map(Yaml::plain);
            words.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// The commands of a command line, a shell's own script taken apart.
fn commands(argv: &[String], variables: Vec<(String, Word)>) -> Vec<Command> {
    let nowhere = |_| Origin::default();
    let shells = ["sh", "bash", "ash", "dash"];
    let is_shell = |word: &String| shells.contains(&word.rsplit('/').next().unwrap_or(word));
    let script = argv
        .windows(3)
        .take(ENTRIES)
        .find(|words| is_shell(&words[0]) && words[1].starts_with('-') && words[1].ends_with('c'));
    if let Some(script) = script {
        return command::commands_with(&script[2], &variables, &[], &nowhere);
    }
    // What prepares the container runs the rest: `docker-entrypoint.sh next dev`.
    let entries = argv.iter().take(ENTRIES).take_while(|word| is_entry(word));
    let rest = argv.iter().skip(entries.count());
    let words = rest.map(|word| Word::plain(word.clone(), nowhere(0), word.clone()));
    vec![Command {
        variables,
        ..Command::of(words.collect())
    }]
}

/// How many programs may prepare a container before the server's own.
const ENTRIES: usize = 4;

/// Whether a program only prepares the container for the one behind it.
fn is_entry(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    name.ends_with(".sh") || matches!(name, "tini" | "dumb-init" | "gosu" | "--" | "-g")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_text(text: &str, stage: Option<&str>) -> Image {
        image(&parse(text).unwrap(), stage).unwrap()
    }

    #[test]
    fn a_stage_runs_what_it_says_or_inherits() {
        let text = "FROM node AS base\nENTRYPOINT [\"tini\", \"--\"]\nCMD [\"node\", \"a.js\"]\n\
                    FROM base AS dev\nCMD next dev\nFROM nginx\nCOPY . .\n";
        let dev = of_text(text, Some("dev"));
        assert_eq!(dev.cmd.unwrap(), ["/bin/sh", "-c", "next dev"]);
        assert_eq!(dev.entrypoint.unwrap(), ["tini", "--"]);
        assert_eq!(of_text(text, None), Image::default());
    }

    #[test]
    fn variables_of_an_image_are_read_in_both_spellings() {
        assert_eq!(
            assignments("A=1  URL=http://localhost:80/"),
            [("A", 2, "1"), ("URL", 9, "http://localhost:80/")]
        );
        assert_eq!(
            assignments("URL localhost:80 "),
            [("URL", 4, "localhost:80 ")]
        );
        assert_eq!(assignments(""), []);
    }

    #[test]
    fn a_command_is_found_behind_what_prepares_for_it() {
        let told = |line: &str| {
            let words: Vec<String> = shlex::split(line).unwrap();
            let all = commands(&words, Vec::new());
            let last = all.last().unwrap();
            let words = last.argv.iter().map(|word| word.text.clone());
            words.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(told("next dev -p 4000"), "next dev -p 4000");
        assert_eq!(told("sh -c 'npm ci && next dev'"), "next dev");
        assert_eq!(told("tini -- /bin/bash -ec 'exec next dev'"), "next dev");
        assert_eq!(told("docker-entrypoint.sh next dev"), "next dev");
        assert_eq!(told(""), "");
    }
}
