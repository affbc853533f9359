//! Reports for a person at a terminal: the answer first, then its evidence, then the fix.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::style::Style;
use crate::facts::{LeftOut, Outcome, catalogue, clean, human_micros, shell_line};
use crate::findings::{
    Confidence, Evidence, Finding, Fix, Hop, HopState, Report, Safety, Seen, Severity, Unseen,
    Verdict,
};

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

/// What is left to be thought of where the server answers and a browser does not show it.
fn browser_advice(report: &Report) -> String {
    let Some(profiles) = &report.browsers else {
        let command = shell_line(&["devdoctor", "why", &report.target.input, "--browser"]);
        return format!(
            "if your browser still fails: `{}` reads what its profile keeps of this address",
            clean(&command)
        );
    };
    let found = report.findings.iter().any(|f| f.code.starts_with("DD90"));
    match &profiles[..] {
        _ if found => "the server is well; what the browser may do by itself:".to_owned(),
        [] if report.unseen.iter().any(|it| it.part == "browser-safari") => {
            "what Safari keeps is closed to other programs, and no other browser has a profile \
             here; a private window tells whether something in it stands in the way"
                .to_owned()
        }
        [] => "no browser profile was found in the home of this user".to_owned(),
        list => format!(
            "nothing that was seen in {} stands in its way; a private window tells whether \
             something else in the profile does",
            clean(&list.join(", "))
        ),
    }
}

/// Whether any byte came back.
fn answered(report: &Report) -> bool {
    let mut probes = report.probes.iter();
    probes.any(|probe| probe.outcome == Outcome::Answered)
}

/// Whether it is something that a browser opens.
fn spoke_http(report: &Report) -> bool {
    let mut answers = report.probes.iter().filter_map(|p| p.answer.as_deref());
    answers.any(|answer| answer.starts_with("HTTP"))
}

