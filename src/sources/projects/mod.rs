//! Project folders: whose server is this, by the files around it.

mod files;
mod find;
mod read;
mod samples;
mod watch;
mod write;

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::facts::{Known, Project, clean};

pub use read::{Asked, Read, claims, left_out, read};
pub use watch::Watch;
pub use write::replace;

/// Files that make a folder somebody's project.
const MARKERS: &[&str] = &[
    "package.json",
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
    "Dockerfile",
    "manage.py",
    "pyproject.toml",
    "requirements.txt",
    "Cargo.toml",
    "go.mod",
    "Gemfile",
    "composer.json",
    "mix.exs",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "deno.json",
    "Procfile",
    "Makefile",
    SETTINGS,
];

/// The settings of a project: they make a folder one, and by themselves no server.
const SETTINGS: &str = ".devdoctor.toml";

/// The folder that makes the one it is in the root of a repository.
const REPOSITORY: &str = ".git";

/// How many folders upwards are looked at: enough for any monorepo, and an end to any loop.
const MOST_LEVELS: usize = 24;

/// The projects that these folders belong to, without repeats.
///
/// From each folder upwards to the root of its repository (or to the home folder, or
/// the file system's root), every folder with a known file in it: a package of a
/// monorepo and the monorepo itself are both projects.
#[must_use]
pub fn roots<S: AsRef<str>>(folders: &[S]) -> Vec<Project> {
    let home = std::env::home_dir();
    let mut seen: HashSet<PathBuf> = HashSet::new();
    let mut found = Vec::new();
    for folder in folders {
        let folder = Path::new(folder.as_ref());
        if !folder.is_absolute() {
            continue;
        }
        for level in folder.ancestors().take(MOST_LEVELS) {
            let top = level.parent().is_none() || home.as_deref() == Some(level);
            // A folder that was seen before has had its parents looked at, too.
            if top || !seen.insert(level.to_path_buf()) {
                break;
            }
            let names = Names::of(level);
            let markers: Vec<String> = MARKERS
                .iter()
                .filter(|name| names.has(level, name))
                .map(|&name| name.to_owned())
                .collect();
            let repository = names.has(level, REPOSITORY);
            if repository || !markers.is_empty() {
                found.push(Project {
                    root: clean(&level.to_string_lossy()),
                    markers,
                    claims: Known::default(),
                });
            }
            if repository {
                break;
            }
        }
    }
    found
}

/// The most names of a folder that are listed: more cost more than asking for each marker.
const MOST_NAMES: usize = 128;

/// The names in a folder.
enum Names {
    /// All of them.
    All(HashSet<OsString>),
    /// There are too many, or they may not be listed: each is asked for.
    Ask,
}

impl Names {
    fn of(folder: &Path) -> Names {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Names::Ask;
        };
        let mut names = HashSet::new();
        for entry in entries {
            match entry {
                Ok(entry) if names.len() < MOST_NAMES => names.insert(entry.file_name()),
                _ => return Names::Ask,
            };
        }
        Names::All(names)
    }

    fn has(&self, folder: &Path, name: &str) -> bool {
        match self {
            Names::All(names) => names.contains(OsStr::new(name)),
            Names::Ask => folder.join(name).symlink_metadata().is_ok(),
        }
    }
}

#[cfg(test)]
mod roots_tests;
#[cfg(test)]
mod tests;
