//! Hints: the hosts file, the resolver's settings or the addresses may have changed.

#[cfg_attr(target_os = "linux", path = "watch/linux.rs")]
mod os;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use super::hosts_file;
use crate::sources::folders::{Folders, Interest, Kind, Who};

/// A file of the system is written by a program, whole.
const QUIET: Duration = Duration::from_millis(100);
/// A change that goes on for longer is told before it is over.
const LONGEST: Duration = Duration::from_secs(1);
/// How far apart hints of addresses are at least: a container that starts makes a dozen
/// changes, and a network card that comes up takes its time.
const APART: Duration = Duration::from_secs(1);
/// How long more changes of addresses are waited for.
const COMPANY: Duration = Duration::from_millis(100);

/// The files of the resolver, where a system has them.
const RESOLVER: &[&str] = &["/etc/resolv.conf", "/etc/nsswitch.conf"];

/// A watch over the machine's own settings.
#[derive(Debug)]
pub struct Watch {
    folders: Folders,
    addresses: Option<os::Addresses>,
    /// When a change of addresses that was heard is to be told.
    due: Option<Instant>,
    /// When one was told last.
    told: Option<Instant>,
}

impl Watch {
    /// A watch over the files, and over the addresses where the system tells of them.
    #[must_use]
    pub fn new() -> Self {
        let files = RESOLVER.iter().map(PathBuf::from);
        Watch::over(files.chain([hosts_file::place()]).collect())
    }

    fn over(files: Vec<PathBuf>) -> Self {
        let folders = Folders::new(Kind {
            name: "host files",
            matters: |_| false,
            enters: |_| false,
            closely: true,
            quiet: QUIET,
            longest: LONGEST,
        });
        let who = Who::from("host");
        let interests = files.into_iter().map(|path| Interest {
            path,
            who: who.clone(),
        });
        folders.watch(interests.collect::<BTreeSet<_>>());
        Watch {
            folders,
            addresses: None,
            due: None,
            told: None,
        }
    }

    /// Comes back when the machine should be looked at again. It may be dropped at any
    /// time: nothing is lost by that.
    pub async fn next(&mut self) {
        // Only here there is a runtime for certain.
        let addresses = self.addresses.get_or_insert_with(os::Addresses::new);
        loop {
            let due = self.due;
            let wait = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = self.folders.next() => return,
                () = wait => {
                    self.due = None;
                    self.told = Some(Instant::now());
                    return;
                }
                () = addresses.changed() => {
                    let now = Instant::now();
                    let soonest = self.told.map_or(now, |told| told + APART);
                    self.due.get_or_insert((now + COMPANY).max(soonest));
                }
            }
        }
    }
}

impl Default for Watch {
    fn default() -> Self {
        Watch::new()
    }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
