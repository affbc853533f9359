//! Watchers that are alive and whose server is not.

use std::collections::HashSet;

use crate::facts::{Departed, ProcId, catalogue};

/// Watchers that outlive their server, by their key in the catalogue, and the words
/// that tell that it is a server which they run; none where it always is.
///
/// Not every program that runs others is here: most end with what they run, and
/// without a child they are still building.
const WATCHERS: &[(&str, &[&str])] = &[
    ("air", &[]),
    ("cargo-watch", &["run"]),
    ("entr", &["-r", "-cr", "-rc"]),
    ("forever", &[]),
    ("nest", &["--watch", "-w"]),
    ("node-watch", &[]),
    ("nodemon", &[]),
    ("reflex", &["-s", "--start-service"]),
    ("watchexec", &["-r", "--restart"]),
    ("watchmedo", &["auto-restart"]),
];
/// Its own tests are no server.
const NO_SERVER: &str = "--test";

/// A process of the project's user, as far as it matters here.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub id: ProcId,
    pub parent: u32,
    pub comm: String,
    pub argv: Vec<String>,
    pub zombie: bool,
    pub age_ms: u64,
    /// Whether its working folder is in the project.
    pub in_project: bool,
    /// Whether it listens on a port, or may do so unseen.
    pub may_listen: bool,
}

/// The servers that have gone from under their watchers.
///
/// A watcher with a live process below it may be building, or starting the server
/// just now: of that nothing is said.
pub(super) fn of(rows: &[Row]) -> Vec<Departed> {
    let gone = |watcher: &Row| {
        let name = watcher_name(&watcher.comm, &watcher.argv)?;
        let below = descendants(rows, watcher.id.pid);
        if watcher.may_listen || below.iter().any(|row| !row.zombie) {
            return None;
        }
        let ended = match below.is_empty() {
            true => "its server is not running",
            false => "its server has ended",
        };
        Some(Departed {
            port: None,
            name: name.to_owned(),
            ended: ended.to_owned(),
            ago_s: None,
            watcher: Some(watcher.id),
            restarts: 0,
            seen_in: "its children".to_owned(),
            ..Departed::default()
        })
    };
    rows.iter()
        .filter(|row| row.in_project && !row.zombie)
        .filter_map(gone)
        .collect()
}

/// The name of the watcher that this process is, if it is one that tells.
pub(super) fn watcher_name(comm: &str, argv: &[String]) -> Option<&'static str> {
    let known = catalogue().recognise(comm, argv)?;
    let (_, words) = WATCHERS.iter().find(|(key, _)| *key == known.key)?;
    let first = |word: &String| word.split(' ').next().map(str::to_owned);
    let said: Vec<String> = argv.iter().filter_map(first).collect();
    let says = |word: &str| said.iter().any(|said| said == word);
    let serves = words.is_empty() || words.iter().any(|word| says(word));
    (serves && !says(NO_SERVER)).then_some(known.server.as_str())
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

    fn row(pid: u32, parent: u32, argv: &[&str]) -> Row {
        Row {
            id: ProcId { pid, started: 1 },
            parent,
            comm: "node".to_owned(),
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
            zombie: false,
            age_ms: 60_000,
            in_project: true,
            may_listen: false,
        }
    }

    fn nodemon() -> Row {
        row(
            5,
            1,
            &["node", "/app/node_modules/.bin/nodemon", "server.js"],
        )
    }

    #[test]
    fn a_watcher_without_a_server_is_told() {
        let gone = of(&[nodemon()]);
        assert_eq!(gone.len(), 1);
        assert_eq!(gone[0].name, "nodemon");
        assert_eq!(gone[0].ended, "its server is not running");
        assert_eq!(gone[0].watcher.map(|id| id.pid), Some(5));
        let zombie = Row {
            zombie: true,
            ..row(6, 5, &[])
        };
        assert_eq!(of(&[zombie, nodemon()])[0].ended, "its server has ended");
    }

    #[test]
    fn a_live_child_another_project_and_another_program_are_no_news() {
        let shell = row(6, 5, &["sh", "-c", "node server.js"]);
        assert_eq!(of(&[shell, nodemon()]), []);
        let elsewhere = Row {
            in_project: false,
            ..nodemon()
        };
        let listening = Row {
            may_listen: true,
            ..nodemon()
        };
        let ended = Row {
            zombie: true,
            ..nodemon()
        };
        assert_eq!(of(&[elsewhere, listening, ended]), []);
        assert_eq!(of(&[row(7, 1, &["vim", "server.js"])]), []);
        assert_eq!(of(&[row(7, 1, &["cargo", "run"])]), [], "it is building");
    }

    #[test]
    fn only_a_watcher_that_runs_a_server_tells() {
        let name = |argv: &[&str]| watcher_name("x", &row(1, 0, argv).argv);
        let watch = &["/root/.cargo/bin/cargo-watch", "watch", "-x"];
        assert_eq!(
            name(&[&watch[..], &["run --bin web"]].concat()),
            Some("cargo watch")
        );
        assert_eq!(name(&[&watch[..], &["check"]].concat()), None);
        assert_eq!(name(&["node", "--watch", "app.js"]), Some("node --watch"));
        assert_eq!(name(&["node", "--watch", "--test"]), None);
    }

    #[test]
    fn a_circle_of_parents_ends() {
        let circle = [row(1, 2, &["a"]), row(2, 1, &["b"])];
        assert_eq!(family(&circle, &[1]).len(), 2);
    }

    #[test]
    fn every_watcher_is_in_the_catalogue() {
        for (key, _) in WATCHERS {
            assert!(
                catalogue().framework(key).is_some_and(|row| row.watcher),
                "{key}"
            );
        }
    }
}
