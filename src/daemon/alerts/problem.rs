//! What looks find.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::findings::{Alert, Finding, Trigger};

/// What a look was at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// A port of this machine: it was diagnosed.
    Port(u16),
    /// A project, by its root: it was checked.
    Project(String),
}

/// A problem that a look has found.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// What made us look.
    pub trigger: Trigger,
    /// The port it is about. Whatever is wrong with one port is one alert.
    pub port: Option<u16>,
    /// The root of the project it is about.
    pub project: Option<String>,
    /// The service of the project that it is about.
    pub service: Option<String>,
    /// The cause.
    pub finding: Finding,
    /// How long it must hold before it is told, and be gone before it is withdrawn.
    pub settle: Duration,
}

/// What a look at a scope gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sight {
    /// Everything that is wrong, the worst first.
    pub problems: Vec<Problem>,
    /// Ports that work as they should, beyond doubt: somebody who belongs there listens.
    pub well: BTreeSet<u16>,
    /// Whether something was out of sight, so that what is not here may be there all the same.
    pub blind: bool,
}

/// What an alert is about: there is one alert of each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// A port: its cause may become another one.
    Port(u16),
    /// One cause in a project.
    Cause {
        code: String,
        project: Option<String>,
        service: Option<String>,
        file: Option<String>,
    },
}

impl Problem {
    pub(super) fn subject(&self) -> Subject {
        subject(self.port, &self.finding, &self.project, &self.service)
    }
}

impl Subject {
    pub(super) fn of_alert(alert: &Alert) -> Self {
        subject(alert.port, &alert.finding, &alert.project, &alert.service)
    }
}

fn subject(
    port: Option<u16>,
    finding: &Finding,
    project: &Option<String>,
    service: &Option<String>,
) -> Subject {
    match port {
        Some(port) => Subject::Port(port),
        None => Subject::Cause {
            code: finding.code.clone(),
            project: project.clone(),
            service: service.clone(),
            // The line moves with every edit.
            file: finding.origin.as_ref().map(|origin| origin.file.clone()),
        },
    }
}
