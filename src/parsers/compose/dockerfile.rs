//! What the image of a service runs: its `Dockerfile`, and what the compose file says in
//! its place.

use parse_dockerfile::{Command, Dockerfile, Instruction, parse};

use crate::facts::{BrokenFile, Claims, catalogue};
use crate::parsers::command;
use crate::parsers::context::{Context, join};
use crate::parsers::format::yaml::{Kind, Yaml};
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
            let line = error.line().saturating_sub(1);
            let broken = BrokenFile {
                origin: Lines::new(&path, &text).at(line, error.column().saturating_sub(1)),
                what: error.to_string(),
            };
            if !claims.broken.contains(&broken) {
                claims.broken.push(broken);
            }
            None
        }
    }
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

fn argv(command: &Command<'_>) -> Vec<String> {
    match command {
        Command::Exec(words) => words.value.iter().map(|w| w.value.to_string()).collect(),
        Command::Shell(line) => shell(line.value),
        _ => Vec::new(),
    }
}

fn shell(line: &str) -> Vec<String> {
    ["/bin/sh", "-c", line].map(str::to_owned).into()
}

/// The framework that a service runs, by its command.
pub(super) fn framework(service: &Yaml, image: Option<&Image>) -> Option<String> {
    let own = |key: &str| Some(words(service.get(key)?)).filter(|words| !words.is_empty());
    let entrypoint = own("entrypoint");
    let inherited = image.filter(|_| entrypoint.is_none());
    let cmd = own("command").or_else(|| inherited?.cmd.clone());
    let entrypoint = entrypoint.or_else(|| image?.entrypoint.clone());
    let mut argv = entrypoint.unwrap_or_default();
    argv.extend(cmd.unwrap_or_default());
    recognised(&argv)
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

fn recognised(argv: &[String]) -> Option<String> {
    let name = |word: &String| word.rsplit('/').next().unwrap_or_default().to_owned();
    if let [program, flag, line, ..] = argv
        && matches!(name(program).as_str(), "sh" | "bash" | "ash" | "dash")
        && flag.starts_with('-')
        && flag.ends_with('c')
    {
        let commands = command::commands(line, &|_| crate::facts::Origin::default());
        return commands.iter().rev().find_map(|command| {
            let words: Vec<String> = command.argv.iter().map(|word| word.text.clone()).collect();
            key_of(&words)
        });
    }
    key_of(argv)
}

fn key_of(argv: &[String]) -> Option<String> {
    // What prepares the container and then runs the rest: `docker-entrypoint.sh next dev`.
    let rest = (0..argv.len()).map(|at| &argv[at..]).take(3);
    rest.filter(|argv| !argv.is_empty())
        .find_map(|argv| catalogue().recognise("", argv))
        .filter(|row| !row.watcher && !row.forwarder)
        .map(|row| row.key.clone())
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
    fn commands_are_recognised() {
        let key = |line: &str| {
            let words: Vec<String> = shlex::split(line).unwrap();
            recognised(&words)
        };
        assert_eq!(key("next dev -p 4000").as_deref(), Some("next"));
        assert_eq!(key("sh -c 'npm ci && next dev'").as_deref(), Some("next"));
        assert_eq!(
            key("docker-entrypoint.sh next dev").as_deref(),
            Some("next")
        );
        assert_eq!(key("sleep infinity"), None);
        assert_eq!(key(""), None);
    }
}
