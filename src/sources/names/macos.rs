//! How names are found on macOS, by its own tool: `/etc/resolv.conf` lacks what a VPN adds.

use std::time::{Duration, Instant};

use super::{interface_number, scutil, told};
use crate::facts::Names;
use crate::sources::tool::Command;

/// How long the tool may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// How names are found, before any name server is asked.
pub(super) fn look(name: &str) -> Names {
    let until = Instant::now() + PATIENCE;
    let said = Command::named("scutil").and_then(|tool| tool.run(&["--dns"], until));
    told(said.map(|said| scutil::servers(&said, name, interface_number)))
}
