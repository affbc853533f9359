//! Which projects there are, and what their files say.

use std::collections::BTreeSet;

use super::alerts::{Scope, Sight};
use super::errand::FilesRead;
use super::event::Moment;
use super::known_projects::Need;
use super::run::Daemon;
use super::state::Changes;
use crate::facts::{Claims, Known, Listener, Process};
use crate::settings::Settings;
use crate::sources::projects::left_out;

/// The most folders of which it is remembered whose project they are.
const MOST_FOLDERS: usize = 1024;

impl Daemon {
    /// Has the projects of these servers watched.
    pub(super) fn adopt(&mut self, listeners: &[Listener], processes: &[Process], now: Moment) {
        let owners: BTreeSet<_> = listeners.iter().filter_map(Listener::owner).collect();
        let owners = processes.iter().filter(|one| owners.contains(&one.id));
        let folders: BTreeSet<String> = owners
            .filter_map(|owner| owner.cwd.seen().cloned())
            .collect();
        self.find_roots(folders, now);
    }

    /// Finds out whose project these folders are, and has those projects watched.
    pub(super) fn find_roots(&mut self, folders: impl IntoIterator<Item = String>, now: Moment) {
        let mut unknown = Vec::new();
        for folder in folders {
            match self.roots.get(&folder) {
                Some(Some(root)) => {
                    let root = root.clone();
                    self.need(&root, now);
                }
                Some(None) => {}
                None if self.asked_roots.insert(folder.clone()) => unknown.push(folder),
                None => {}
            }
        }
        if !unknown.is_empty() {
            self.looks.whose(unknown);
        }
    }

    /// Has the project watched to which a folder belongs that somebody asks about.
    pub(super) fn find_asked_root(&mut self, folder: String, now: Moment) {
        // That it was nobody's a while ago says little, and whoever asks needs an answer.
        if self.roots.get(&folder) == Some(&None) {
            self.roots.remove(&folder);
        }
        self.find_roots([folder], now);
    }

    /// Has a project watched.
    fn need(&mut self, root: &str, now: Moment) {
        if let Need::New { gone } = self.projects.need(root, now) {
            if let Some(gone) = gone {
                self.forget_project(&gone, now);
            }
            self.stale_projects.insert(root.to_owned());
            self.due = Some(now.up);
        }
    }

    /// A sample that was left out counts from now on, where its server runs or somebody
    /// asks from there.
    fn hear_from(&mut self, folder: &str, root: &str, now: Moment) {
        let known = self.state.projects().get(root);
        let claims = known.and_then(|project| project.claims.seen());
        let folders = [folder.to_owned()];
        if claims.is_some_and(|claims| !left_out(root, claims, &folders).is_empty()) {
            self.stale_projects.insert(root.to_owned());
            self.due = Some(now.up);
        }
    }

    pub(super) fn take_roots(&mut self, roots: Vec<(String, Option<String>)>, now: Moment) {
        if self.roots.len() + roots.len() > MOST_FOLDERS {
            let waiting = &self.waiting;
            let is_awaited = |folder: &String| waiting.iter().any(|(asked, _)| asked == folder);
            self.roots.retain(|folder, _| is_awaited(folder));
        }
        for (folder, root) in roots {
            self.asked_roots.remove(&folder);
            // Where nobody's files say what should run, the folder that is asked about is
            // all there is.
            let asked = self.waiting.iter().any(|(asked, _)| *asked == folder);
            let root = root.or_else(|| asked.then(|| folder.clone()));
            if let Some(root) = &root {
                self.need(root, now);
                self.hear_from(&folder, root, now);
            }
            self.roots.insert(folder, root);
        }
    }

