//! What each project wants notifications of.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::settings::{Notify, Settings};

/// How long the reading of a few small files may take; a home on the network may hang.
const DEADLINE: Duration = Duration::from_secs(1);
/// So many projects are remembered.
const MOST: usize = 256;

/// The wishes, read again whenever they are asked for.
pub(super) struct Wishes {
    user: Notify,
    env: fn(&str) -> Option<OsString>,
    /// What was read last, for a file that is being written or is broken now.
    last: BTreeMap<Option<String>, Last>,
}

struct Last {
    wish: Notify,
    /// What was wrong with the file, which is said once.
    wrong: Option<String>,
}

impl Wishes {
    pub(super) fn new(user: Notify, env: fn(&str) -> Option<OsString>) -> Self {
        Wishes {
            user,
            env,
            last: BTreeMap::new(),
        }
    }

    /// What holds in a project, or without one. A file with a mistake changes nothing.
    pub(super) async fn of(&mut self, root: Option<&str>) -> Notify {
        let env = self.env;
        // Without a project only the user's own file counts, and no project's is above.
        let folder = PathBuf::from(root.unwrap_or("/"));
        let read = spawn_blocking(move || Settings::load(&folder, env));
        let read = match timeout(DEADLINE, read).await {
            Ok(Ok(Ok(settings))) => Ok(settings.notify),
            Ok(Ok(Err(error))) => Err(error.to_string()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the settings could not be read in time".to_owned()),
        };
        let root = root.map(str::to_owned);
        if self.last.len() >= MOST && !self.last.contains_key(&root) {
            self.last.clear();
        }
        let last = self.last.entry(root).or_insert(Last {
            wish: self.user,
            wrong: None,
        });
        match read {
            Ok(wish) => {
                *last = Last { wish, wrong: None };
            }
            Err(why) => {
                if last.wrong.as_deref() != Some(&why) {
                    tracing::warn!("{why}; the settings from before hold");
                    last.wrong = Some(why);
                }
            }
        }
        last.wish
    }
}
