//! One diagnosis, whole.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Finding, Severity};
use crate::facts::{Gap, LeftOut, Outcome, Scope, Target};

/// One diagnosis: the answer to `devdoctor why TARGET`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// `devdoctor.why/1`.
    pub schema: String,
    /// What was asked about.
    pub target: Target,
    /// What a client meets there.
    pub verdict: Verdict,
    /// Causes only, the root cause first.
    pub findings: Vec<Finding>,
    /// What connecting gave, an address each.
    pub probes: Vec<ProbeLine>,
    /// Who listens on the port.
    pub listeners: Vec<ListenerLine>,
    /// The way of a connection where others stand between the client and the server, in
    /// its order; empty where it ends at the listener.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<Hop>,
    /// The browser profiles that were read, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browsers: Option<Vec<String>>,
    /// Where devdoctor looked from, where that is not where the user's browser is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vantage: Option<String>,
    /// Parts of the world that were wanted and could not be seen.
    pub unseen: Vec<Unseen>,
    /// What of the project's files does not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// What was ruled out, and by which fact.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ruled_out: Vec<RuledOut>,
    /// Every look that was made, in the order in which what they saw was taken in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<LookLine>,
    /// How long the diagnosis took, in milliseconds.
    pub took_ms: u64,
}

/// One place that a connection passes on its way to the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hop {
    /// What stands there: `docker-proxy on 0.0.0.0:3000`, `nobody on 8080 inside shop-web-1`.
    pub at: String,
    /// Whether a connection gets through.
    pub state: HopState,
    /// The fact that says so, in a few words, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// Whether a connection gets through one place on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HopState {
    /// It does.
    Ok,
    /// It ends here.
    Failed,
    /// Nobody could look.
    Unknown,
}

/// One look at the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LookLine {
    /// What was looked at: `sockets`, `probes`, `containers`.
    pub what: String,
    /// What was seen, in a few words.
    pub saw: String,
    /// How long it took, in microseconds; for a look beside others, until it was needed.
    pub took_us: u64,
}

/// What a client meets at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It answers, on every address that was dialled.
    Reachable,
    /// Refused on every address.
    Refused,
    /// Connected, then reset or closed before a byte came.
    Reset,
    /// Connected, and no byte came in time.
    Silent,
    /// No answer to the attempt to connect.
    TimedOut,
    /// No way there, or forbidden.
    Unreachable,
    /// The name has no address.
    Unresolved,
    /// It answers in another protocol than was asked.
    BadProtocol,
    /// It answers with an HTTP error status.
    ErrorStatus,
    /// Nobody connected.
    NotDialled,
    /// It differs between the addresses of the name.
    Mixed,
}

impl Verdict {
    /// The word used in JSON and on the terminal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Reachable => "reachable",
            Verdict::Refused => "refused",
            Verdict::Reset => "reset",
            Verdict::Silent => "silent",
            Verdict::TimedOut => "timed-out",
            Verdict::Unreachable => "unreachable",
            Verdict::Unresolved => "unresolved",
            Verdict::BadProtocol => "bad-protocol",
            Verdict::ErrorStatus => "error-status",
            Verdict::NotDialled => "not-dialled",
            Verdict::Mixed => "mixed",
        }
    }
}

/// One probe, as the report shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeLine {
    /// The address.
    pub to: SocketAddr,
    /// What came of it.
    pub outcome: Outcome,
    /// The system's error number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<i32>,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// What the other end said, in a few words: `HTTP 200`, `PostgreSQL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// One listener, as reports and `devdoctor ports` show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ListenerLine {
    /// The address.
    pub at: SocketAddr,
    /// The owner's pid, if it could be seen.
    pub pid: Option<u32>,
    /// The owner's name, as a person would say it.
    pub name: Option<String>,
    /// The user that made the socket.
    pub uid: Option<u32>,
    /// From where it can be reached.
    pub scope: Scope,
    /// The container behind it.
    pub container: Option<String>,
    /// The owner's project folder.
    pub project: Option<String>,
}

/// A part of the world that could not be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unseen {
    /// The part: `containers`, `owner of [::]:3000`.
    pub part: String,
    /// Why: `forbidden`, `not-running`, …
    pub gap: String,
    /// The same in words, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Unseen {
    /// A part and the gap it leaves.
    #[must_use]
    pub fn new(part: impl Into<String>, gap: &Gap) -> Self {
        Unseen {
            part: part.into(),
            gap: gap.word().to_owned(),
            why: matches!(gap, Gap::Failed(_)).then(|| gap.to_string()),
        }
    }
}

/// A cause that was considered and is not it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuledOut {
    /// What was considered: a rule's code, or a kind of cause.
    pub what: String,
    /// The fact that excludes it.
    pub by: String,
}

impl Report {
    /// The exit code: 0 nothing wrong, 1 a problem was found, 3 too little could be seen to tell.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let problem = |finding: &&Finding| finding.severity > Severity::Info;
        match self.findings.iter().find(problem) {
            Some(first) if first.name == "blind-spot" => 3,
            Some(_) => 1,
            None if self.verdict == Verdict::NotDialled => 3,
            None => 0,
        }
    }
}
