//! What the files of a whole project say, and what runs of it.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Finding, Severity, Unseen};
use crate::facts::{LeftOut, Origin, Proto, SetBy, UnknownSetting};

/// The name of the files of a project among the parts that can be unseen.
pub const PROJECT_FILES: &str = "project-files";

/// One look at a whole project: the answer to `devdoctor check`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProjectReport {
    /// `devdoctor.check/1`.
    pub schema: String,
    /// The project's folder.
    pub root: String,
    /// What should run, in the order of the files.
    pub services: Vec<ServiceLine>,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
    /// Parts of the world that were wanted and could not be seen.
    pub unseen: Vec<Unseen>,
    /// What of the project's files does not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// One service of a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceLine {
    /// Its name.
    pub name: String,
    /// The file that names it.
    pub source: String,
    /// The key of its framework in the catalogue, if it was recognised.
    pub framework: Option<String>,
    /// The ports that it should have.
    pub expects: Vec<ExpectationLine>,
    /// What of its ports and addresses cannot be known without running code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UnknownSetting>,
    /// Its compose profiles, where none of them is on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profile: Vec<String>,
    /// The worst that any of its ports is in.
    pub state: ServiceState,
    /// Who that is: its own process or container, or whoever has its port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// Where a browser opens it, if it is up and its framework speaks HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// One port that a service should have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExpectationLine {
    /// The port on this machine; null where the engine or the system chooses one.
    pub port: Option<u16>,
    /// The host or address as it is written.
    pub host: Option<String>,
    /// TCP or UDP.
    pub protocol: Proto,
    /// The port inside the container.
    pub target: Option<u16>,
    /// Where that is said.
    pub origin: Origin,
    /// By what it is set.
    pub by: SetBy,
    /// Whether nothing else that could be seen may set it otherwise.
    pub certain: bool,
    /// How it stands.
    pub state: ServiceState,
    /// Where its own sockets are, where they are elsewhere or where none was set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at: Vec<SocketAddr>,
    /// Who has the port, or where it is none of ours, who has taken it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
}

/// How a service stands. A later one is worse.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceState {
    /// It listens where it should.
    AsExpected,
    /// It could not be seen whether it runs, or who has its port.
    Unknown,
    /// It does not run, and its port is free.
    Down,
    /// It runs, on another port or address.
    Elsewhere,
    /// Somebody else has its port.
    Taken,
}

impl ServiceState {
    /// The word used in JSON and on the terminal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ServiceState::AsExpected => "as-expected",
            ServiceState::Unknown => "unknown",
            ServiceState::Down => "down",
            ServiceState::Elsewhere => "elsewhere",
            ServiceState::Taken => "taken",
        }
    }
}

impl ProjectReport {
    /// The exit code: 0 nothing wrong, 1 a problem was found, 3 too little could be seen
    /// to tell. A service that is down is no problem by itself.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.findings.iter().any(|f| f.severity > Severity::Info) {
            return 1;
        }
        if self.is_blind() { 3 } else { 0 }
    }

    /// Whether not even the project's files could be read.
    #[must_use]
    pub fn is_blind(&self) -> bool {
        self.unseen
            .iter()
            .any(|unseen| unseen.part == PROJECT_FILES)
    }
}
