//! What is otherwise than it was.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::facts::{Container, Known, Project};

/// What is otherwise than at the look before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Ports on which somebody listens, and nobody did.
    pub opened: BTreeSet<u16>,
    /// Ports on which nobody listens any more.
    pub closed: BTreeSet<u16>,
    /// Ports that somebody else has now, or the same one on other addresses.
    pub owners: BTreeSet<u16>,
    /// Ports of whose last owner is known now how it ended.
    pub ended: BTreeSet<u16>,
    /// Ports that containers which have changed publish, or want to.
    pub published: BTreeSet<u16>,
    /// Whether any container, or whether they can be seen, has changed.
    pub containers: bool,
    /// Whether an engine answers otherwise than it did.
    pub engines: bool,
    /// The roots of projects whose files say another thing.
    pub projects: BTreeSet<String>,
    /// Whether the machine has changed.
    pub host: bool,
}

impl Changes {
    /// Whether everything is as it was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Changes::default()
    }

    /// Every port of which a diagnosis may be another one now.
    #[must_use]
    pub fn ports(&self) -> BTreeSet<u16> {
        let all = [
            &self.opened,
            &self.closed,
            &self.owners,
            &self.ended,
            &self.published,
        ];
        all.into_iter().flatten().copied().collect()
    }

    /// Adds what changed after these changes.
    pub fn merge(&mut self, later: Changes) {
        // What opened and closed again has changed all the same.
        self.opened.extend(later.opened);
        self.closed.extend(later.closed);
        self.owners.extend(later.owners);
        self.ended.extend(later.ended);
        self.published.extend(later.published);
        self.containers |= later.containers;
        self.engines |= later.engines;
        self.projects.extend(later.projects);
        self.host |= later.host;
    }

    /// Compares two looks at the containers.
    pub(super) fn containers(
        &mut self,
        old: &Known<Arc<[Container]>>,
        new: &Known<Arc<[Container]>>,
    ) {
        self.containers |= old.gap() != new.gap();
        let (old, new) = (old.items(), new.items());
        let changed = new.iter().filter(|one| {
            let before = old.iter().find(|before| before.id == one.id);
            before.is_none_or(|before| is_other(before, one))
        });
        let gone = old
            .iter()
            .filter(|one| new.iter().all(|after| after.id != one.id));
        // What a container published before it changed matters as much.
        let before = old.iter().filter(|one| {
            let after = new.iter().find(|after| after.id == one.id);
            after.is_some_and(|after| is_other(one, after))
        });
        for container in changed.chain(gone).chain(before) {
            self.containers = true;
            let ports = container.wants.iter().chain(&container.published);
            self.published
                .extend(ports.filter_map(|publish| publish.host_port));
        }
    }
}

/// Whether a container is otherwise than it was: its age and its log do not count.
fn is_other(old: &Container, new: &Container) -> bool {
    old.state != new.state
        || old.exit_code != new.exit_code
        || old.oom_killed != new.oom_killed
        || old.error != new.error
        || old.health != new.health
        || old.restarts != new.restarts
        || old.pid != new.pid
        || old.wants != new.wants
        || old.published != new.published
        || old.networks != new.networks
        || old.inside != new.inside
        || old.name != new.name
        || old.compose != new.compose
}

/// Whether the files of a project say another thing: when they were changed does not count.
pub(super) fn says_another_thing(old: &Project, new: &Project) -> bool {
    if old.markers != new.markers {
        return true;
    }
    match (&old.claims, &new.claims) {
        (Known::Seen(old), Known::Seen(new)) => {
            !Arc::ptr_eq(old, new)
                && (old.services != new.services
                    || old.ignored != new.ignored
                    || old.pointers != new.pointers
                    || old.broken != new.broken
                    || old.cut != new.cut)
        }
        (old, new) => old.gap() != new.gap(),
    }
}
