//! The ways out of macOS and its neighbours, by its own tools.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::{PATIENCE, neighbours, netstat};
use crate::facts::{Gateway, Known};
use crate::sources::tool::Command;

/// The ways out of this machine.
pub(super) fn gateways(budget: Duration) -> Known<Vec<Gateway>> {
    let said =
        Command::named("netstat").and_then(|tool| tool.run(&["-rn"], Instant::now() + budget));
    said.map(|said| netstat::gateways(&said)).into()
}

/// Whether a neighbour was found on its network, by the tables that the system keeps.
pub(super) fn is_neighbour_there(ip: IpAddr) -> Known<bool> {
    let tool = if ip.is_ipv4() { "arp" } else { "ndp" };
    let said = Command::named(tool).and_then(|tool| tool.run(&["-an"], Instant::now() + PATIENCE));
    match said {
        Ok(said) => neighbours::is_there(&said, ip),
        Err(gap) => Known::Unseen(gap),
    }
}
