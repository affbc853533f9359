//! The firewall's rules, where this user may read them.

use std::time::Duration;

use crate::facts::{Firewall, Known};

/// The rules that may take a packet to this port.
///
/// `probe` makes one attempt to connect: the rules are read before and after it,
/// so that a counter that moved proves which rule took the packet.
#[must_use]
pub fn look(_port: u16, _deadline: Duration, _probe: impl Fn()) -> Known<Firewall> {
    Known::default()
}
