//! What has to do with a port besides its listeners: other sockets on it, what the
//! system lets a process bind, services of the system, files that servers leave.
//!
//! These parts were added after the first snapshots had been recorded. A snapshot
//! without one of them means that there was nothing of the kind; a look that was not
//! made says so.

use std::net::SocketAddr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Gap, Known, ProcId};

/// A TCP socket that has a port of interest and does not listen on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// The local address.
    pub at: SocketAddr,
    /// The other end; nothing for a socket that is bound only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<SocketAddr>,
    /// How far it is.
    pub state: ConnectionState,
    /// The processes that hold the socket.
    #[serde(default)]
    pub owners: Known<Vec<ProcId>>,
    /// The user that created the socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The kernel's inode number of the socket; 0 where no process has it any more.
    #[serde(default)]
    pub inode: u64,
    /// For how many milliseconds the system still keeps it, once it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_ms: Option<u32>,
}

/// How far a TCP socket is that does not listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionState {
    /// It has its port, and neither `listen` nor `connect` was called.
    Bound,
    /// The handshake is under way.
    Connecting,
    /// It is connected.
    Established,
    /// One of its ends, or both, have closed it.
    Closing,
    /// Both ends have closed it; the system keeps its port for a while.
    TimeWait,
}

/// What the system lets a process bind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Binding {
    /// The lowest port that any user may bind (Linux: `ip_unprivileged_port_start`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unprivileged_from: Option<u16>,
    /// Whether this user's own programs may bind lower ports all the same: they run as
    /// root, or with the capability for it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub privileged: bool,
    /// The ports from which outgoing connections take theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outgoing: Option<PortRange>,
    /// Ports that the system keeps from everybody (Windows: excluded port ranges).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reserved: Vec<PortRange>,
}

/// Ports from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortRange {
    /// The first port.
    pub first: u16,
    /// The last port.
    pub last: u16,
    /// Whether an administrator excluded them by hand: they are kept from outgoing
    /// connections only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_hand: bool,
}

impl PortRange {
    /// Whether the port is one of them.
    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }
}

/// A service of the system that has to do with the asked port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// Its name: `postgresql.service`.
    pub name: String,
    /// Who looks after it.
    pub manager: Manager,
    /// Whether it runs.
    pub state: UnitState,
    /// What the manager says of its end, if that was none as it should be: `exit-code`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// With which status its process ended, where that was a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_status: Option<i32>,
    /// Whether it is started with the machine or the session; nothing where that is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether it is forbidden to start it (systemd: masked).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub masked: bool,
    /// The service that it starts, if it is a socket that starts one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<String>,
    /// The file that names the asked port for it; nothing where the port is only known
    /// to be its usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named_in: Option<String>,
}

/// Who looks after services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Manager {
    /// systemd, of the machine.
    Systemd,
    /// systemd, of the user.
    SystemdUser,
    /// Homebrew's services, which launchd runs.
    Brew,
    /// The service control manager of Windows.
    Windows,
}

/// Whether a service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UnitState {
    /// It runs, or did what it is for.
    Active,
    /// It is on its way, or waits to be started again after a failure.
    Starting,
    /// It does not run.
    Inactive,
    /// It ended with a failure.
    Failed,
}

/// A file by which a server says that it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PidFile {
    /// Its path.
    pub file: String,
    /// The key of the framework whose server writes it.
    pub framework: String,
    /// The process that it names; nothing where it names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Who has that pid now: one process or none.
    #[serde(default)]
    pub holder: Known<Vec<ProcId>>,
    /// Seconds since it was written.
    #[serde(default)]
    pub age_s: u64,
}

/// What a snapshot means that does not tell of a list.
pub(super) fn none<T>() -> Known<Arc<[T]>> {
    Known::Seen(Arc::default())
}

/// Whether a list was seen and is empty.
pub(super) fn is_none<T>(list: &Known<Arc<[T]>>) -> bool {
    list.seen().is_some_and(|list| list.is_empty())
}

/// What a snapshot means that does not tell what may be bound.
pub(super) fn unlimited() -> Known<Binding> {
    Known::Seen(Binding::default())
}

/// Whether nothing is known to be limited.
pub(super) fn is_unlimited(binding: &Known<Binding>) -> bool {
    binding.seen() == Some(&Binding::default())
}

/// Whether nothing more can be there than was seen: it was looked at, or the system has
/// no such thing.
pub(super) fn is_settled<T>(known: &Known<T>) -> bool {
    matches!(
        known,
        Known::Seen(_) | Known::Unseen(Gap::NotRunning | Gap::Unsupported)
    )
}
