//! Services of a system that devdoctor does not know.

use std::time::Duration;

use crate::facts::{Gap, Unit};

/// See [`super::look`].
pub(super) fn look(_port: u16, _budget: Duration) -> Result<Vec<Unit>, Gap> {
    Err(Gap::Unsupported)
}
