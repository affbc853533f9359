//! What listens on this machine, a line a socket.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Unseen;
use crate::facts::{Proto, Queue, Scope};

/// What listens: the answer to `devdoctor ports`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PortsReport {
    /// `devdoctor.ports/1`.
    pub schema: String,
    /// The sockets, sorted by port.
    pub ports: Vec<PortLine>,
    /// Parts of the world that were wanted and could not be seen.
    pub unseen: Vec<Unseen>,
}

/// One row of `devdoctor ports`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PortLine {
    /// The address.
    pub at: SocketAddr,
    /// TCP or UDP.
    pub proto: Proto,
    /// From where it can be reached.
    pub scope: Scope,
    /// `IPV6_V6ONLY` of an IPv6 wildcard; null where it does not matter or is not known.
    pub v6only: Option<bool>,
    /// The owner's pid, if it could be seen.
    pub pid: Option<u32>,
    /// The owner's name, as a person would say it.
    pub name: Option<String>,
    /// The user that made the socket.
    pub uid: Option<u32>,
    /// The user's name, or the number where it has none.
    pub user: Option<String>,
    /// The owner's project folder.
    pub project: Option<String>,
    /// The owner's working folder.
    pub cwd: Option<String>,
    /// The owner's age in seconds.
    pub age_s: Option<u64>,
    /// Connections that wait to be accepted, and the room for them.
    pub queue: Option<Queue>,
    /// The container that the port leads into.
    pub container: Option<ContainerPort>,
    /// The cgroup, where the owner itself could not be seen.
    pub cgroup: Option<String>,
    /// Why the owner could not be seen.
    pub owner_unseen: Option<String>,
}

/// A container and the port inside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContainerPort {
    /// The container's name.
    pub name: String,
    /// The compose service, if it is one.
    pub service: Option<String>,
    /// The port inside.
    pub port: u16,
}
