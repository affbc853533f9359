//! The firewall's rules, where this user may read them.

#[cfg(any(windows, test))]
mod advfirewall;
#[cfg(any(target_os = "macos", test))]
mod alf;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod os;
#[allow(dead_code, reason = "no system needs all of it")]
mod packet;
#[cfg(any(target_os = "macos", test))]
mod pf;
#[allow(dead_code, reason = "no system needs all of it")]
mod ports;
#[allow(dead_code, reason = "no system needs all of it")]
mod read;

/// The code for other systems is compiled on this one too, so that it is kept up.
#[cfg(all(test, unix))]
#[allow(dead_code)]
#[path = "macos.rs"]
mod on_macos;
#[cfg(test)]
#[allow(dead_code)]
#[path = "windows.rs"]
mod on_windows;

use std::cell::Cell;
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
    /// The program of whoever listens there, where that was seen: some firewalls judge
    /// programs.
    pub program: Option<String>,
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

/// The same where no probe is needed to tell; nothing where the rules must be read again,
/// around one. No packet is sent, so it may be looked beside whoever sends some.
#[must_use]
pub fn look_only(packet: &Packet, wanted: Wanted, deadline: Duration) -> Known<Option<Firewall>> {
    let probed = Cell::new(false);
    let seen = look(packet, wanted, deadline, || probed.set(true));
    seen.map(|firewall| (!probed.get()).then_some(firewall))
}

/// Whether the NAT rules send a connection to this port to another address, as engines
/// do that publish a container's port.
#[must_use]
pub fn forwards(port: u16, deadline: Duration) -> Known<bool> {
    os::forwards(port, deadline).into()
}
