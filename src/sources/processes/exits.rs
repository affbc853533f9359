//! The ends of processes, noticed as they happen.
//!
//! What a process leaves behind is read in the moment at which it ends: its parent
//! collects its exit status, and then nobody can tell it any more. Where that moment was
//! missed, the end is known and how it came is not.

use crate::facts::{Ended, Known, ProcId};

#[cfg_attr(target_os = "linux", path = "exits/linux.rs")]
mod os;
/// The code for other systems runs on this one too, so here it is tested.
#[cfg(test)]
#[path = "exits/os.rs"]
mod portable;

/// Watches processes until they end.
///
/// It must be made and asked within a tokio runtime that has its I/O and its time enabled.
#[derive(Debug, Default)]
pub struct Exits {
    os: os::Exits,
}

impl Exits {
    /// Nobody is watched yet.
    #[must_use]
    pub fn new() -> Self {
        Exits::default()
    }

    /// Watches these and nobody else from now on. Where there are too many, the newest.
    ///
    /// Of a process that has ended already this is told once, for as long as it stays
    /// among those that are asked for.
    pub fn watch(&mut self, ids: &[ProcId]) {
        self.os.watch(ids);
    }

    /// The next process that ends, and how. Where nothing can be watched this never comes
    /// back. It may be dropped at any time and asked again; nothing is lost by that.
    pub async fn next(&mut self) -> (ProcId, Known<Ended>) {
        self.os.next().await
    }

    /// How ends are noticed, and what is out of sight, for `devdoctor status`.
    #[must_use]
    pub fn mode(&self) -> String {
        self.os.mode()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn elsewhere_nothing_is_watched_and_that_is_said() {
        let mut exits = portable::Exits;
        let gone = ProcId {
            pid: u32::MAX,
            started: 1,
        };
        exits.watch(&[gone]);
        let end = tokio::time::timeout(Duration::from_millis(1), exits.next());
        assert!(end.await.is_err());
        assert!(exits.mode().contains("not on this system"));
    }
}
