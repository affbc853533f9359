//! Which of a project's files count: not what it tests itself with, shows how it is used
//! with, or is to be copied. Pure.
//!
//! Asked from outside of it, a folder that by its name holds samples does not count,
//! unless a workspace of the project names what is in it. What one stands in counts
//! always, and so does the only project that there is.

use std::collections::{BTreeSet, HashMap};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::find::Found;
use crate::facts::LeftOut;
use crate::parsers::is_sample;
use crate::settings;

/// The files that count, of those that were found.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// Their paths, in the same order.
    pub(super) paths: Vec<String>,
    /// The outermost folders that were left out, with files that some parser takes; or
    /// such a file itself.
    pub(super) left_out: BTreeSet<LeftOut>,
    /// Folders that count though no workspace may name them.
    pub(super) asked_for: BTreeSet<String>,
}

/// What decides.
pub(super) struct Choice<'a> {
    /// The folders with a file that makes them a project, as all folders here seen from
    /// the root, which is empty.
    pub(super) marked: &'a BTreeSet<String>,
    /// The folders in which somebody stands or a server runs.
    pub(super) from: Vec<String>,
    /// Whether a workspace around samples names a folder in them as its member.
    pub(super) member: &'a dyn Fn(&str, &str) -> bool,
    /// What the settings leave out and take in.
    pub(super) globs: Globs,
}

/// The globs of the settings.
pub(super) struct Globs {
    leave_out: Gitignore,
    take_in: Gitignore,
}

impl Globs {
    pub(super) fn new(of: &settings::Projects) -> Self {
        let matcher = |globs: &[String]| {
            let mut builder = GitignoreBuilder::new("");
            for glob in globs {
                // One that is none does not get through the settings.
                let _ = builder.add_line(None, glob);
            }
            builder.build().unwrap_or_else(|_| Gitignore::empty())
        };
        Globs {
            leave_out: matcher(&of.leave_out),
            take_in: matcher(&of.take_in),
        }
    }

    fn are_none(&self) -> bool {
        self.leave_out.is_empty() && self.take_in.is_empty()
    }
}

fn has(globs: &Gitignore, path: &str, folder: bool) -> bool {
    matches!(globs.matched(path, folder), Match::Ignore(_))
}

/// What is decided on a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// It is the project's own.
    Counts,
    /// It counts by what the settings say, or by who stands there.
    AskedFor,
    /// It, or this folder above it, is left out.
    LeftOut(LeftOut),
}

impl Choice<'_> {
    /// Those of the files that count.
    pub(super) fn of(mut self, found: &[String]) -> Chosen {
        if let Some(only) = self.only_project() {
            self.from.push(only);
        }
        let mut chosen = Chosen::default();
        let mut known: HashMap<&str, Verdict> = HashMap::new();
        for path in found {
            let folder = folder(path);
            let verdict = known.entry(folder).or_insert_with(|| self.folder(folder));
            let file = match self.globs.are_none() {
                true => verdict.clone(),
                false => self.file(path, verdict),
            };
            match file {
                Verdict::Counts => chosen.paths.push(path.clone()),
                Verdict::AskedFor => {
                    chosen.paths.push(path.clone());
                    chosen.asked_for.insert(folder.to_owned());
                }
                Verdict::LeftOut(at) => {
                    chosen.left_out.insert(at);
                }
            }
        }
        chosen
    }

    /// A file is named by a glob itself, or is as its folder.
    fn file(&self, path: &str, of_folder: &Verdict) -> Verdict {
        if has(&self.globs.take_in, path, false) {
            Verdict::AskedFor
        } else if has(&self.globs.leave_out, path, false) {
            Verdict::LeftOut(LeftOut {
                path: path.to_owned(),
                by_settings: true,
            })
        } else {
            of_folder.clone()
        }
    }

    fn folder(&self, folder: &str) -> Verdict {
        let above = || prefixes(folder);
        let taken = above().rfind(|at| has(&self.globs.take_in, at, true));
        let depth = taken.map_or(0, str::len);
        let mut asked_for = taken.is_some();
        for at in above().filter(|at| at.len() > depth) {
            let told = has(&self.globs.leave_out, at, true);
            // What is taken in is so with all that is below it.
            let sample = taken.is_none() && is_sample(name(at));
            if !told && !sample {
                continue;
            }
            if self.stands_in(at, folder) {
                asked_for = true;
                continue;
            }
            let mut below = above().filter(|below| below.len() >= at.len());
            if told || !below.any(|below| (self.member)(below, at)) {
                return Verdict::LeftOut(LeftOut {
                    path: at.to_owned(),
                    by_settings: told,
                });
            }
        }
        match asked_for {
            true => Verdict::AskedFor,
            false => Verdict::Counts,
        }
    }

    /// Whether somebody stands where this folder, which lies in one that would be left
    /// out, matters: in the same project, or further down.
    fn stands_in(&self, left_out: &str, folder: &str) -> bool {
        let from = self.from.iter().filter(|from| is_below(from, left_out));
        from.into_iter().any(|from| {
            let on_the_way = is_below(from, folder);
            let inside = prefixes(from).filter(|at| at.len() > left_out.len());
            let project = inside.into_iter().find(|at| self.marked.contains(*at));
            let own = self.marked.contains(left_out).then_some(left_out);
            let project = project.or(own);
            on_the_way || project.is_some_and(|project| is_below(folder, project))
        })
    }

    /// The only project that there is, where it is a sample.
    fn only_project(&self) -> Option<String> {
        let mut only: Option<&str> = None;
        for marked in self.marked {
            match self.folder(marked) {
                Verdict::LeftOut(at) if at.by_settings => continue,
                Verdict::LeftOut(_) => {}
                Verdict::Counts | Verdict::AskedFor => return None,
            }
            match only {
                // In order, so the outer folder comes before those in it.
                Some(known) if is_below(marked, known) => {}
                Some(_) => return None,
                None => only = Some(marked),
            }
        }
        only.map(str::to_owned)
    }
}

/// The folder of a path; empty for the root.
fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A folder and those above it without the root, the outermost first.
fn prefixes(folder: &str) -> impl DoubleEndedIterator<Item = &str> {
    let ends = folder.match_indices('/').map(|(at, _)| at);
    let ends = ends.chain((!folder.is_empty()).then_some(folder.len()));
    let ends: Vec<usize> = ends.collect();
    ends.into_iter().filter_map(|end| folder.get(..end))
}

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || crate::facts::is_below(path, folder)
}

/// The folders of a whole system's paths that lie below this root, seen from it.
pub(super) fn seen_from(root: &str, folders: &[String]) -> Vec<String> {
    let below = folders.iter().filter_map(|folder| {
        let below = folder.strip_prefix(root.trim_end_matches(['/', '\\']))?;
        below
            .is_empty()
            .then_some("")
            .or_else(|| below.strip_prefix(['/', '\\']))
    });
    below.map(|folder| folder.replace('\\', "/")).collect()
}

impl<'a> Choice<'a> {
    /// What decides on these files.
    pub(super) fn new(
        found: &'a Found,
        from: Vec<String>,
        globs: Globs,
        member: &'a dyn Fn(&str, &str) -> bool,
    ) -> Self {
        Choice {
            marked: &found.marked,
            from,
            member,
            globs,
        }
    }
}

#[cfg(test)]
#[path = "samples_tests.rs"]
mod tests;
