//! Reports for a person at a terminal: the answer first, then its evidence, then the fix.

mod below;
mod manual;
mod well;

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

pub use self::manual::page;
use super::style::Style;
use crate::facts::{LeftOut, clean, shell_line};
use crate::findings::{Confidence, Evidence, Finding, Fix, Report, Safety, Seen, Severity, Unseen};

/// The root cause and so many more; the rest is shown with `-v`.
const MOST: usize = 4;
/// So many facts that files tell are shown of a finding, and the rest with `-v`.
const MOST_FILES: usize = 4;
/// So many of what was left out is named, and the rest with `-v`.
const MOST_LEFT_OUT: usize = 4;

/// A report as text.
#[must_use]
pub fn report(report: &Report, style: &Style) -> String {
    let mut page = Page {
        style: *style,
        out: String::new(),
    };
    if report.findings.iter().all(|f| f.severity == Severity::Info) {
        page.well(report);
    }
    let all = report.findings.len();
    let most = if style.verbose { all } else { MOST.min(all) };
    for (at, finding) in report.findings.iter().take(most).enumerate() {
        if at > 0 || !page.out.is_empty() {
            page.blank();
        }
        page.finding(finding, (at == 0).then(|| place(report)));
        if at == 0 {
            page.hops(&report.hops);
        }
    }
    page.rest(report.findings.get(most..).unwrap_or_default());
    page.blind_spots(&report.unseen);
    if style.verbose {
        page.left_out(&report.left_out);
        page.ruled_out(report);
        page.looks(report);
    }
    page.out
}

/// What was asked about, and what a client meets there.
fn place(report: &Report) -> String {
    let from = match &report.vantage {
        Some(vantage) => format!(", seen from {vantage}"),
        None => String::new(),
    };
    let asked = clean(&report.target.input);
    format!("{asked}: {}{from}", report.verdict.word())
}

/// One finding as text, with the place where it stands.
#[must_use]
pub(super) fn finding(finding: &Finding, place: Option<String>, style: &Style) -> String {
    let mut page = Page {
        style: *style,
        out: String::new(),
    };
    page.finding(finding, place);
    page.out
}

/// What a report is about, and its first problem.
#[must_use]
pub fn problem(report: &Report, of: &Finding, style: &Style) -> String {
    finding(of, Some(place(report)), style)
}

/// One fix as text.
#[must_use]
pub fn fix(fix: &Fix, style: &Style) -> String {
    let mut page = Page {
        style: *style,
        out: String::new(),
    };
    page.fix(fix);
    page.out
}

/// A unified diff: what goes in red, what comes in green.
#[must_use]
pub fn diff(diff: &str, style: &Style) -> String {
    let paint = |line: &str| {
        let line = clean(line);
        match line.chars().next() {
            Some('+') => style.good(&line),
            Some('-') => style.severity(Severity::Error, &line),
            Some('@') => style.dim(&line),
            _ => line,
        }
    };
    diff.lines()
        .map(|line| format!("{}\n", paint(line)))
        .collect()
}

/// What could not be looked at, as text; nothing where there was no such thing.
#[must_use]
pub(super) fn blind_spots(unseen: &[Unseen], style: &Style) -> String {
    let mut page = Page {
        style: *style,
        out: String::new(),
    };
    page.blind_spots(unseen);
    page.out
}

/// What of a project's files does not count, as text; nothing where all of them do.
#[must_use]
pub(super) fn left_out(list: &[LeftOut], style: &Style) -> String {
    let mut page = Page {
        style: *style,
        out: String::new(),
    };
    page.left_out(list);
    page.out
}

struct Page {
    style: Style,
    out: String,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn blank(&mut self) {
        self.out.push('\n');
    }

