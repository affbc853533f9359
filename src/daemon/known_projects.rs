//! Which projects are watched: those whose servers run, and those that somebody asks
//! about. Pure: handed the time.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::event::Moment;

/// The most projects that are watched at once.
const MOST: usize = 64;
/// For how long a project that nobody needs any more stays watched.
const STAYS: Duration = Duration::from_secs(3600);

/// The roots of the projects that are watched.
#[derive(Debug, Default)]
pub struct KnownProjects {
    /// When each was needed last.
    roots: BTreeMap<String, Duration>,
    /// When somebody asked about one last, of those that anybody asked about.
    asked: BTreeMap<String, Duration>,
}

/// What a project that is needed was before.
#[derive(Debug, PartialEq, Eq)]
pub enum Need {
    /// Watched.
    Watched,
    /// Not watched.
    New {
        /// The root of the one that made room for it, and is watched no more.
        gone: Option<String>,
    },
}

impl KnownProjects {
    /// Takes note that this project is needed.
    pub fn need(&mut self, root: &str, now: Moment) -> Need {
        if let Some(last) = self.roots.get_mut(root) {
            *last = now.up;
            return Need::Watched;
        }
        let mut gone = None;
        if self.roots.len() >= MOST {
            let oldest = self.roots.iter().min_by_key(|(_, last)| **last);
            gone = oldest.map(|(root, _)| root.clone());
            if let Some(oldest) = &gone {
                self.remove(oldest);
            }
        }
        self.roots.insert(root.to_owned(), now.up);
        Need::New { gone }
    }

    /// Takes note that somebody asks about this project, if it is watched.
    pub fn ask(&mut self, root: &str, now: Moment) {
        if self.roots.contains_key(root) {
            self.asked.insert(root.to_owned(), now.up);
        }
    }

    /// Since the daemon began: when somebody asked about this project last.
    #[must_use]
    pub fn asked(&self, root: &str) -> Option<Duration> {
        self.asked.get(root).copied()
    }

    /// Forgets the projects that nobody has needed for an hour; says which.
    pub fn forget(&mut self, now: Moment) -> Vec<String> {
        let old = |last: &Duration| now.up.saturating_sub(*last) > STAYS;
        let gone = self.roots.iter().filter(|(_, last)| old(last));
        let gone: Vec<String> = gone.map(|(root, _)| root.clone()).collect();
        for root in &gone {
            self.remove(root);
        }
        gone
    }

    fn remove(&mut self, root: &str) {
        self.roots.remove(root);
        self.asked.remove(root);
    }

    /// Whether this project is watched.
    #[must_use]
    pub fn contains(&self, root: &str) -> bool {
        self.roots.contains_key(root)
    }

    /// The roots.
    #[must_use]
    pub fn roots(&self) -> BTreeSet<String> {
        self.roots.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Moment {
        Moment {
            up: Duration::from_secs(s),
            wall: 0,
        }
    }

    #[test]
    fn the_one_that_was_needed_least_makes_room() {
        let mut known = KnownProjects::default();
        for n in 0..MOST as u64 {
            let new = known.need(&format!("/p{n}"), at(n));
            assert_eq!(new, Need::New { gone: None });
        }
        assert_eq!(known.need("/p0", at(100)), Need::Watched);
        let gone = Some("/p1".to_owned());
        assert_eq!(known.need("/new", at(101)), Need::New { gone });
        assert_eq!(known.roots().len(), MOST);
        assert!(known.contains("/p0") && !known.contains("/p1"));
    }

    #[test]
    fn who_was_asked_about_is_known_for_as_long_as_it_is_watched() {
        let mut known = KnownProjects::default();
        known.ask("/a", at(0));
        assert_eq!(known.asked("/a"), None, "it is not watched");
        known.need("/a", at(1));
        known.ask("/a", at(2));
        assert_eq!(known.asked("/a"), Some(at(2).up));
        known.forget(at(4000));
        assert_eq!(known.asked("/a"), None);
    }

    #[test]
    fn what_nobody_needs_is_forgotten_after_an_hour() {
        let mut known = KnownProjects::default();
        known.need("/a", at(0));
        known.need("/b", at(3000));
        assert_eq!(known.forget(at(3600)), [] as [String; 0]);
        assert_eq!(known.forget(at(3601)), ["/a"]);
        assert!(known.contains("/b"));
    }
}
