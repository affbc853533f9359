//! Problems over time: what the daemon watches and tells of unasked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Finding;

/// One problem, from the moment it is first seen until it is gone: one per cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Alert {
    /// Its number. It is kept across restarts of the daemon, and never given again.
    pub id: u64,
    /// Where it is in its life.
    pub phase: Phase,
    /// What brought it up.
    pub trigger: Trigger,
    /// The port it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The root of the project it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The service of the project that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The cause, its evidence and what mends it, as it was found last.
    pub finding: Finding,
    /// When it was first seen, in milliseconds since the Unix epoch.
    pub since: u64,
    /// When it began to fire, likewise; null while it is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fired: Option<u64>,
    /// When it was gone, likewise; null until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<u64>,
    /// How many refused connections were noticed since it was first seen.
    #[serde(default)]
    pub refusals: u64,
    /// Whether it has come and gone so often of late that its coming and going is told no
    /// more, until it stays one or the other.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flapping: bool,
    /// Whether the user does not want to be told of it.
    #[serde(default)]
    pub muted: bool,
}

/// Where an alert is in its life.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Seen, and not yet for as long as its rule wants: a restart may be under way.
    Pending,
    /// It holds.
    Firing,
    /// It is gone.
    Resolved,
}

/// What brought an alert up.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// A connection was refused.
    Refused,
    /// What a project's files say and what runs have parted.
    Drift,
}

impl Alert {
    /// A problem of a project that was seen just now, by nobody who remembers.
    #[must_use]
    pub fn seen(finding: Finding, project: &str) -> Self {
        Alert {
            id: 0,
            phase: Phase::Firing,
            trigger: Trigger::Drift,
            port: None,
            project: Some(project.to_owned()),
            service: None,
            finding,
            since: 0,
            fired: None,
            resolved: None,
            refusals: 0,
            flapping: false,
            muted: false,
        }
    }
}
