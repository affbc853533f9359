//! The ways out of Windows and its neighbours, by its own tools.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::{PATIENCE, neighbours, route_print};
use crate::facts::{Gateway, Known};
use crate::sources::tool::Command;

/// The ways out of this machine.
pub(super) fn gateways(budget: Duration) -> Known<Vec<Gateway>> {
    let said =
        Command::named("route.exe").and_then(|tool| tool.run(&["print"], Instant::now() + budget));
    said.map(|said| route_print::gateways(&said)).into()
}

/// Whether a neighbour was found on its network, by the tables that the system keeps.
pub(super) fn is_neighbour_there(ip: IpAddr) -> Known<bool> {
    let family = if ip.is_ipv4() { "ipv4" } else { "ipv6" };
    let words = ["interface", family, "show", "neighbors"];
    let said =
        Command::named("netsh.exe").and_then(|tool| tool.run(&words, Instant::now() + PATIENCE));
    match said {
        Ok(said) => neighbours::is_there(&said, ip),
        Err(gap) => Known::Unseen(gap),
    }
}
