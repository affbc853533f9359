//! Processor time, taken twice.

use std::collections::HashMap;
use std::time::Instant;

use super::os;
use crate::facts::{CpuUse, Gap, Known, ProcId, Process};

/// Processor time used so far, to be taken twice.
#[derive(Debug, Clone, Default)]
pub struct CpuSample {
    taken: Option<Instant>,
    used_ms: HashMap<ProcId, u64>,
}

/// What one process and its children have used, ever.
pub(super) struct Used {
    pub ms: u64,
    pub oldest_child_s: Option<u64>,
}

impl CpuSample {
    pub(super) fn take(ids: &[ProcId]) -> Self {
        let used = |&id: &ProcId| Some((id, os::used(id).ok()?.ms));
        CpuSample {
            taken: Some(Instant::now()),
            used_ms: ids.iter().filter_map(used).collect(),
        }
    }

    pub(super) fn apply(&self, processes: &mut [Process]) {
        let Some(taken) = self.taken else {
            return;
        };
        let over_ms = u64::try_from(taken.elapsed().as_millis()).unwrap_or(u64::MAX);
        for process in processes {
            let Some(&before) = self.used_ms.get(&process.id) else {
                continue;
            };
            match os::used(process.id) {
                Ok(used) => {
                    process.oldest_child_s = used.oldest_child_s;
                    process.cpu = Known::Seen(CpuUse {
                        used_ms: used.ms.saturating_sub(before),
                        over_ms,
                    });
                }
                Err(error) => process.cpu = Known::Unseen(Gap::of(&error)),
            }
        }
    }
}
