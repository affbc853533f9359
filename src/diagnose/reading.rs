//! What the files of a project say, read beside all else, and anew where it turns out that
//! the server of what was left out runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::parts::owner_ids;
use crate::facts::{Claims, Known, Snapshot};
use crate::settings::Settings;
use crate::sources::{Pending, projects};

/// The files of one project, while they are being read.
pub(super) struct Reading {
    /// The project.
    pub(super) root: String,
    /// When that began.
    pub(super) began: Instant,
    /// The folders from which they are asked for.
    from: Vec<String>,
    pending: Pending<Known<Arc<Claims>>>,
}

impl Reading {
    /// Begins to read, asked from these folders, within the budget.
    pub(super) fn begin(
        root: &str,
        from: Vec<String>,
        settings: &Settings,
        budget: Duration,
    ) -> Self {
        let asked = projects::Asked {
            budget,
            ..projects::Asked::from_folders(from.clone(), settings)
        };
        let place = root.to_owned();
        Reading {
            root: root.to_owned(),
            began: Instant::now(),
            from,
            pending: Pending::begin("project files", move || projects::claims(&place, asked)),
        }
    }

    /// What they say, if that comes within the budget. By now it may be known that more
    /// folders matter: what was left out there is then read, too.
    pub(super) fn finish(
        self,
        now: &[String],
        settings: &Settings,
        budget: Duration,
    ) -> Known<Arc<Claims>> {
        let claims = wait(self.pending, budget);
        let Known::Seen(seen) = &claims else {
            return claims;
        };
        let is_new = |folder: &&String| !self.from.contains(folder);
        let new: Vec<String> = now.iter().filter(is_new).cloned().collect();
        if projects::left_out(&self.root, seen, &new).is_empty() {
            return claims;
        }
        let left = budget.saturating_sub(self.began.elapsed());
        let from = self.from.into_iter().chain(new).collect();
        let again = Reading::begin(&self.root, from, settings, left);
        match wait(again.pending, left) {
            Known::Seen(all) => Known::Seen(all),
            // What was read holds, and is not all.
            Known::Unseen(_) => Known::Seen(Arc::new(Claims {
                cut: true,
                ..(**seen).clone()
            })),
        }
    }
}

fn wait(pending: Pending<Known<Arc<Claims>>>, budget: Duration) -> Known<Arc<Claims>> {
    match pending.wait(budget) {
        Known::Seen(claims) => claims,
        Known::Unseen(gap) => Known::Unseen(gap),
    }
}

/// The folders in which servers run, as far as they were seen.
pub(super) fn servers_stand(facts: &Snapshot) -> Vec<String> {
    let listeners = owner_ids([&facts.listeners.clone().map(|list| list.to_vec())]);
    let known = facts.processes.items().iter();
    let all = known.chain(facts.project_processes.items());
    let servers = all.filter(|process| {
        listeners.contains(&process.id) || process.row().is_some_and(|row| row.dev_server)
    });
    let places = servers.filter_map(|process| process.cwd.seen());
    let containers = facts.containers.items().iter();
    let composed = containers.filter_map(|container| container.compose.as_ref());
    let labels = composed.filter_map(|compose| compose.working_dir.as_ref());
    let mut folders: Vec<String> = places.chain(labels).cloned().collect();
    folders.sort();
    folders.dedup();
    folders
}
