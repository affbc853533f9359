//! How things stand, in a line: what a status bar shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Alert, Phase, ServiceLine, ServiceState, Severity, Trigger, Unseen};
use crate::facts::clean;

/// How things stand here: the answer to `devdoctor status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// `devdoctor.status/1`.
    pub schema: String,
    /// The worst of what is below, for a colour.
    pub level: Level,
    /// One short line: `3 up`, or `3000 refused: app is on 3001`.
    pub line: String,
    /// The root of the project that was asked about; null for everything there is.
    pub project: Option<String>,
    /// Its services; those of every project that the daemon knows, where none was asked about.
    pub services: Vec<ServiceLine>,
    /// How many of them are up.
    pub up: u32,
    /// The alerts that fire here, the worst first.
    pub alerts: Vec<Alert>,
    /// Parts of the world that were wanted and could not be seen.
    pub unseen: Vec<Unseen>,
    /// How the daemon is; null where none runs.
    pub daemon: Option<DaemonStatus>,
}

/// What a status bar's colour says.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing is wrong that could be seen.
    Well,
    /// Something could not be seen.
    Unknown,
    /// Something is wrong, and works.
    Warning,
    /// Something does not work.
    Problem,
}

/// How the daemon is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DaemonStatus {
    /// Its version.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// For how long it has been running, in seconds.
    pub uptime_s: u64,
    /// How the sockets are read: `sock_diag`, `/proc/net` or `netstat2`, and why not the first.
    pub sockets: String,
    /// How often they are, in times a second.
    pub rate_hz: f32,
    /// How refused connections are noticed, and why not better.
    pub radar: String,
    /// How it is noticed that servers end.
    pub ends: String,
    /// How changes of containers are noticed.
    pub containers: String,
    /// How changes of files are noticed.
    pub files: String,
    /// How notifications are shown, and why not, if they are not.
    pub notifications: String,
    /// The roots of the projects that are watched.
    pub projects: Vec<String>,
    /// What went wrong and matters still: `the state folder is full: …`.
    pub notes: Vec<String>,
    /// Its processor time since it started, in milliseconds.
    pub cpu_ms: u64,
    /// Its resident memory, in bytes.
    pub resident: u64,
}

/// The longest line of a status bar, in characters.
const LONGEST: usize = 60;

impl Status {
    /// How things stand, from what should run and what is wrong: alerts that do not fire
    /// are left out, and muted ones do not colour the line.
    #[must_use]
    pub fn new(
        project: Option<String>,
        services: Vec<ServiceLine>,
        alerts: Vec<Alert>,
        unseen: Vec<Unseen>,
        daemon: Option<DaemonStatus>,
    ) -> Self {
        let mut alerts = alerts;
        alerts.retain(|alert| alert.phase == Phase::Firing);
        alerts.sort_by_key(|alert| {
            (
                alert.muted,
                std::cmp::Reverse(alert.finding.severity),
                alert.trigger,
                alert.id,
            )
        });
        let up = services
            .iter()
            .filter(|service| service.state == ServiceState::AsExpected)
            .count();
        let loud: Vec<&Alert> = alerts.iter().filter(|alert| !alert.muted).collect();
        let level = match loud.first().map(|alert| alert.finding.severity) {
            Some(Severity::Error) => Level::Problem,
            Some(Severity::Warning) => Level::Warning,
            _ if unseen.iter().any(|part| part.part == super::PROJECT_FILES) => Level::Unknown,
            _ => Level::Well,
        };
        let line = match loud.first() {
            Some(alert) => shortened(&alert_line(alert, project.as_deref()), loud.len() - 1),
            None => up_line(up, &services),
        };
        Status {
            schema: "devdoctor.status/1".to_owned(),
            level,
            line,
            project,
            up: u32::try_from(up).unwrap_or(u32::MAX),
            services,
            alerts,
            unseen,
            daemon,
        }
    }
}

/// `3000 refused: nobody listens there`
fn alert_line(alert: &Alert, project: Option<&str>) -> String {
    let says = clean(&alert.finding.says);
    let others = alert.project.as_deref().zip(project);
    match (alert.port, alert.trigger) {
        // Two projects want the port, and the words are about the services of the other one.
        (Some(port), Trigger::Refused) if others.is_some_and(|(its, this)| its != this) => {
            format!("{port} refused")
        }
        (Some(port), Trigger::Refused) => format!("{port} refused: {says}"),
        (Some(port), Trigger::Drift) => format!("{port}: {says}"),
        (None, _) => says,
    }
}

/// `3 up`, or `2 of 3 up` where some should be and are not.
fn up_line(up: usize, services: &[ServiceLine]) -> String {
    let wanted = services.iter().filter(|service| service.profile.is_empty());
    match wanted.count() {
        0 => "nothing should run here".to_owned(),
        all if up >= all => format!("{up} up"),
        all => format!("{up} of {all} up"),
    }
}

/// The line within its bound, and how many more there are.
fn shortened(line: &str, more: usize) -> String {
    let mut text: String = line.chars().take(LONGEST).collect();
    if text.len() < line.len() {
        text.pop();
        text = text.trim_end().to_owned() + "…";
    }
    if more > 0 {
        text += &format!(" (+{more})");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::{Confidence, Finding};

    fn alert(id: u64, severity: Severity, says: &str) -> Alert {
        Alert {
            id,
            phase: Phase::Firing,
            trigger: Trigger::Refused,
            port: Some(3000),
            project: None,
            service: None,
            finding: Finding::new(Confidence::Certain, says).severity(severity),
            since: 0,
            fired: Some(0),
            resolved: None,
            refusals: 1,
            flapping: false,
            muted: false,
        }
    }

    fn status(alerts: Vec<Alert>) -> Status {
        Status::new(None, Vec::new(), alerts, Vec::new(), None)
    }

    #[test]
    fn the_worst_alert_is_the_line() {
        let told = status(vec![
            alert(1, Severity::Warning, "a warning"),
            alert(2, Severity::Error, "app is on 3001"),
        ]);
        assert_eq!(told.line, "3000 refused: app is on 3001 (+1)");
        assert_eq!(told.level, Level::Problem);
    }

    #[test]
    fn the_words_about_another_project_are_not_told_of_this_one() {
        let its = Alert {
            project: Some("/work/shop".to_owned()),
            ..alert(1, Severity::Error, "api should have port 3000")
        };
        let line = |project: &str| {
            let project = Some(project.to_owned());
            Status::new(project, Vec::new(), vec![its.clone()], Vec::new(), None).line
        };
        assert_eq!(line("/work/blog"), "3000 refused");
        assert_eq!(
            line("/work/shop"),
            "3000 refused: api should have port 3000"
        );
    }

    #[test]
    fn what_is_muted_or_does_not_fire_is_no_problem() {
        let muted = Alert {
            muted: true,
            ..alert(1, Severity::Error, "x")
        };
        let pending = Alert {
            phase: Phase::Pending,
            ..alert(2, Severity::Error, "y")
        };
        let told = status(vec![muted, pending]);
        assert_eq!((told.level, told.alerts.len()), (Level::Well, 1));
        assert_eq!(told.line, "nothing should run here");
    }

    #[test]
    fn a_long_line_is_cut_at_a_character() {
        let told = status(vec![alert(1, Severity::Error, &"ä".repeat(200))]);
        assert_eq!(told.line.chars().count(), LONGEST);
        assert!(told.line.ends_with('…'));
    }
}
