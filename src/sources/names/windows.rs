//! How names are found on Windows, by its own tools.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::config::ResolvConf;
use super::{ipconfig, nrpt, told};
use crate::facts::{Gap, NameServer, Names};
use crate::sources::outside::route_print;
use crate::sources::tool::Command;

/// How long the tools may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// How names are found, before any name server is asked.
pub(super) fn look(name: &str) -> Names {
    told(servers(name, Instant::now() + PATIENCE))
}

/// The name servers that a policy has for this name, or those of the adapter.
fn servers(name: &str, until: Instant) -> Result<ResolvConf, Gap> {
    let said = Command::named("ipconfig.exe")?.run(&["/all"], until)?;
    let mut read = ipconfig::servers(&said, way_out(until));
    let by_policy = policy(name, until)?;
    if !by_policy.is_empty() {
        read.servers = by_policy;
    }
    Ok(read)
}

/// What the table of name resolution policies says of this name.
fn policy(name: &str, until: Instant) -> Result<Vec<NameServer>, Gap> {
    let reg = Command::named("reg.exe")?;
    for key in nrpt::KEYS {
        match reg.run(&["query", key, "/s"], until) {
            // Where there is a table of the domain's, even an empty one, the machine's own
            // does not hold.
            Ok(said) => return Ok(nrpt::servers(&said, key, name)),
            // Everybody may read them, so that there is no such table.
            Err(Gap::Failed(_)) => {}
            Err(gap) => return Err(gap),
        }
    }
    Ok(Vec::new())
}

/// The address of the adapter that leads out.
fn way_out(until: Instant) -> Option<IpAddr> {
    let said = Command::find(&["route.exe"])?.run(&["print"], until).ok()?;
    let ways = route_print::gateways(&said);
    ways.iter().find_map(|way| way.interface.parse().ok())
}
