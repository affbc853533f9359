//! How things stand, in a line: what a status bar shows.

use serde::{Deserialize, Serialize};

use super::{Alert, ServiceLine, Unseen};

/// How things stand here: the answer to `devdoctor status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
