//! How names are found on Windows, by its own tools.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::ipconfig;
use crate::facts::{Gap, Known, Names};
use crate::sources::outside::route_print;
use crate::sources::tool::Command;

/// How long the tools may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// How names are found, before any name server is asked.
pub(super) fn look(_name: &str) -> Names {
    let until = Instant::now() + PATIENCE;
    let said = Command::named("ipconfig.exe").and_then(|tool| tool.run(&["/all"], until));
    let (servers, search) = match said {
        Ok(said) => {
            let read = ipconfig::servers(&said, way_out(until));
            (Known::Seen(read.servers), read.search)
        }
        Err(gap) => (Known::Unseen(gap), Vec::new()),
    };
    Names {
        order: Known::Unseen(Gap::Unsupported),
        servers,
        search,
        ..Names::default()
    }
}

/// The address of the adapter that leads out.
fn way_out(until: Instant) -> Option<IpAddr> {
    let said = Command::find(&["route.exe"])?.run(&["print"], until).ok()?;
    let ways = route_print::gateways(&said);
    ways.iter().find_map(|way| way.interface.parse().ok())
}
