//! Containers, as their engines tell of them.

use std::time::Duration;

use crate::facts::{Container, Engine, Gap, Known};
use crate::sources::Pending;

/// What the engines of this machine said.
#[derive(Debug, Clone)]
pub struct Containers {
    /// Every engine that was asked.
    pub engines: Vec<Engine>,
    /// The containers of those that answered; unseen if none did.
    pub containers: Known<Vec<Container>>,
}

/// Begins to ask every engine that this user's tools would talk to.
///
/// `port` is the port of the question: what listens inside is looked at for the
/// containers that may be behind it. Returns nothing where no engine could be asked.
#[must_use]
pub fn ask(_port: Option<u16>, _deadline: Duration) -> Option<Pending<Containers>> {
    None
}

/// What is known when no engine was asked.
#[must_use]
pub fn none() -> Containers {
    Containers {
        engines: Vec::new(),
        containers: Known::Unseen(Gap::NotRunning),
    }
}
