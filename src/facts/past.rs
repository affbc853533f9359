//! What was: who owned a port before, and connections that were refused.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Departed, Known, ProcId};

/// Somebody who owned a port, from when to when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PastOwner {
    /// The port.
    pub port: u16,
    /// The addresses it listened on.
    pub at: Vec<SocketAddr>,
    /// Who it was; pid 0 where only the container behind the port could be seen.
    pub id: ProcId,
    /// The name a person would use.
    pub name: String,
    /// The key of its framework in the catalogue, if it was recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framework: Option<String>,
    /// Its working folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// The root of its project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The container behind the port, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The watcher above it that may start it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watcher: Option<ProcId>,
    /// When it was first seen to listen, in milliseconds since the Unix epoch.
    pub from: u64,
    /// When it was seen to listen no more, likewise; null while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// Whether it went while nobody watched: `until` is only when it was found gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub missed: bool,
    /// How it ended; unseen where that could not be learnt, `NotAsked` while it listens.
    #[serde(default)]
    pub ended: Known<Ended>,
}

/// How a former owner of a port ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// It lives, and closed the port.
    ClosedThePort,
    /// It exited with this status.
    Exited(i32),
    /// It was killed by this signal.
    Killed(i32),
    /// The kernel killed it because memory had run out.
    OutOfMemory,
    /// It has gone, and nobody could say how.
    Gone,
}

/// A connection to a port of this machine that was refused just now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// Where it was to go.
    pub to: SocketAddr,
    /// Where it came from.
    pub from: SocketAddr,
    /// The client, where it could be seen.
    #[serde(default)]
    pub client: Known<ProcId>,
}

impl Ended {
    /// In words that follow a name: `exited with 1`, `was killed by SIGKILL`.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Ended::ClosedThePort => "closed the port and runs on".to_owned(),
            Ended::Exited(status) => format!("exited with {status}"),
            Ended::Killed(signal) => format!("was killed by {}", signal_name(*signal)),
            Ended::OutOfMemory => "was killed because memory had run out".to_owned(),
            Ended::Gone => "has gone".to_owned(),
        }
    }
}

/// The name of a signal that ends processes: `SIGKILL`.
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}

impl PastOwner {
    /// The same as a fact of a diagnosis at this moment (milliseconds since the Unix
    /// epoch), if it has left the port and it is known whether it has ended; `restarts`
    /// is how often its like fell and came back.
    #[must_use]
    pub fn departed(&self, now: u64, restarts: u32) -> Option<Departed> {
        let until = self.until?;
        if self.ended.is_not_asked() {
            return None;
        }
        let ended = self.ended.seen().unwrap_or(&Ended::Gone);
        // While nobody watched, it may have gone at any time.
        let seconds = |from: u64, to: u64| {
            let seconds = to.saturating_sub(from) / 1000;
            (!self.missed).then_some(seconds)
        };
        Some(Departed {
            port: Some(self.port),
            id: (self.id.pid != 0 && self.container.is_none()).then_some(self.id),
            name: self.name.clone(),
            project: self.project.clone(),
            container: self.container.clone(),
            ended: ended.words(),
            ago_s: seconds(until, now),
            held_s: seconds(self.from, until),
            watcher: self.watcher,
            restarts,
            seen_in: "the daemon's memory".to_owned(),
        })
    }
}

impl Departed {
    /// Whether it closed its port, and has not ended.
    #[must_use]
    pub fn lives(&self) -> bool {
        self.ended == Ended::ClosedThePort.words()
    }
}
