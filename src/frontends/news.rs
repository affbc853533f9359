//! News as they come, for a person: a line each.

use super::style::Style;
use crate::facts::{clean, shell_line};
use crate::findings::{Alert, Phase, Status};

/// An alert that has changed.
#[must_use]
pub fn alert(alert: &Alert, style: &Style) -> String {
    let severity = alert.finding.severity;
    let (mark, ended) = match alert.phase {
        Phase::Pending => (style.dim("…"), false),
        Phase::Firing => (style.severity(severity, "⚠"), false),
        Phase::Resolved => (style.good("✓"), true),
    };
    let port = alert.port.map(|port| format!("{port}: "));
    let says = clean(&alert.finding.says);
    let gone = if ended { "resolved: " } else { "" };
    let code = clean(&alert.finding.code);
    let mut line = format!("{mark} {gone}{}{says} [{code}]\n", port.unwrap_or_default());
    let fix = alert.finding.fixes.first().filter(|_| !ended);
    if let Some(argv) = fix.and_then(|fix| fix.run.as_ref()) {
        line.push_str(&format!("  $ {}\n", clean(&shell_line(argv))));
    } else if let Some(fix) = fix {
        line.push_str(&format!("  {}\n", clean(&fix.title)));
    }
    line
}

/// How things stand now.
#[must_use]
pub fn status(status: &Status, style: &Style) -> String {
    format!("{} {}\n", style.dim("·"), clean(&status.line))
}
