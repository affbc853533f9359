//! The ways out of macOS, by its own tool.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::netstat;
use crate::facts::{Gap, Gateway, Known};
use crate::sources::tool::Command;

/// The ways out of this machine.
pub(super) fn gateways(budget: Duration) -> Known<Vec<Gateway>> {
    let said =
        Command::named("netstat").and_then(|tool| tool.run(&["-rn"], Instant::now() + budget));
    said.map(|said| netstat::gateways(&said)).into()
}

/// Whether a neighbour was found on its network.
pub(super) fn is_neighbour_there(_ip: IpAddr) -> Known<bool> {
    Known::Unseen(Gap::Unsupported)
}
