//! What a container calls: the addresses that it was given, and the calls that it wrote
//! of as failed.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An address that a container was given: by a variable of its environment or a word of
/// its command. Nothing else of those is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Dialled {
    /// The variable that holds it; empty for a word of the command.
    pub by: String,
    /// The host: `localhost`, `host.docker.internal`, a service's name.
    pub host: String,
    /// The port, written or the scheme's own.
    pub port: u16,
}

/// A call that a container wrote of as failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FailedDial {
    /// Whom it called: a name or an address.
    pub host: String,
    /// On which port, where it wrote that.
    pub port: Option<u16>,
    /// How it failed.
    pub how: DialFailure,
    /// The line that says so.
    pub line: String,
}

/// How a call failed, in the words of whoever made it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DialFailure {
    /// Nobody took it.
    #[default]
    Refused,
    /// The name has no address.
    Unresolved,
    /// Nobody answered.
    TimedOut,
}

impl DialFailure {
    /// The word that the failure has in a sentence: `was refused`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            DialFailure::Refused => "was refused",
            DialFailure::Unresolved => "found no such name",
            DialFailure::TimedOut => "got no answer",
        }
    }
}

/// The asked port at another place than the loopback of the container we stand in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextDoor {
    /// By which name, or address, it is dialled from here.
    pub host: String,
    /// The service of the project's files whose name that is; nothing for the machine
    /// that runs the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Whether somebody takes connections there; nothing if the name has no address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes: Option<bool>,
}

/// Names that engines give, inside containers, to the machine that runs them: Docker, Podman,
/// and those that run them in a machine of their own (Lima and Colima, OrbStack, Rancher
/// Desktop, minikube).
const MACHINE: &[&str] = &[
    "host.docker.internal",
    "gateway.docker.internal",
    "host.containers.internal",
    "host.lima.internal",
    "host.minikube.internal",
    "host.orb.internal",
    "host.rancher-desktop.internal",
];

/// Whether this name, inside a container, is the machine that runs it.
#[must_use]
pub fn is_machine_name(host: &str) -> bool {
    MACHINE.iter().any(|name| name.eq_ignore_ascii_case(host))
}

/// Whether this host is the loopback of whoever dials it.
#[must_use]
pub fn is_own_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.to_canonical().is_loopback() || ip.is_unspecified())
}