    /// Takes what the files of a project say, and which settings hold in it.
    pub(super) fn take_project(&mut self, read: FilesRead, settings: Settings) -> Changes {
        let mut project = read.project;
        let root = project.root.clone();
        // It was forgotten while its files were being read.
        if !self.projects.contains(&root) {
            return Changes::default();
        }
        if self.folders.get(&root) != Some(&read.folders) {
            self.folders.insert(root.clone(), read.folders);
            self.folders_changed = true;
        }
        self.settings.insert(root.clone(), settings);
        let old = self.state.projects().get(&root);
        if let Some(Known::Seen(old)) = old.map(|old| &old.claims)
            && let Known::Seen(new) = &project.claims
            && let Some(kept) = with_last_good(old, new)
        {
            project.claims = Known::Seen(kept.into());
        }
        let mut changes = self.state.project(project);
        // It is to be checked even if it says what it said: somebody may wait for it.
        if !self.reports.contains_key(&root) {
            changes.projects.insert(root);
        }
        changes
    }

    /// Forgets the projects that nobody needs any more.
    pub(super) fn forget_projects(&mut self, now: Moment) {
        // An editor that is open on one asks only when there is news.
        if self.is_watched() {
            return;
        }
        for root in self.projects.forget(now) {
            self.forget_project(&root, now);
        }
    }

    fn forget_project(&mut self, root: &str, now: Moment) {
        self.state.forget(root);
        self.reports.remove(root);
        self.settings.remove(root);
        self.folders_changed |= self.folders.remove(root).is_some();
        self.roots.retain(|_, known| known.as_deref() != Some(root));
        let scope = Scope::Project(root.to_owned());
        let told = self.alerts.see(&scope, Sight::default(), now);
        self.tell(told);
    }
}

/// What files say, those that are broken now as they last said it when they were not;
/// nothing where they said nothing then either. That they are broken stays said.
fn with_last_good(old: &Claims, new: &Claims) -> Option<Claims> {
    let broken = |file: &str| new.broken.iter().any(|one| one.origin.file == file);
    let mut kept = new.clone();
    for service in old.services.iter().filter(|one| broken(&one.origin.file)) {
        if kept.services.iter().all(|known| known.name != service.name) {
            kept.services.push(service.clone());
        }
    }
    let pointers = old.pointers.iter().filter(|one| broken(&one.origin.file));
    for pointer in pointers {
        if !kept.pointers.contains(pointer) {
            kept.pointers.push(pointer.clone());
        }
    }
    (kept != *new).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{BrokenFile, Origin, Service};

    fn claims(services: &[(&str, &str)], broken: &[&str]) -> Claims {
        let origin = |file: &str| Origin {
            file: file.to_owned(),
            ..Origin::default()
        };
        let services = services.iter().map(|(name, file)| Service {
            name: (*name).to_owned(),
            origin: origin(file),
            ..Service::default()
        });
        let broken = broken.iter().map(|file| BrokenFile {
            origin: origin(file),
            what: "a bracket is missing".to_owned(),
        });
        Claims {
            services: services.collect(),
            broken: broken.collect(),
            ..Claims::default()
        }
    }

    fn names(claims: &Claims) -> Vec<&str> {
        claims
            .services
            .iter()
            .map(|one| one.name.as_str())
            .collect()
    }

    #[test]
    fn a_broken_file_keeps_what_it_said_last() {
        let good = claims(&[("web", "compose.yaml"), ("api", "package.json")], &[]);
        let now = claims(&[("api", "package.json")], &["compose.yaml"]);
        let kept = with_last_good(&good, &now).unwrap();
        assert_eq!(names(&kept), ["api", "web"]);
        assert_eq!(kept.broken, now.broken, "it is said all the same");
        // And for as long as it stays broken.
        let kept = with_last_good(&kept, &now).unwrap();
        assert_eq!(names(&kept), ["api", "web"]);
    }

    #[test]
    fn what_is_gone_from_a_good_file_is_gone() {
        let good = claims(&[("web", "compose.yaml"), ("api", "compose.yaml")], &[]);
        let now = claims(&[("web", "compose.yaml")], &[]);
        assert_eq!(with_last_good(&good, &now), None);
        let broken_from_the_start = claims(&[], &["compose.yaml"]);
        assert_eq!(
            with_last_good(&broken_from_the_start, &broken_from_the_start),
            None
        );
    }
}
