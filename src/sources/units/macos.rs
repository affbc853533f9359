//! The services of Homebrew.

use std::time::{Duration, Instant};

use super::brew::services;
use crate::facts::{Gap, Unit, UnitLimits, Whose, catalogue};
use crate::sources::tool::Command;

/// See [`super::look`].
pub(super) fn look(port: u16, budget: Duration) -> Result<Vec<Unit>, Gap> {
    let wanted = catalogue().port(port).map_or(&[][..], |row| &row.brew);
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let tool = Command::find(&["brew"]).ok_or(Gap::NotRunning)?;
    let answer = tool.run(&["services", "list", "--json"], Instant::now() + budget)?;
    services(&answer, wanted).ok_or_else(|| Gap::Failed("brew gave no list".to_owned()))
}

/// There is no systemd here.
pub(super) fn limits(_of: &[(Whose, String)], _budget: Duration) -> Result<Vec<UnitLimits>, Gap> {
    Err(Gap::Unsupported)
}
