//! The service control manager.

use std::time::{Duration, Instant};

use super::sc::services;
use crate::facts::{Gap, Unit, UnitLimits, Whose, catalogue};
use crate::sources::tool::Command;

/// See [`super::look`].
pub(super) fn look(port: u16, budget: Duration) -> Result<Vec<Unit>, Gap> {
    let known = catalogue().port(port);
    let wanted = known.map_or(&[][..], |row| &row.windows_services);
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let words = [
        "query", "type=", "service", "state=", "all", "bufsize=", "262144",
    ];
    let tool = Command::find(&["sc.exe"]).ok_or(Gap::NotRunning)?;
    let answer = tool.run(&words, Instant::now() + budget)?;
    Ok(services(&answer, wanted))
}

/// There is no systemd here.
pub(super) fn limits(_of: &[(Whose, String)], _budget: Duration) -> Result<Vec<UnitLimits>, Gap> {
    Err(Gap::Unsupported)
}
