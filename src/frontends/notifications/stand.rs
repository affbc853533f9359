//! How far the telling of each problem has come, and that of those that are only counted.

use std::time::Duration;

use super::words::Words;
use crate::sources::desktop::Notification;

/// A problem that holds, and is wanted.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) words: Words,
    pub(super) stand: Stand,
}

/// How far the telling of a problem has come.
#[derive(Debug)]
pub(super) enum Stand {
    /// It could not be told yet.
    Waiting,
    /// It is on the screen.
    Shown {
        notification: Notification,
        /// When that was last shown or replaced.
        at: Duration,
        /// How often it was replaced.
        times: u32,
    },
    /// It has left the screen by itself, and may stand in a list there.
    Expired,
    /// It was counted in a summary, or is to be.
    Counted,
    /// It was told, and is no longer to be seen.
    Told,
}

/// The summary of what came too fast.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// How many it says, while it is on the screen.
    pub(super) says: Option<usize>,
    /// The earliest moment for the next one.
    pub(super) next: Duration,
    /// How often it was replaced.
    pub(super) times: u32,
}
