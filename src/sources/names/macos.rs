//! How names are found on macOS, by its own tool: `/etc/resolv.conf` lacks what a VPN adds.

use std::time::{Duration, Instant};

use super::{interface_number, scutil};
use crate::facts::{Gap, Known, Names};
use crate::sources::tool::Command;

/// How long the tool may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// How names are found, before any name server is asked.
pub(super) fn look(name: &str) -> Names {
    let said =
        Command::named("scutil").and_then(|tool| tool.run(&["--dns"], Instant::now() + PATIENCE));
    let (servers, search) = match said {
        Ok(said) => {
            let read = scutil::servers(&said, name, interface_number);
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
