//! What the user does not want to be told of.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::daemon::event::Moment;
use crate::facts::is_below;
use crate::findings::Alert;

/// No more than this at once; the oldest goes first.
const MOST: usize = 256;

/// What is muted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Muted {
    /// Whatever is wrong with a port.
    Port(u16),
    /// Whatever is wrong in a project, by its root.
    Project(String),
    /// One alert, by its number.
    Alert(u64),
}

/// Something muted, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    /// What.
    pub what: Muted,
    /// When it ends, in milliseconds since the Unix epoch; nothing for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// How long it was to last, in milliseconds: a clock that jumps makes it no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
}

/// Everything that is muted.
#[derive(Debug, Default)]
pub(super) struct Mutes {
    list: Vec<Mute>,
    /// When each ends by the clock that does not jump, beside it.
    ends: Vec<Option<Duration>>,
}

impl Mutes {
    pub(super) fn restore(kept: Vec<Mute>, now: Moment) -> Self {
        let mut mutes = Mutes::default();
        for mute in kept.into_iter().take(MOST) {
            let left = mute.until.map(|until| until.saturating_sub(now.wall));
            let left = left.map(|left| left.min(mute.length.unwrap_or(left)));
            if left != Some(0) {
                let end = left.and_then(|left| now.up.checked_add(Duration::from_millis(left)));
                mutes.list.push(mute);
                mutes.ends.push(end);
            }
        }
        mutes
    }

    pub(super) fn add(&mut self, what: Muted, length: Option<Duration>, now: Moment) {
        self.remove(&what);
        if self.list.len() >= MOST {
            self.list.remove(0);
            self.ends.remove(0);
        }
        let ms = |length: Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        self.list.push(Mute {
            what,
            until: length.map(|length| now.wall.saturating_add(ms(length))),
            length: length.map(ms),
        });
        self.ends
            .push(length.and_then(|length| now.up.checked_add(length)));
    }

    pub(super) fn remove(&mut self, what: &Muted) -> bool {
        let Some(at) = self.list.iter().position(|mute| mute.what == *what) else {
            return false;
        };
        self.list.remove(at);
        self.ends.remove(at);
        true
    }

    /// Ends those whose time is over, and says whether there were any.
    pub(super) fn tick(&mut self, now: Moment) -> bool {
        let over = |end: &Option<Duration>| end.is_some_and(|end| end <= now.up);
        let before = self.list.len();
        while let Some(at) = self.ends.iter().position(over) {
            self.list.remove(at);
            self.ends.remove(at);
        }
        self.list.len() != before
    }

    pub(super) fn next_end(&self) -> Option<Duration> {
        self.ends.iter().flatten().min().copied()
    }

    pub(super) fn covers(&self, alert: &Alert) -> bool {
        self.list.iter().any(|mute| match &mute.what {
            Muted::Port(port) => alert.port == Some(*port),
            Muted::Project(root) => {
                let project = alert.project.as_deref();
                project.is_some_and(|project| is_below(project, root))
            }
            Muted::Alert(id) => alert.id == *id,
        })
    }

    pub(super) fn list(&self) -> &[Mute] {
        &self.list
    }
}
