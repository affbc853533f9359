//! The casebook: every story of `tests/cases/*.md`, replayed.
//!
//! `UPDATE=1 cargo test --test casebook` rewrites the `report` blocks; read what
//! it wrote. `CASE=DD201` looks at the files whose name contains that.

#[path = "support/stories.rs"]
mod stories;

use devdoctor::diagnose::replay;
use devdoctor::findings::Report;
use devdoctor::frontends::{style::Style, text};
use stories::{CaseFile, Demand, Story};

#[test]
fn every_story_is_told_as_it_was() {
    let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    let only = std::env::var("CASE").unwrap_or_default();
    let mut failures = Vec::new();
    let mut told = 0;
    for file in stories::all() {
        let file_name = file.path.file_name().unwrap_or_default().to_string_lossy();
        if !file_name.contains(&only) {
            continue;
        }
        failures.extend(file.problems.iter().cloned());
        if file.stories.is_empty() {
            failures.push(format!("{file_name}: there is no story"));
        }
        let mut reports = Vec::new();
        for story in &file.stories {
            told += 1;
            let (target, snapshot) = match &story.facts {
                Ok(facts) => facts,
                Err(why) => {
                    failures.push(format!("{why}\n  (story: {})", story.title));
                    reports.push(None);
                    continue;
                }
            };
            let place = format!("tests/cases/{file_name}:{}: {}", story.line, story.title);
            let report = replay(target, snapshot);
            let shown = text::report(&report, &Style::PLAIN);
            let shown = shown.trim_end().to_owned();
            if let Some(why) = broken_demand(&file, story, &report) {
                failures.push(format!("{place}\n  {why}\n{}", indent(&shown)));
            }
            if !update {
                match &story.report {
                    None => failures.push(format!(
                        "{place}\n  there is no ```report block: UPDATE=1 writes it"
                    )),
                    Some(expected) if *expected != shown => {
                        failures.push(format!("{place}\n{}", diff(expected, &shown)));
                    }
                    Some(_) => {}
                }
            }
            reports.push(Some(shown));
        }
        if update {
            rewrite(&file, &reports);
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {told} stories (or their files) are wrong:\n\n{}\n",
        failures.len(),
        failures.join("\n\n")
    );
}

/// What the story demands and did not get.
fn broken_demand(file: &CaseFile, story: &Story, report: &Report) -> Option<String> {
    let place = report
        .findings
        .iter()
        .position(|finding| finding.code == file.code);
    let code = &file.code;
    match (story.demand, place) {
        (Demand::Speaks, Some(0)) | (Demand::SpeaksSecond, Some(1..)) | (Demand::Silent, None) => {
            None
        }
        (Demand::Speaks, Some(_)) => Some(format!("{code} must be the first finding, and is not")),
        (Demand::SpeaksSecond, Some(0)) => {
            Some(format!("{code} must stand behind another, and is first"))
        }
        (_, None) => Some(format!("{code} must speak, and is silent")),
        (Demand::Silent, Some(_)) => Some(format!("{code} must be silent, and speaks")),
    }
}

/// Writes the reports into the file's `report` blocks.
fn rewrite(file: &CaseFile, reports: &[Option<String>]) {
    let text = std::fs::read_to_string(&file.path).expect("a case file can be read");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    // From the end, so that the lines of earlier stories stay where they are.
    for (story, report) in file.stories.iter().zip(reports).rev() {
        let Some(report) = report else { continue };
        let mut block = vec!["```report".to_owned()];
        block.extend(report.lines().map(str::to_owned));
        block.push("```".to_owned());
        if story.report.is_none() {
            block.insert(0, String::new());
        }
        lines.splice(story.report_lines.clone(), block);
    }
    let new = lines.join("\n") + "\n";
    if new != text {
        std::fs::write(&file.path, new).expect("a case file can be written");
    }
}

fn indent(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(|line| format!("    {line}")).collect();
    lines.join("\n")
}

/// The lines of both texts, those of the common beginning and end once.
fn diff(expected: &str, found: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let tail = old[head..]
        .iter()
        .rev()
        .zip(new[head..].iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let mut out: Vec<String> = Vec::new();
    out.extend(old[..head].iter().map(|line| format!("    {line}")));
    out.extend(
        old[head..old.len() - tail]
            .iter()
            .map(|line| format!("  - {line}")),
    );
    out.extend(
        new[head..new.len() - tail]
            .iter()
            .map(|line| format!("  + {line}")),
    );
    out.extend(
        old[old.len() - tail..]
            .iter()
            .map(|line| format!("    {line}")),
    );
    out.join("\n")
}
