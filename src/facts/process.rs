//! Processes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Framework, Known, catalogue};

/// Who a process is: a pid alone lies once it is reused.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct ProcId {
    /// The process id.
    pub pid: u32,
    /// When it started, in the system's own unit (Linux: clock ticks since boot).
    #[serde(default)]
    pub started: u64,
}

/// One process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// Who it is.
    pub id: ProcId,
    /// The parent's pid; 0 for none.
    #[serde(default)]
    pub parent: u32,
    /// The kernel's short name (`comm`).
    #[serde(default)]
    pub comm: String,
    /// The name a person would use: `next dev`, `manage.py runserver`, `postgres`.
    #[serde(default)]
    pub name: String,
    /// The key of its framework in the catalogue, if it was recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framework: Option<String>,
    /// The command line.
    #[serde(default)]
    pub argv: Known<Vec<String>>,
    /// The program's file.
    #[serde(default)]
    pub exe: Known<String>,
    /// Whether the program's file has been replaced or removed since it started.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exe_deleted: bool,
    /// The working folder.
    #[serde(default)]
    pub cwd: Known<String>,
    /// The root of the project that the working folder belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// What it is doing.
    #[serde(default)]
    pub state: ProcState,
    /// The user it runs as.
    #[serde(default)]
    pub uid: u32,
    /// That user's name, where the system knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The pid of the debugger that traces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracer: Option<u32>,
    /// Whether it has a controlling terminal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub terminal: bool,
    /// File descriptors in use against the limit.
    #[serde(default)]
    pub fds: Known<FdUse>,
    /// Processor time used over a stretch of time that was watched.
    #[serde(default)]
    pub cpu: Known<CpuUse>,
    /// Age in seconds.
    #[serde(default)]
    pub age_s: u64,
    /// The variables of its environment that may set its port, where they were looked
    /// at: `PORT` and `4000`. A value that is no port is left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ports_set: BTreeMap<String, u16>,
    /// Its cgroup, as a path below the cgroup root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<String>,
    /// Its children's count and the age of the oldest, in seconds, where that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_child_s: Option<u64>,
}

impl Process {
    /// The catalogue's row of its framework.
    #[must_use]
    pub fn row(&self) -> Option<&'static Framework> {
        catalogue().framework(self.framework.as_deref()?)
    }
}

/// What a process is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProcState {
    /// On a processor, or ready to be.
    Running,
    /// Waiting for something to happen.
    #[default]
    Sleeping,
    /// Waiting for the disk or the network file system.
    Blocked,
    /// Stopped by a signal (Ctrl-Z).
    Stopped,
    /// Stopped by a debugger.
    Traced,
    /// Ended, and not yet collected by its parent.
    Zombie,
}

/// File descriptors of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FdUse {
    /// Descriptors open now.
    pub open: u64,
    /// The soft limit.
    pub limit: u64,
}

/// Processor time over a stretch of real time, both in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CpuUse {
    /// Processor time used.
    pub used_ms: u64,
    /// Over how long.
    pub over_ms: u64,
}

impl CpuUse {
    /// Share of one core, in percent.
    #[must_use]
    pub fn percent(self) -> u64 {
        self.used_ms
            .saturating_mul(100)
            .checked_div(self.over_ms)
            .unwrap_or(0)
    }
}

/// A process that owned a port, or was about to, and has gone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Departed {
    /// The port it owned, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Who it was, where the daemon saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ProcId>,
    /// Its name.
    pub name: String,
    /// The root of its project, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The container it ran in, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// How it ended, in words: `exited with 1`, `killed by SIGKILL`, `out of memory`.
    pub ended: String,
    /// Seconds since it ended, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ago_s: Option<u64>,
    /// For how many seconds it had the port, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_s: Option<u64>,
    /// The watcher that is still alive and will start it again: `nodemon`, `cargo watch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watcher: Option<ProcId>,
    /// How often it has been seen to restart within the watched stretch of time.
    #[serde(default)]
    pub restarts: u32,
    /// Where this was seen: a path, a container's state, a probe.
    pub seen_in: String,
}