/// Whether it has a certificate of which nothing is known.
fn hides_certificate(report: &Report) -> bool {
    let mut answers = report.probes.iter().filter_map(|p| p.answer.as_deref());
    let judged = report.findings.iter().any(|f| f.code == "DD603");
    !judged && answers.any(|answer| answer.contains("TLS") && !answer.contains("trusts"))
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

    /// Nothing is wrong: what was checked, and what this cannot see.
    fn well(&mut self, report: &Report) {
        let there = report.target.authority();
        match report.verdict {
            Verdict::NotDialled => {
                let line = format!("{there} was not dialled, and nothing else tells of a fault");
                self.line(&line);
            }
            Verdict::Reachable => {
                let ok = self.style.good("ok");
                // A listening socket takes connections even where no program accepts them.
                let word = if answered(report) {
                    "answers"
                } else {
                    "accepts connections"
                };
                let head = self.style.strong(&format!("{there} {word}"));
                self.line(&format!("{ok}: {head}"));
            }
            verdict if report.probes.iter().any(|probe| probe.outcome.well()) => {
                let ok = self.style.good("ok");
                let head = self
                    .style
                    .strong(&format!("{there} can be reached ({})", verdict.word()));
                self.line(&format!("{ok}: {head}"));
            }
            verdict => {
                let head = self.style.strong(&format!("{there}: {}", verdict.word()));
                self.line(&format!(
                    "{head}, and your settings allow every finding on it"
                ));
            }
        }
        for probe in &report.probes {
            let took = human_micros(probe.took_us);
            let what = match probe.outcome {
                Outcome::Answered => "answers",
                Outcome::Connected => "accepts connections",
                other => other.word(),
            };
            let answer = match &probe.answer {
                Some(answer) => format!(" ({})", clean(answer)),
                None => String::new(),
            };
            self.line(&format!("  = {} {what}{answer}, after {took}", probe.to));
        }
        for listener in &report.listeners {
            let who = match (&listener.name, listener.pid, &listener.container) {
                (_, _, Some(container)) => format!("container {}", clean(container)),
                (Some(name), Some(pid), None) => format!("{} (pid {pid})", clean(name)),
                (None, Some(pid), None) => format!("pid {pid}"),
                (_, None, None) => match listener.uid {
                    Some(0) => "a process of root that this user may not see".to_owned(),
                    Some(uid) => format!("a process of uid {uid} that this user may not see"),
                    None => "a process that this user may not see".to_owned(),
                },
            };
            let project = match &listener.project {
                Some(folder) => format!(" in {}", clean(folder)),
                None => String::new(),
            };
            self.line(&format!("  = {who}{project} listens on {}", listener.at));
        }
        if report.verdict != Verdict::Reachable {
            return;
        }
        if !answered(report) {
            let advice = match catalogue().port(report.target.port) {
                Some(row) => format!(
                    "nothing was sent to it: the port is known for {}",
                    row.service
                ),
                None => format!(
                    "nothing was sent to it, as it is not known what it speaks; if it is a web \
                     server: devdoctor why http://{there}"
                ),
            };
            self.paragraph("  ", &advice, |style, line| style.dim(line));
        } else if spoke_http(report) {
            let advice = browser_advice(report);
            self.paragraph("  ", &advice, |style, line| style.dim(line));
            if hides_certificate(report) {
                let advice = "its certificate could not be checked: browsers and curl refuse one that \
                              is self-signed, expired, or for another name";
                self.paragraph("  ", advice, |style, line| style.dim(line));
            }
        }
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

    /// The way of the connection, a place a line.
    fn hops(&mut self, hops: &[Hop]) {
        if hops.is_empty() {
            return;
        }
        self.blank();
        self.line(&format!("{}:", self.style.strong("the way there")));
        for hop in hops {
            let mark = match hop.state {
                HopState::Ok => self.style.good("ok     "),
                HopState::Failed => self.style.severity(Severity::Error, "failed "),
                HopState::Unknown => self.style.dim("unknown"),
            };
            let by = hop.by.as_deref().map(|by| format!(" ({})", clean(by)));
            let at = clean(&hop.at);
            self.line(&format!("  {mark}  {at}{}", by.unwrap_or_default()));
        }
    }

    /// What is left out, by its codes.
    fn rest(&mut self, rest: &[Finding]) {
        if rest.is_empty() {
            return;
        }
        let codes: Vec<String> = rest.iter().map(|finding| clean(&finding.code)).collect();
        self.blank();
        let text = format!("more with -v: {}", codes.join(", "));
        self.paragraph("", &text, |style, line| style.dim(line));
    }

    fn ruled_out(&mut self, report: &Report) {
        if report.ruled_out.is_empty() {
            return;
        }
        self.blank();
        let head = self.style.strong("ruled out");
        self.line(&format!("{head}:"));
        let width = report
            .ruled_out
            .iter()
            .map(|r| r.what.width())
            .max()
            .unwrap_or(0);
        for out in &report.ruled_out {
            let pad = " ".repeat(width.saturating_sub(out.what.width()));
            self.line(&format!("  {}{pad}  {}", out.what, clean(&out.by)));
        }
    }

    fn looks(&mut self, report: &Report) {
        if report.looks.is_empty() {
            return;
        }
        self.blank();
        let head = self.style.strong("looked at");
        self.line(&format!("{head}, {} ms in all:", report.took_ms));
        let width = report
            .looks
            .iter()
            .map(|look| look.what.width())
            .max()
            .unwrap_or(0);
        for look in &report.looks {
            let pad = " ".repeat(width.saturating_sub(look.what.width()));
            let took = human_micros(look.took_us);
            self.line(&format!(
                "  {}{pad}  {took:>8}  {}",
                look.what,
                clean(&look.saw)
            ));
        }
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

/// A rule's manual page: its headings stand out, its paragraphs fit.
#[must_use]
pub fn page(code: &str, name: &str, markdown: &str, style: &Style) -> String {
    let mut page = Page {
        style: *style,
        out: String::new(),
    };
    for paragraph in markdown.split("\n\n") {
        if !page.out.is_empty() {
            page.blank();
        }
        if let Some(title) = paragraph.strip_prefix("# ") {
            let title = style.strong(title.trim());
            page.line(&format!("{code} {name}: {title}"));
        } else if let Some(heading) = paragraph.strip_prefix("## ") {
            let heading = style.strong(heading.trim());
            page.line(&heading);
        } else if paragraph.starts_with("    ") || paragraph.starts_with("- ") {
            for line in paragraph.lines() {
                page.line(&format!("  {line}"));
            }
        } else {
            page.paragraph("  ", paragraph, |_, line| line.to_owned());
        }
    }
    page.out
}
