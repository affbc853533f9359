//! This machine, and where we stand on it.

use crate::facts::Host;

/// What can be said of the machine without waiting for anybody: vantage, user,
/// addresses, hosts file, proxy variables, signs of a firewall.
#[must_use]
pub fn look() -> Host {
    Host::default()
}
