//! The looks that `why` and `ports` share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::looks::{Looks, count};
use crate::facts::{Gap, Known, Listener, ProcId, Process, Project, Snapshot, is_below};
use crate::settings::Settings;
use crate::sources::{Pending, containers, owners, projects, sockets};

pub(super) fn listeners(looks: &mut Looks, port: Option<u16>) -> (Known<Vec<Listener>>, String) {
    let seen = looks.at(
        "sockets",
        || sockets::listeners(port),
        |seen| {
            let count = count(&seen.listeners, Vec::len, "listener");
            format!("{count}, by {}", seen.by)
        },
    );
    (seen.listeners, seen.by)
}

pub(super) fn find_owners(looks: &mut Looks, list: &mut [Listener]) {
    let began = Instant::now();
    owners::find(list);
    let found = list.iter().filter(|l| l.owners.is_seen()).count();
    looks.note("owners", format!("{found} of {}", list.len()), began);
}

pub(super) fn owner_ids<const N: usize>(lists: [&Known<Vec<Listener>>; N]) -> Vec<ProcId> {
    let mut ids: Vec<ProcId> = lists
        .iter()
        .filter_map(|list| list.seen())
        .flatten()
        .filter_map(|listener| listener.owners.seen())
        .flatten()
        .copied()
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The processes and the projects that they belong to; `cwd` is the user's own folder.
pub(super) fn look_at_processes(
    looks: &mut Looks,
    ids: &[ProcId],
    look: fn(&[ProcId]) -> Vec<Process>,
    projects: &mut Known<Arc<[Project]>>,
    cwd: Option<String>,
) -> Known<Arc<[Process]>> {
    let mut list = looks.at(
        "processes",
        || look(ids),
        |list| format!("{} with their parents", list.len()),
    );
    let owners = list.iter().filter(|process| ids.contains(&process.id));
    let folders: Vec<String> = cwd
        .into_iter()
        .chain(owners.filter_map(|owner| owner.cwd.seen().cloned()))
        .collect();
    let roots = looks.at(
        "projects",
        || projects::roots(&folders),
        |roots| format!("{}", roots.len()),
    );
    give_projects(&mut list, &roots);
    *projects = Known::Seen(roots.into());
    Known::Seen(list.into())
}

/// Gives each process the innermost project that it stands in.
pub(super) fn give_projects(processes: &mut [Process], roots: &[Project]) {
    for process in processes {
        let cwd = process.cwd.seen().map(String::as_str);
        let root = roots
            .iter()
            .filter(|project| cwd.is_some_and(|cwd| is_below(cwd, &project.root)))
            .max_by_key(|project| project.root.len());
        process.project = root.map(|project| project.root.clone());
    }
}

pub(super) fn is_forwarder(processes: &[Process], id: ProcId) -> bool {
    processes
        .iter()
        .find(|process| process.id == id)
        .and_then(Process::row)
        .is_some_and(|row| row.forwarder)
}

pub(super) fn ask_if_enabled(
    port: Option<u16>,
    settings: &Settings,
) -> Option<Pending<containers::Containers>> {
    if !settings.docker.enabled {
        return None;
    }
    containers::ask(port, settings.timeouts.engines)
}

pub(super) fn ask_engines(
    looks: &mut Looks,
    facts: &mut Snapshot,
    engines: Option<Pending<containers::Containers>>,
    budget: Duration,
) {
    let began = Instant::now();
    // The engines have their own deadlines; this one is for a thread that hangs.
    let seen = match engines {
        None => containers::none(),
        Some(pending) => match pending.wait(budget + Duration::from_millis(200)) {
            Known::Seen(seen) => seen,
            Known::Unseen(gap) => containers::Containers {
                engines: Vec::new(),
                containers: Known::Unseen(gap),
            },
        },
    };
    let saw = match &seen.containers {
        Known::Unseen(Gap::NotRunning) => "no engine runs here".to_owned(),
        known => count(known, Vec::len, "container"),
    };
    looks.note("containers", saw, began);
    facts.engines = seen.engines.into();
    facts.containers = seen.containers.map(Into::into);
}
