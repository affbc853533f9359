//! The firewall's rules, where this user may read them.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
mod os;

use std::time::Duration;

use crate::facts::{Firewall, Known};

/// The rules that may take a packet to this port.
///
/// `probe` makes one attempt to connect: the rules are read before and after it,
/// so that a counter that moved proves which rule took the packet.
#[must_use]
pub fn look(port: u16, deadline: Duration, probe: impl Fn()) -> Known<Firewall> {
    os::look(port, deadline, probe).into()
}

/// Whether the NAT rules send a connection to this port to another address, as engines
/// do that publish a container's port.
#[must_use]
pub fn forwards(port: u16, deadline: Duration) -> Known<bool> {
    os::forwards(port, deadline).into()
}
