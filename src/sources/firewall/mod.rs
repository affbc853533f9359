//! The firewall's rules, where this user may read them.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
mod os;

use std::time::Duration;

use crate::facts::{Firewall, Known};

/// Which rules are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Every rule that may take the packet.
    All,
    /// Those that send it elsewhere: without one, no probe is made.
    Redirects,
    /// Those that stop it, likewise.
    Blocks,
}

/// Whether this user may read the rules at all.
#[must_use]
pub fn may_look() -> bool {
    os::may_look()
}

/// The rules that may take a packet to this port.
///
/// `probe` makes one attempt to connect: the rules are read before and after it,
/// so that a counter that moved proves which rule took the packet.
#[must_use]
pub fn look(port: u16, wanted: Wanted, deadline: Duration, probe: impl Fn()) -> Known<Firewall> {
    os::look(port, wanted, deadline, probe).into()
}

/// Whether the NAT rules send a connection to this port to another address, as engines
/// do that publish a container's port.
#[must_use]
pub fn forwards(port: u16, deadline: Duration) -> Known<bool> {
    os::forwards(port, deadline).into()
}
