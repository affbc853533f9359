//! Services of the system that have to do with a port: those whose files name it, and
//! those that are known for it.

use std::time::Duration;

use crate::facts::{Known, Unit, UnitLimits, Whose};

// The words of every manager are read on every system, where they are tested.
#[cfg_attr(not(any(test, target_os = "macos")), allow(dead_code))]
mod brew;
#[cfg_attr(not(any(test, target_os = "linux")), allow(dead_code))]
mod limits;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod os;
#[cfg_attr(not(any(test, windows)), allow(dead_code))]
mod sc;
#[cfg_attr(not(any(test, target_os = "linux")), allow(dead_code))]
mod systemd;

/// The services that have to do with this port.
///
/// Files tell first whether there are any: the manager is asked only where one is.
#[must_use]
pub fn look(port: u16, budget: Duration) -> Known<Vec<Unit>> {
    os::look(port, budget).into()
}

/// What the units of systemd take away from those who run in them: each is a cgroup's
/// path, or the name of a unit. Whoever is in none that takes anything away is left out;
/// of the others every unit is told, the innermost last.
#[must_use]
pub fn limits(of: &[(Whose, String)], budget: Duration) -> Known<Vec<UnitLimits>> {
    os::limits(of, budget).into()
}
