//! Which folders are to be watched, and for what.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use super::{Interest, Who};

/// How many folders are watched at most.
pub(super) const MOST: usize = 4096;
/// How many links one after the other are followed.
const MOST_LINKS: usize = 8;
/// How many folders upwards one is looked for that is there.
const MOST_LEVELS: usize = 32;

/// What tells whether a path still is what it was.
pub(super) type Identity = (u64, u64);

/// One watched path, and what it is watched for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Arm {
    /// What is there.
    pub identity: Identity,
    /// For whom every name matters that does so in any folder.
    pub known: BTreeSet<Who>,
    /// Names that matter here, and for whom.
    pub files: BTreeMap<OsString, BTreeSet<Who>>,
    /// Names of folders that lead to something that is not there yet.
    pub awaited: BTreeSet<OsString>,
    /// For whom the path itself is the file that matters.
    pub itself: BTreeSet<Who>,
    /// Whether it is watched only because it is new.
    pub young: bool,
}

impl Arm {
    /// Everybody for whom something matters here.
    pub fn everybody(&self) -> impl Iterator<Item = &Who> {
        let files = self.files.values().flatten();
        self.known.iter().chain(files).chain(&self.itself)
    }
}

/// The paths to watch.
#[derive(Debug, Default)]
pub(super) struct Arms {
    /// Each with what it is watched for.
    pub by_path: HashMap<PathBuf, Arm>,
    /// What is not there, and for whom it is waited for.
    pub missing: BTreeSet<Interest>,
    /// Whether there were more than are watched.
    pub cut: bool,
}

impl Arms {
    /// What to watch for these interests, as the files are now.
    pub fn of(interests: &BTreeSet<Interest>, young: &BTreeSet<Interest>, closely: bool) -> Self {
        let mut arms = Arms::default();
        // What is near a root says most: it comes first where there are too many.
        for interest in by_depth(interests, |interest| &interest.path) {
            arms.add(interest, false, closely);
        }
        for interest in by_depth(young, |interest| &interest.path) {
            arms.add(interest, true, closely);
        }
        arms
    }

    /// All of them, those near a root first.
    pub fn in_order(&self) -> Vec<(&PathBuf, &Arm)> {
        by_depth(&self.by_path, |(path, _)| path)
    }

    fn add(&mut self, interest: &Interest, young: bool, closely: bool) {
        // One folder by two names would tell by one of them only.
        if let Some((folder, meta)) = real_folder(&interest.path) {
            if let Some(arm) = self.arm(&folder, &meta, young) {
                arm.known.insert(interest.who.clone());
            }
        } else if !young {
            if std::fs::metadata(&interest.path).is_err() {
                self.missing.insert(interest.clone());
            }
            self.add_file(interest, closely);
        }
    }

    /// A single file, or something that is not there.
    fn add_file(&mut self, interest: &Interest, closely: bool) {
        let mut path = interest.path.clone();
        for _ in 0..MOST_LINKS {
            let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
                return;
            };
            let Some((folder, meta)) = real_folder(folder) else {
                return self.await_folder(folder);
            };
            if let Some(arm) = self.arm(&folder, &meta, false) {
                let who = arm.files.entry(name.to_owned()).or_default();
                who.insert(interest.who.clone());
            }
            if !closely {
                return;
            }
            let whole = folder.join(name);
            match std::fs::read_link(&whole) {
                Ok(target) => path = folder.join(target),
                Err(_) => {
                    let meta = std::fs::metadata(&whole);
                    if let Ok(meta) = meta.as_ref()
                        && meta.is_file()
                        && let Some(arm) = self.arm(&whole, meta, false)
                    {
                        arm.itself.insert(interest.who.clone());
                    }
                    return;
                }
            }
        }
    }

    /// Waits for a folder that is not there: the nearest one above it that is tells when
    /// the way to it goes on.
    fn await_folder(&mut self, missing: &Path) {
        let mut below = missing;
        for folder in missing.ancestors().skip(1).take(MOST_LEVELS) {
            if let Some((folder, meta)) = real_folder(folder) {
                let name = below.file_name().map(OsStr::to_owned);
                if let (Some(arm), Some(name)) = (self.arm(&folder, &meta, false), name) {
                    arm.awaited.insert(name);
                }
                return;
            }
            below = folder;
        }
    }

    fn arm(&mut self, path: &Path, meta: &Metadata, young: bool) -> Option<&mut Arm> {
        if !self.by_path.contains_key(path) && self.by_path.len() >= MOST {
            self.cut = true;
            return None;
        }
        let arm = self.by_path.entry(path.to_owned()).or_insert_with(|| Arm {
            identity: identity(meta),
            young,
            ..Arm::default()
        });
        arm.young &= young;
        Some(arm)
    }
}

/// Things with paths, the shortest paths first.
fn by_depth<T>(things: impl IntoIterator<Item = T>, path: impl Fn(&T) -> &Path) -> Vec<T> {
    let mut things: Vec<T> = things.into_iter().collect();
    things.sort_by_cached_key(|thing| {
        let path = path(thing);
        (path.components().count(), path.to_owned())
    });
    things
}

/// A folder without links, if it is there.
fn real_folder(path: &Path) -> Option<(PathBuf, Metadata)> {
    let path = path.canonicalize().ok()?;
    let meta = std::fs::metadata(&path).ok()?;
    meta.is_dir().then_some((path, meta))
}

/// What tells a file from the next one of the same name.
#[cfg(unix)]
pub(super) fn identity(meta: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (meta.dev(), meta.ino())
}

/// What tells a file from the next one of the same name.
#[cfg(not(unix))]
pub(super) fn identity(meta: &Metadata) -> Identity {
    let created = meta.created().ok();
    let since = created.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or((0, 0), |since| {
        (since.as_secs(), since.subsec_nanos().into())
    })
}
