//! Hints: the files of these projects may have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{SETTINGS, find};
use crate::parsers;
use crate::sources::folders::{Folders, Interest, Kind, Who};

/// After so long without another change it is over: an editor that saves all, a checkout.
const QUIET: Duration = Duration::from_millis(200);
/// A change that goes on for longer is told before it is over.
const LONGEST: Duration = Duration::from_secs(1);

/// Files that no parser takes by their names, and that parsers ask for beside others: who
/// manages a project's packages, what of it is ignored, and which of its folders count.
const BESIDE: &[&str] = &[
    SETTINGS,
    ".dockerignore",
    ".flaskenv",
    ".gitignore",
    ".ignore",
    "bun.lock",
    "bun.lockb",
    "deno.lock",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "yarn.lock",
];

/// A watch over the folders that known files of projects were read from.
#[derive(Debug)]
pub struct Watch {
    folders: Folders,
}

impl Watch {
    /// A watch over no project yet.
    #[must_use]
    pub fn new() -> Self {
        let kind = Kind {
            name: "project files",
            matters,
            enters,
            closely: false,
            quiet: QUIET,
            longest: LONGEST,
        };
        Watch {
            folders: Folders::new(kind),
        }
    }

    /// Watches these projects from now on, and no others: each root with what
    /// [`super::Read::folders`] says of it. Nothing is waited for.
    pub fn watch(&mut self, roots: &BTreeMap<String, Vec<String>>) {
        let mut interests = BTreeSet::new();
        for (root, folders) in roots {
            let who: Who = Arc::from(root.as_str());
            let paths = std::iter::once(root).chain(folders);
            interests.extend(paths.map(|path| Interest {
                path: PathBuf::from(path),
                who: who.clone(),
            }));
        }
        self.folders.watch(interests);
    }

    /// The roots of the projects to read again; none for all of them. It may be dropped at
    /// any time: nothing is lost by that.
    pub async fn next(&mut self) -> Vec<String> {
        let changed = self.folders.next().await;
        if changed.all {
            return Vec::new();
        }
        changed.who.iter().map(|who| who.to_string()).collect()
    }

    /// How it is watched, in a few words.
    #[must_use]
    pub fn mode(&self) -> String {
        self.folders.mode()
    }
}

impl Default for Watch {
    fn default() -> Self {
        Watch::new()
    }
}

/// Whether a file of this name may say something about a project.
fn matters(name: &str) -> bool {
    // `vite.config.ts` and its like are read because others say that they count.
    name.starts_with(".env")
        || name.contains(".config.")
        || BESIDE.contains(&name)
        || parsers::takes(name)
}

/// Whether a new folder of this name may hold such files.
fn enters(name: &str) -> bool {
    !find::OTHERS.contains(&name)
}

/// What to watch of a project, by the paths its files were read from.
pub(super) fn folders(root: &Path, looked_into: &[PathBuf], read: &[PathBuf]) -> Vec<String> {
    let mut paths: BTreeSet<&Path> = BTreeSet::from([root]);
    for folder in looked_into {
        // A new folder beside this one is told by the one above it.
        let below = folder.ancestors().take_while(|above| *above != root);
        paths.extend(below.filter(|path| path.starts_with(root) && !is_others(root, path)));
    }
    // Of the rest every name counts that was read.
    let by_name = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(matters) && path.parent().is_some_and(|folder| paths.contains(folder))
    };
    let single: Vec<&Path> = read.iter().map(PathBuf::as_path).collect();
    let single = single.into_iter().filter(|path| !by_name(path));
    let single: Vec<&Path> = single.filter(|path| !is_others(root, path)).collect();
    let mut all: Vec<&Path> = paths.into_iter().chain(single).collect();
    // Where there are more than can be watched, the ones near the root count most.
    all.sort_by_key(|path| (path.components().count(), path.as_os_str()));
    let told = all.into_iter().filter_map(|path| path.to_str());
    told.map(str::to_owned).collect()
}

/// Whether a path leads through a folder that others write.
fn is_others(root: &Path, path: &Path) -> bool {
    path.strip_prefix(root).is_ok_and(|below| {
        let mut names = below
            .components()
            .filter_map(|part| part.as_os_str().to_str());
        names.any(|name| find::OTHERS.contains(&name))
    })
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
