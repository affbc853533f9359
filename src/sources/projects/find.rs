//! Which files of a project are read.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use ignore::WalkBuilder;

use super::{MARKERS, SETTINGS};
use crate::parsers;

/// How deep below its root a project's files are looked for.
const DEEPEST: usize = 8;

/// How many files and folders are looked at: enough for a monorepo of thousands of
/// packages, and an end to a home folder that somebody made a project.
const MOST_ENTRIES: usize = 100_000;

/// How many files are read.
const MOST_FILES: usize = 10_000;

/// Folders that hold what others wrote, whatever the ignore files say.
pub(super) const OTHERS: &[&str] = &[
    ".git",
    "node_modules",
    "bower_components",
    "vendor",
    "target",
    ".venv",
    "venv",
    "__pycache__",
    "site-packages",
    ".next",
    ".nuxt",
    ".svelte-kit",
    ".cache",
];

/// The files below a root that some parser takes.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Their paths, seen from the root, in order.
    pub(super) paths: Vec<String>,
    /// The folders with a file that makes them somebody's project.
    pub(super) marked: BTreeSet<String>,
    /// Whether there was more than is looked at.
    pub(super) cut: bool,
}

/// The files that are read of this project. Ignore files are respected, links are not
/// followed, and repositories within the repository are their own projects.
pub(super) fn files(root: &Path, until: Instant) -> Found {
    let top = root.to_owned();
    let walk = WalkBuilder::new(root)
        .hidden(false)
        .follow_links(false)
        .require_git(false)
        .max_depth(Some(DEEPEST))
        .filter_entry(move |entry| {
            if !entry.file_type().is_some_and(|kind| kind.is_dir()) || entry.path() == top {
                return true;
            }
            let name = entry.file_name().to_str();
            !name.is_some_and(|name| OTHERS.contains(&name)) && !entry.path().join(".git").exists()
        })
        .build();
    let mut found = Found::default();
    for (count, entry) in walk.enumerate() {
        if count >= MOST_ENTRIES || found.paths.len() >= MOST_FILES || Instant::now() >= until {
            found.cut = true;
            break;
        }
        // A folder that may not be listed has no files for us.
        let Ok(entry) = entry else { continue };
        if entry.file_type().is_none_or(|kind| kind.is_dir()) {
            continue;
        }
        let Some(name) = entry.file_name().to_str() else {
            continue;
        };
        let (taken, marks) = (parsers::takes(name), MARKERS.contains(&name));
        if !taken && (!marks || name == SETTINGS) {
            continue;
        }
        let below = entry.path().strip_prefix(root).ok();
        let Some(path) = below.and_then(Path::to_str) else {
            continue;
        };
        let path = path.replace('\\', "/");
        if marks {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            found.marked.insert(folder.to_owned());
        }
        if taken {
            found.paths.push(path);
        }
    }
    // Files near the root first: they speak for the whole.
    found
        .paths
        .sort_by(|a, b| (a.matches('/').count(), a).cmp(&(b.matches('/').count(), b)));
    found
}
