//! Processes: only those that matter, and their ancestors.

use crate::facts::{Departed, Known, ProcId, Process};

#[cfg_attr(target_os = "linux", path = "linux.rs")]
pub(super) mod os;

/// The processes with these identities and their ancestors, as far as they still live.
#[must_use]
pub fn look(_ids: &[ProcId]) -> Vec<Process> {
    Vec::new()
}

/// Processor time used so far, to be taken twice.
#[derive(Debug, Clone, Default)]
pub struct CpuSample {}

/// Takes the processor time of these processes (with their children), now.
#[must_use]
pub fn cpu_sample(_ids: &[ProcId]) -> CpuSample {
    CpuSample::default()
}

/// Sets each process's [`Process::cpu`] to what it used since the sample.
pub fn cpu_since(_sample: &CpuSample, _processes: &mut [Process]) {}

/// Watchers of the user's project (`nodemon`, `cargo watch`, …) whose server is gone.
#[must_use]
pub fn departed(_project: Option<&str>) -> Known<Vec<Departed>> {
    Known::default()
}
