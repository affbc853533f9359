//! Limits of the kernel, and what it keeps a process from: settings, counters, and the
//! state of our own process.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
mod os;

use std::net::SocketAddr;
use std::time::Duration;

use crate::facts::{Confinement, Known, SourcePorts, Tracking};

/// The source ports that are left for connections to this address.
#[must_use]
pub fn source_ports(to: SocketAddr, deadline: Duration) -> Known<SourcePorts> {
    os::source_ports(to, deadline).into()
}

/// The table of tracked connections. Where it is nearly full, `knock` makes one attempt
/// to connect, so that a counter that moved proves what became of it.
#[must_use]
pub fn tracking(knock: impl Fn()) -> Known<Tracking> {
    os::tracking(knock).into()
}

/// What keeps our own process from the network. It connects to nobody but itself.
#[must_use]
pub fn confinement() -> Known<Confinement> {
    os::confinement().into()
}