    fn finding(&mut self, finding: &Finding, place: Option<String>) {
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "note",
        };
        let head = format!("{severity}[{}]", finding.code);
        let hedge = match finding.confidence {
            Confidence::Certain => "",
            Confidence::Likely => " (likely)",
            Confidence::Possible => " (possible)",
        };
        let says = clean(&finding.says);
        self.line(&format!(
            "{}{} {}{}",
            self.style.severity(finding.severity, &head),
            self.style.strong(":"),
            self.style.strong(&says),
            self.style.dim(hedge),
        ));
        if let Some(place) = place {
            let arrow = self.style.dim(" -->");
            self.line(&format!("{arrow} {place}"));
        }
        self.evidence(&finding.evidence);
        for fix in &finding.fixes {
            self.fix(fix);
        }
    }

    /// Facts on the left, where they were seen on the right, in a column of its own
    /// where both fit.
    fn evidence(&mut self, all: &[Evidence]) {
        if all.is_empty() {
            return;
        }
        let is_file = |evidence: &Evidence| matches!(evidence.seen, Seen::File { .. });
        let mut files = 0;
        let evidence: Vec<&Evidence> = all
            .iter()
            .filter(|evidence| {
                files += usize::from(is_file(evidence));
                self.style.verbose || !is_file(evidence) || files <= MOST_FILES
            })
            .collect();
        let facts: Vec<String> = evidence.iter().map(|e| clean(&e.says)).collect();
        let places: Vec<String> = evidence.iter().map(|e| clean(&e.place())).collect();
        let place_width = places.iter().map(|p| p.width()).max().unwrap_or(0);
        let room = self.style.width.saturating_sub(4 + 2 + place_width);
        let column = facts
            .iter()
            .map(|fact| fact.width())
            .filter(|width| *width <= room)
            .max()
            .unwrap_or(0);
        for ((fact, place), evidence) in facts.iter().zip(&places).zip(&evidence) {
            let bar = self.style.dim("=");
            let place = match &evidence.seen {
                Seen::File { file, .. } => self.style.file(file, place),
                _ => place.clone(),
            };
            let shown = self.style.dim(&format!("[{place}]"));
            let pad = " ".repeat(column.saturating_sub(fact.width()));
            let mut line = String::new();
            let _ = write!(line, "  {bar} {fact}{pad}  {shown}");
            self.line(&line);
        }
        let more = all.len() - evidence.len();
        if more > 0 {
            let bar = self.style.dim("=");
            let more = self
                .style
                .dim(&format!("and {more} more in files, with -v"));
            self.line(&format!("  {bar} {more}"));
        }
    }

    /// What of a project's files does not count, and how it would.
    fn left_out(&mut self, list: &[LeftOut]) {
        let of = |by_settings: bool| {
            let of = list.iter().filter(|at| at.by_settings == by_settings);
            of.map(|at| clean(&at.path)).collect::<Vec<_>>()
        };
        let some = |paths: &[String]| {
            let most = if self.style.verbose {
                paths.len()
            } else {
                MOST_LEFT_OUT
            };
            let shown = paths
                .iter()
                .take(most)
                .cloned()
                .collect::<Vec<_>>()
                .join(", ");
            match paths.len().saturating_sub(most) {
                0 => shown,
                more => format!("{shown} and {more} more"),
            }
        };
        let mut parts = Vec::new();
        let samples = of(false);
        match samples.len() {
            0 => {}
            1 => parts.push(format!("1 folder with samples ({})", some(&samples))),
            many => parts.push(format!("{many} folders with samples ({})", some(&samples))),
        }
        let told = of(true);
        if !told.is_empty() {
            parts.push(format!("by your settings {}", some(&told)));
        }
        if parts.is_empty() {
            return;
        }
        self.blank();
        let text = format!(
            "left out: {}; `projects.take_in` in .devdoctor.toml has them in",
            parts.join(", and ")
        );
        self.paragraph("", &text, |style, line| style.dim(line));
    }

    fn fix(&mut self, fix: &Fix) {
        let head = match fix.safety {
            Safety::Safe => "fix".to_owned(),
            Safety::Disruptive => "fix, interrupts something".to_owned(),
            Safety::Destructive => "fix, loses something".to_owned(),
        };
        self.line(&format!(
            "{}: {}",
            self.style.safety(fix.safety, &head),
            clean(&fix.title)
        ));
        if let Some(argv) = &fix.run {
            let mut line = shell_line(argv);
            if let Some(folder) = &fix.folder {
                line = format!("cd {} && {line}", shell_line(&[folder]));
            }
            let command = self.style.strong(&line);
            self.line(&format!("     {} {command}", self.style.dim("$")));
        }
        if let Some(edit) = &fix.edit {
            let place = format!("{}:{}", clean(&edit.file), edit.line);
            let place = self.style.file(&edit.file, &place);
            self.line(&format!("     {}", self.style.strong(&place)));
            self.line(&format!("     - {}", clean(&edit.from)));
            self.line(&format!("     + {}", clean(&edit.to)));
        }
        if let Some(text) = &fix.read
            && *text != fix.title
        {
            self.paragraph("     ", &clean(text), |_, line| line.to_owned());
        }
    }

    fn blind_spots(&mut self, unseen: &[Unseen]) {
        let gaps: Vec<&Unseen> = unseen
            .iter()
            .filter(|unseen| self.style.verbose || unseen.gap != "not-running")
            .collect();
        if gaps.is_empty() {
            return;
        }
        let list: Vec<String> = gaps
            .iter()
            .map(|unseen| match &unseen.why {
                Some(why) => format!("{} ({})", unseen.part, clean(why)),
                None => format!("{} ({})", unseen.part, unseen.gap),
            })
            .collect();
        self.blank();
        let text = format!("could not look at: {}", list.join(", "));
        self.paragraph("", &text, |style, line| style.dim(line));
    }

    /// A text broken into lines that fit.
    fn paragraph(&mut self, indent: &str, text: &str, paint: impl Fn(Style, &str) -> String) {
        let room = self.style.width.saturating_sub(indent.len()).max(20);
        let mut line = String::new();
        let mut lines = Vec::new();
        for word in text.split_whitespace() {
            if !line.is_empty() && line.width() + 1 + word.width() > room {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
        for line in lines {
            let painted = paint(self.style, &line);
            self.line(&format!("{indent}{painted}"));
        }
    }
}
