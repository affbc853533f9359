//! Services of a system that devdoctor does not know.

use std::time::Duration;

use crate::facts::{Gap, Unit, UnitLimits, Whose};

/// See [`super::look`].
pub(super) fn look(_port: u16, _budget: Duration) -> Result<Vec<Unit>, Gap> {
    Err(Gap::Unsupported)
}

/// There is no systemd here.
pub(super) fn limits(_of: &[(Whose, String)], _budget: Duration) -> Result<Vec<UnitLimits>, Gap> {
    Err(Gap::Unsupported)
}
