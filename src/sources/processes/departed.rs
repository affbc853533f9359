//! Watchers that are alive and whose server is not.

use std::collections::HashSet;

use crate::facts::{Departed, ProcId, catalogue};

/// A child younger than this, under an older watcher, was just started again.
const YOUNG_S: u64 = 3;
/// A watcher younger than this is still at its first start.
const SETTLED_S: u64 = 10;

/// A process of the project's user, as far as it matters here.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub id: ProcId,
    pub parent: u32,
    pub comm: String,
    pub argv: Vec<String>,
    pub age_s: u64,
    pub zombie: bool,
    /// Whether its working folder is in the project.
    pub in_project: bool,
    /// Whether it listens on a port, or may do so unseen.
    pub may_listen: bool,
}

/// The servers that have gone from under their watchers.
///
/// A watcher with another live process below it may be building, or starting, or
/// watch something that is no server: of that nothing is said, unless the process
/// is so young that it must be the next attempt.
pub(super) fn of(rows: &[Row], watcher_name: impl Fn(&Row) -> Option<String>) -> Vec<Departed> {
    let mut gone = Vec::new();
    for watcher in rows.iter().filter(|row| row.in_project && !row.zombie) {
        let Some(name) = watcher_name(watcher) else {
            continue;
        };
        let below = descendants(rows, watcher.id.pid);
        if watcher.may_listen || below.iter().any(|row| row.may_listen) {
            continue;
        }
        if below.iter().any(|row| watcher_name(row).is_some()) {
            // The innermost watcher is the one that would start it again.
            continue;
        }
        let live: Vec<u64> = below
            .iter()
            .filter(|row| !row.zombie)
            .map(|row| row.age_s)
            .collect();
        let next_attempt = watcher.age_s >= SETTLED_S && live.iter().all(|&age| age < YOUNG_S);
        if !live.is_empty() && !next_attempt {
            continue;
        }
        let ended = if below.iter().any(|row| row.zombie) {
            "its server has ended"
        } else {
            "its server is not running"
        };
        gone.push(Departed {
            port: None,
            name,
            ended: ended.to_owned(),
            ago_s: None,
            watcher: Some(watcher.id),
            restarts: u32::from(!live.is_empty()),
            seen_in: format!("the children of process {}", watcher.id.pid),
        });
    }
    gone
}

/// The name of the watcher that this process is, if it is one.
pub(super) fn watcher_name(row: &Row) -> Option<String> {
    let known = catalogue().recognise(&row.comm, &row.argv)?;
    known.watcher.then(|| known.server.clone())
}

fn descendants(rows: &[Row], of: u32) -> Vec<&Row> {
    family(rows, &[of])
        .into_iter()
        .filter_map(|at| rows.get(at))
        .filter(|row| row.id.pid != of)
        .collect()
}

/// The places of these processes and of everything below them.
pub(super) fn family(rows: &[Row], roots: &[u32]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut pids: HashSet<u32> = roots.iter().copied().collect();
    // Parents may stand after their children: once round for every generation.
    loop {
        let before = found.len();
        for (at, row) in rows.iter().enumerate() {
            if !found.contains(&at) && (pids.contains(&row.id.pid) || pids.contains(&row.parent)) {
                pids.insert(row.id.pid);
                found.push(at);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(pid: u32, parent: u32, argv: &[&str], age_s: u64) -> Row {
        Row {
            id: ProcId { pid, started: 1 },
            parent,
            comm: argv[0].to_owned(),
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
            age_s,
            zombie: false,
            in_project: true,
            may_listen: false,
        }
    }

    fn told(rows: &[Row]) -> Vec<Departed> {
        let nodemon = |row: &Row| {
            row.argv
                .get(1)?
                .ends_with("nodemon")
                .then(|| "nodemon".into())
        };
        of(rows, nodemon)
    }

    fn nodemon(age_s: u64) -> Row {
        row(
            5,
            1,
            &["node", "/app/node_modules/.bin/nodemon", "server.js"],
            age_s,
        )
    }

    fn node(age_s: u64) -> Row {
        row(6, 5, &["node", "server.js"], age_s)
    }

    #[test]
    fn a_watcher_without_a_server_is_told() {
        let gone = told(&[nodemon(60)]);
        assert_eq!(gone.len(), 1);
        assert_eq!(gone[0].name, "nodemon");
        assert_eq!(gone[0].watcher.map(|id| id.pid), Some(5));
        assert_eq!(
            (gone[0].restarts, gone[0].ended.as_str()),
            (0, "its server is not running")
        );
        let zombie = Row {
            zombie: true,
            ..node(50)
        };
        assert_eq!(
            told(&[zombie, nodemon(60)])[0].ended,
            "its server has ended"
        );
    }

    #[test]
    fn a_young_child_under_an_old_watcher_is_the_next_attempt() {
        assert_eq!(told(&[node(1), nodemon(60)])[0].restarts, 1);
        assert_eq!(told(&[node(1), nodemon(2)]), []);
    }

    #[test]
    fn a_live_child_a_listener_and_another_project_are_no_news() {
        assert_eq!(told(&[node(30), nodemon(60)]), []);
        let listening = Row {
            may_listen: true,
            ..node(1)
        };
        assert_eq!(told(&[nodemon(60), listening]), []);
        assert_eq!(
            told(&[Row {
                in_project: false,
                ..nodemon(60)
            }]),
            []
        );
        assert_eq!(told(&[row(7, 1, &["vim", "server.js"], 60)]), []);
    }

    #[test]
    fn a_circle_of_parents_ends() {
        let circle = [row(1, 2, &["a"], 1), row(2, 1, &["b"], 1)];
        assert_eq!(family(&circle, &[1]).len(), 2);
    }
}
