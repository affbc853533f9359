//! Everything that comes in unasked, as events.

use std::collections::BTreeMap;

use super::event::{Event, Part};
use crate::facts::ProcId;
use crate::settings::Settings;
use crate::sources::radar::{Heard, Radar};
use crate::sources::{containers, host, processes, projects};

/// All that is listened to. Nothing of it tells what is there: each says where to look.
#[derive(Debug)]
pub(super) struct Ears {
    radar: Radar,
    exits: processes::Exits,
    engines: containers::Watch,
    files: projects::Watch,
    host: host::Watch,
}

impl Ears {
    pub(super) fn new(settings: &Settings) -> Self {
        Ears {
            radar: Radar::new(),
            exits: processes::Exits::new(),
            engines: containers::Watch::new(settings.docker.enabled),
            files: projects::Watch::new(),
            host: host::Watch::new(),
        }
    }

    /// What is heard next.
    pub(super) async fn next(&mut self) -> Event {
        tokio::select! {
            heard = self.radar.next() => match heard {
                Heard::Refused(refusal) => Event::Refused(refusal),
                Heard::Somewhere(count) => Event::RefusedSomewhere(count),
            },
            (id, ended) = self.exits.next() => Event::Exited(id, ended),
            () = self.engines.next() => Event::Hint(Part::Containers),
            roots = self.files.next() => Event::Files(roots),
            () = self.host.next() => Event::Hint(Part::Host),
        }
    }

    /// Listens for the ends of these processes, and of no others.
    pub(super) fn watch_processes(&mut self, owners: &[ProcId]) {
        self.exits.watch(owners);
    }

    /// Listens for changes of the files in these folders, by the root of their project.
    pub(super) fn watch_files(&mut self, folders: &BTreeMap<String, Vec<String>>) {
        self.files.watch(folders);
    }

    /// Has the radar do as much as it may; about once a second, or seldom where this says
    /// that the machine is calm.
    pub(super) fn adapt(&mut self) -> bool {
        self.radar.adapt();
        self.radar.is_calm()
    }

    /// How refused connections, ends of servers, containers and files are noticed, in words.
    pub(super) fn modes(&self) -> [String; 4] {
        [
            self.radar.mode(),
            self.exits.mode(),
            self.engines.mode(),
            self.files.mode(),
        ]
    }
}
