//! Causes made for real, and the real binary asked about them.
//!
//! Every story has a network namespace, a mount namespace and a process table of
//! its own (`unshare`, with or without root), so port 3000 is always free, and a
//! firewall rule or a hosts file touches nothing outside. The test runs itself
//! again inside. What a machine lacks for a story is said, and the story is
//! passed over; with `DEVDOCTOR_REQUIRE_LIVE=1` it fails instead.
#![cfg(target_os = "linux")]

#[path = "live/acts.rs"]
mod acts;
#[path = "live/address.rs"]
mod address;
#[path = "editors/bring.rs"]
#[allow(dead_code, reason = "other tests need the rest")]
mod bring;
#[path = "live/client.rs"]
mod client;
#[path = "live/confined.rs"]
mod confined;
#[path = "live/databases.rs"]
mod databases;
#[path = "live/examples.rs"]
mod examples;
#[path = "live/filter.rs"]
mod filter;
#[path = "live/hops.rs"]
mod hops;
#[path = "support/machine.rs"]
mod machine;
#[path = "live/names.rs"]
mod names;
#[path = "live/outside.rs"]
mod outside;
#[path = "live/path.rs"]
mod path;
#[path = "live/port.rs"]
mod port;
#[path = "live/presence.rs"]
mod presence;
#[path = "live/process.rs"]
mod process;
#[path = "live/project.rs"]
mod project;
#[path = "live/protocol.rs"]
mod protocol;
#[path = "live/stage.rs"]
mod stage;
#[path = "live/tls.rs"]
mod tls;
#[path = "live/tunnels.rs"]
mod tunnels;
#[path = "live/units.rs"]
mod units;
#[path = "live/wait.rs"]
mod wait;
#[path = "live/way.rs"]
mod way;
#[path = "live/without.rs"]
mod without;

/// A server process of a story: this binary, called by the story with its part.
#[test]
fn act() {
    acts::play();
}
