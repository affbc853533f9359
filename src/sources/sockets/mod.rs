//! Listening sockets.

use crate::facts::{Gap, Known, Listener};

/// The TCP listeners of our own network namespace, and the way they were read.
#[derive(Debug, Clone)]
pub struct Sockets {
    /// The listeners, without their owners.
    pub listeners: Known<Vec<Listener>>,
    /// `sock_diag`, `/proc/net` or `netstat2`, and why not an earlier one.
    pub by: String,
}

/// Every TCP listener, or only those on one port.
#[must_use]
pub fn listeners(_port: Option<u16>) -> Sockets {
    Sockets {
        listeners: Known::Unseen(Gap::NotAsked),
        by: String::new(),
    }
}

/// Every UDP socket that is bound to a port, or only those on one port.
#[must_use]
pub fn udp(_port: Option<u16>) -> Known<Vec<Listener>> {
    Known::Unseen(Gap::NotAsked)
}

/// The paths of listening unix sockets.
#[must_use]
pub fn unix_listeners() -> Known<Vec<String>> {
    Known::Unseen(Gap::NotAsked)
}

/// TCP listeners on the port in other network namespaces, one representative
/// process each as the owner.
#[must_use]
pub fn elsewhere(_port: u16) -> Known<Vec<Listener>> {
    Known::Unseen(Gap::NotAsked)
}
