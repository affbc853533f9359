//! The port ranges that Hyper-V and others have reserved.

use std::time::{Duration, Instant};

use super::netsh::excluded;
use crate::facts::{Binding, Gap};
use crate::sources::tool::Command;

/// See [`super::look`].
pub(super) fn look(budget: Duration) -> Result<Binding, Gap> {
    let words = ["int", "ipv4", "show", "excludedportrange", "protocol=tcp"];
    let tool = Command::find(&["netsh.exe"]).ok_or(Gap::NotRunning)?;
    let answer = tool.run(&words, Instant::now() + budget)?;
    Ok(Binding {
        reserved: excluded(&answer),
        ..Binding::default()
    })
}
