//! The port ranges that Hyper-V and others have reserved.

use std::time::Duration;

use super::netsh::excluded;
use crate::facts::{Binding, Gap};
use crate::sources::tool;

/// See [`super::look`].
pub(super) fn look(budget: Duration) -> Result<Binding, Gap> {
    let words = ["int", "ipv4", "show", "excludedportrange", "protocol=tcp"];
    let answer = tool::ask("netsh", &words, budget)?;
    Ok(Binding {
        reserved: excluded(&answer),
        ..Binding::default()
    })
}
