//! The policy of the kernel's security module: SELinux, AppArmor, and what they have
//! forbidden.

use std::time::Duration;

use crate::facts::{Known, Policy};

#[cfg_attr(not(any(test, target_os = "linux")), allow(dead_code))]
mod audit;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
mod os;

/// The policy, and under what of it the process with this pid runs.
///
/// The records of what was forbidden are read only where a module is in force.
#[must_use]
pub fn look(pid: Option<u32>, budget: Duration) -> Known<Policy> {
    os::look(pid, budget).into()
}
