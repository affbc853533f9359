//! What the system lets a process bind.

use std::time::Duration;

use crate::facts::{Binding, Known};

#[cfg_attr(not(any(test, windows)), allow(dead_code))]
mod netsh;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod os;

/// The limits that this system has.
#[must_use]
pub fn look(budget: Duration) -> Known<Binding> {
    os::look(budget).into()
}
