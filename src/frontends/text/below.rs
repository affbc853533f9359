//! What stands below the first finding: the way there, what else was found, and, for who
//! asks, what was ruled out and how long each look took.

use unicode_width::UnicodeWidthStr;

use super::Page;
use crate::facts::{clean, human_micros};
use crate::findings::{Finding, Hop, HopState, Report, Severity};

impl Page {
    /// The way of the connection, a place a line.
    pub(super) fn hops(&mut self, hops: &[Hop]) {
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
    pub(super) fn rest(&mut self, rest: &[Finding]) {
        if rest.is_empty() {
            return;
        }
        let codes: Vec<String> = rest.iter().map(|finding| clean(&finding.code)).collect();
        self.blank();
        let text = format!("more with -v: {}", codes.join(", "));
        self.paragraph("", &text, |style, line| style.dim(line));
    }

    pub(super) fn ruled_out(&mut self, report: &Report) {
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

    pub(super) fn looks(&mut self, report: &Report) {
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
}
