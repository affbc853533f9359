//! Processes: only those that matter, and their ancestors.

use crate::facts::{Departed, Gap, Known, ProcId, Process};

mod cpu;
mod departed;
mod naming;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
pub(super) mod os;
mod users;

pub use cpu::CpuSample;

/// The processes with these identities and their ancestors, as far as they still live.
///
/// The asked ones come first, in the order of asking. Descriptors are counted for
/// those only.
#[must_use]
pub fn look(ids: &[ProcId]) -> Vec<Process> {
    let mut processes = os::look(ids);
    naming::name(&mut processes);
    users::name(&mut processes);
    processes
}

/// Takes the processor time of these processes (with their children), now.
#[must_use]
pub fn cpu_sample(ids: &[ProcId]) -> CpuSample {
    CpuSample::take(ids)
}

/// Sets each process's [`Process::cpu`] to what it used since the sample.
///
/// The age of the oldest child is set with it, where there are children.
pub fn cpu_since(sample: &CpuSample, processes: &mut [Process]) {
    sample.apply(processes);
}

/// Watchers of the user's project (`nodemon`, `cargo watch`, …) whose server is gone.
#[must_use]
pub fn departed(project: Option<&str>) -> Known<Vec<Departed>> {
    let Some(project) = project else {
        return Known::Seen(Vec::new());
    };
    match os::watched(project) {
        Ok(Some(rows)) => Known::Seen(departed::of(&rows)),
        Ok(None) => Known::Unseen(Gap::TooSlow),
        Err(gap) => Known::Unseen(gap),
    }
}
