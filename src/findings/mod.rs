//! What the doctor says: plain data.
//!
//! A [`Report`] is the JSON that `devdoctor why --json` prints; fields are
//! added, never renamed.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod alert;
mod check;
mod evidence;
mod fix;
mod ports;
mod report;
mod status;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::Origin;

pub use alert::{Alert, Phase, Trigger};
pub use check::{ExpectationLine, PROJECT_FILES, ProjectReport, ServiceLine, ServiceState};
pub use evidence::{Evidence, Seen};
pub use fix::{Edit, Fix, Safety};
pub use ports::{ContainerPort, PortLine, PortsReport};
pub use report::{
    Hop, HopState, ListenerLine, LookLine, ProbeLine, Report, RuledOut, Unseen, Verdict,
};
pub use status::{DaemonStatus, Level, Status};

/// One cause, with what proves it and what mends it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The rule's code: `DD503`. Never changes, is never reused.
    pub code: String,
    /// The rule's name: `loopback-inside`.
    pub name: String,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// The cause in one sentence.
    pub says: String,
    /// Where in the project's files it stands, seen from the project's root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Every fact that the rule used, and where it was seen.
    pub evidence: Vec<Evidence>,
    /// What mends it, the best first.
    pub fixes: Vec<Fix>,
}

/// How bad a finding is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is broken by it now.
    Info,
    /// It works, and something is wrong all the same.
    Warning,
    /// It is why the connection does not work.
    Error,
}

/// How sure a finding is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// One of several explanations.
    Possible,
    /// The best explanation; a fact that would prove it could not be seen.
    Likely,
    /// The facts leave no other explanation.
    Certain,
}

impl Finding {
    /// A finding without evidence and fixes, to be filled by the rule.
    #[must_use]
    pub fn new(confidence: Confidence, says: impl Into<String>) -> Self {
        Finding {
            code: String::new(),
            name: String::new(),
            severity: Severity::Error,
            confidence,
            says: says.into(),
            origin: None,
            evidence: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// The same finding with one more piece of evidence.
    #[must_use]
    pub fn because(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// The same finding with more evidence.
    #[must_use]
    pub fn because_all(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    /// The same finding, standing at this place of the project's files.
    #[must_use]
    pub fn at(mut self, origin: &Origin) -> Self {
        self.origin = Some(origin.clone());
        self
    }

    /// The same finding with one more fix.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fixes.push(fix);
        self
    }

    /// The same finding with more fixes.
    #[must_use]
    pub fn fix_all(mut self, fixes: impl IntoIterator<Item = Fix>) -> Self {
        self.fixes.extend(fixes);
        self
    }

    /// The same finding with a severity other than the rule's own.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}
