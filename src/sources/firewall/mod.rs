//! The firewall's rules, where this user may read them.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
mod os;

use std::net::SocketAddr;
use std::time::Duration;

use crate::facts::{Firewall, Known};

/// The first packet of a connection, whose way through the rules is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Where it goes.
    pub to: SocketAddr,
    /// By which way.
    pub course: Course,
}

/// The way of a packet, as far as this machine is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Course {
    /// From this machine to itself: it leaves and enters by the loopback interface.
    Within,
    /// From this machine to another.
    Out,
    /// From another machine to this one, by this interface.
    In(Option<String>),
}

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

/// The rules that may take this packet.
///
/// `probe` makes one attempt to connect: the rules are read before and after it,
/// so that a counter that moved proves which rule took the packet. For a packet that
/// comes from elsewhere no probe is made.
#[must_use]
pub fn look(
    packet: &Packet,
    wanted: Wanted,
    deadline: Duration,
    probe: impl Fn(),
) -> Known<Firewall> {
    os::look(packet, wanted, deadline, probe).into()
}

/// Whether the NAT rules send a connection to this port to another address, as engines
/// do that publish a container's port.
#[must_use]
pub fn forwards(port: u16, deadline: Duration) -> Known<bool> {
    os::forwards(port, deadline).into()
}
