//! The casebook's stories: how `tests/cases/*.md` is read.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::ops::Range;
use std::path::{Path, PathBuf};

use devdoctor::facts::{Snapshot, Target};
use serde::Deserialize;

/// What a story demands of the rule that its file is named after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// It is the first finding.
    Speaks,
    /// It is among the findings, behind another.
    SpeaksSecond,
    /// It is not among the findings.
    Silent,
}

/// One file of the casebook: one rule's stories.
#[derive(Debug)]
pub struct CaseFile {
    pub path: PathBuf,
    /// `DD201`, from the file's name.
    pub code: String,
    /// `nothing-listens`, from the file's name.
    pub name: String,
    pub stories: Vec<Story>,
    /// What is wrong with the file itself.
    pub problems: Vec<String>,
}

/// One story: facts, and what is to be made of them.
#[derive(Debug)]
pub struct Story {
    pub demand: Demand,
    pub title: String,
    /// The heading's line, from 1.
    pub line: usize,
    /// What was asked and what was seen, or what is wrong with the `toml` block.
    pub facts: Result<(Target, Snapshot), String>,
    /// The text in the `report` block.
    pub report: Option<String>,
    /// The lines (from 0) that the `report` block takes, fences included; empty where there is none.
    pub report_lines: Range<usize>,
}

/// Every file of the casebook, in order.
pub fn all() -> Vec<CaseFile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("tests/cases can be read").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "md"))
        .collect();
    paths.sort();
    paths.into_iter().map(read).collect()
}

fn read(path: PathBuf) -> CaseFile {
    let text = std::fs::read_to_string(&path).expect("a case file can be read");
    let file = format!(
        "tests/cases/{}",
        path.file_name().unwrap_or_default().to_string_lossy()
    );
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let (code, name) = stem.split_once('-').unwrap_or((&stem, ""));
    let (code, name) = (code.to_owned(), name.to_owned());
    let lines: Vec<&str> = text.lines().collect();
    let mut problems = Vec::new();
    let heading = format!("# {code} {name}");
    if lines.first() != Some(&heading.as_str()) {
        problems.push(format!("{file}:1: the first line must be `{heading}`"));
    }
    let mut stories: Vec<Story> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        if let Some(title) = line.strip_prefix("## ") {
            match demand(title) {
                Some((demand, title)) => stories.push(Story {
                    demand,
                    title: title.to_owned(),
                    line: at + 1,
                    facts: Err(format!("{file}:{}: the story has no ```toml block", at + 1)),
                    report: None,
                    report_lines: 0..0,
                }),
                None => problems.push(format!(
                    "{file}:{}: a story begins with `## Speaks: `, `## Speaks second: ` or `## Silent: `",
                    at + 1
                )),
            }
        }
        let Some(kind) = line.strip_prefix("```") else {
            at += 1;
            continue;
        };
        let Some(length) = lines[at + 1..].iter().position(|line| *line == "```") else {
            problems.push(format!("{file}:{}: this block has no end", at + 1));
            break;
        };
        let (start, end) = (at + 1, at + 1 + length);
        let body = lines[start..end].join("\n");
        match (kind, stories.last_mut()) {
            ("toml", Some(story)) => {
                story.facts =
                    facts(&body).map_err(|(line, why)| format!("{file}:{}: {why}", start + line));
                story.report_lines = end + 1..end + 1;
            }
            ("report", Some(story)) => {
                story.report = Some(body);
                story.report_lines = at..end + 1;
            }
            _ => {}
        }
        at = end + 1;
    }
    CaseFile {
        path,
        code,
        name,
        stories,
        problems,
    }
}

fn demand(title: &str) -> Option<(Demand, &str)> {
    let (word, rest) = title.split_once(": ")?;
    let demand = match word {
        "Speaks" => Demand::Speaks,
        "Speaks second" => Demand::SpeaksSecond,
        "Silent" => Demand::Silent,
        _ => return None,
    };
    Some((demand, rest))
}

/// The target and the facts of a `toml` block, or the line (from 1) of a mistake and what it is.
fn facts(text: &str) -> Result<(Target, Snapshot), (usize, String)> {
    #[derive(Deserialize)]
    struct Asked {
        target: toml::Spanned<String>,
    }
    let line_of = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let mistake = |error: &toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        (line_of(at), error.message().to_owned())
    };
    let asked: Asked = toml::from_str(text).map_err(|error| mistake(&error))?;
    let span = asked.target.span();
    let target: Target = asked
        .target
        .into_inner()
        .parse()
        .map_err(|error| (line_of(span.start), format!("{error}")))?;
    // The target's line is blanked, not cut, so that a mistake's line stays right.
    let begin = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[span.end..]
        .find('\n')
        .map_or(text.len(), |at| span.end + at);
    let seen = format!("{}{}", &text[..begin], &text[end..]);
    let snapshot: Snapshot = toml::from_str(&seen).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = seen[..at.min(seen.len())].matches('\n').count() + 1;
        (line, error.message().to_owned())
    })?;
    Ok((target, snapshot))
}
