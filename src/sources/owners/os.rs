//! Owners on every system but Linux: the socket table has told the pids.

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::facts::{Known, Listener};

pub(super) fn find(listeners: &mut [Listener]) {
    let mut owners: Vec<_> = listeners
        .iter_mut()
        .filter_map(|listener| match &mut listener.owners {
            Known::Seen(owners) => Some(owners),
            Known::Unseen(_) => None,
        })
        .flatten()
        .collect();
    let mut pids: Vec<Pid> = owners.iter().map(|id| Pid::from_u32(id.pid)).collect();
    pids.sort_unstable();
    pids.dedup();
    // Without a start time a pid still stands for the process that has it now.
    let Ok(mut system) = System::new() else {
        return;
    };
    system.refresh_processes_specifics(
        ProcessesToUpdate::Some(&pids),
        true,
        ProcessRefreshKind::nothing().without_tasks(),
    );
    for id in &mut owners {
        if let Some(process) = system.process(Pid::from_u32(id.pid)) {
            id.started = process.start_time();
        }
    }
}
