//! Firewalls of other systems: there is no way to read their rules here yet.

use std::time::Duration;

use super::{Packet, Wanted};
use crate::facts::{Firewall, Gap};

pub(super) fn may_look() -> bool {
    false
}

pub(super) fn look(
    _packet: &Packet,
    _wanted: Wanted,
    _deadline: Duration,
    _probe: impl Fn(),
) -> Result<Firewall, Gap> {
    Err(Gap::Unsupported)
}

pub(super) fn forwards(_port: u16, _deadline: Duration) -> Result<bool, Gap> {
    Err(Gap::Unsupported)
}
