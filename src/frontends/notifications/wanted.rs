//! Whether an alert is worth a notification.

use crate::findings::{Alert, Phase, Seen, Severity, Trigger};
use crate::settings::Notify;

/// Whether the user is to be told of an alert at all.
pub(super) fn wanted(alert: &Alert, wish: Notify) -> bool {
    let holds = alert.phase == Phase::Firing && !alert.muted;
    let matters = alert.finding.severity > Severity::Info;
    let wished = match (wish, alert.trigger) {
        (Notify::Off, _) | (Notify::Refused, Trigger::Drift) => false,
        (Notify::All, Trigger::Drift) => true,
        (Notify::Refused | Notify::All, Trigger::Refused) => expected(alert),
    };
    holds && matters && wished
}

/// Findings that say no more than that nobody was there, or that it could not be seen.
const NOTHING_KNOWN: [&str; 3] = ["nothing-listens", "blind-spot", "unexplained"];

/// Whether somebody expects a server there: a project does, or a fact tells of one.
///
/// Programs dial ports in vain all day long: a browser that looks for a debugger, a scan.
fn expected(alert: &Alert) -> bool {
    let finding = &alert.finding;
    let said_by_a_file = || {
        let mut seen = finding.evidence.iter().map(|evidence| &evidence.seen);
        seen.any(|seen| matches!(seen, Seen::File { .. }))
    };
    alert.project.is_some() || !NOTHING_KNOWN.contains(&finding.name.as_str()) || said_by_a_file()
}
