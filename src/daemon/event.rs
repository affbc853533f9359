//! Everything that can happen to the daemon.

use std::sync::Arc;
use std::time::Duration;

use super::errand::FilesRead;
use super::handle::Asked;
use super::looks::Unasked;
use crate::facts::{Container, Ended, Engine, Host, Known, ProcId, Process, Refusal};
use crate::findings::Report;
use crate::settings::Settings;

/// A moment, by two clocks that are read at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Since the daemon started, by a clock that never jumps: every waiting goes by it.
    pub up: Duration,
    /// Milliseconds since the Unix epoch, by the clock on the wall: for what is kept.
    pub wall: u64,
}

/// A part of the world that is looked at as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Containers of all engines.
    Containers,
    /// The hosts file, the resolver's settings, the addresses.
    Host,
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// It is time to look at the sockets.
    Tick,
    /// It is time to look at everything, whatever was heard.
    FullLook,
    /// It is time for something that the machines wait for.
    Due,
    /// Something may have changed there: look again.
    Hint(Part),
    /// The files of the projects with these roots may have changed; of all of them if
    /// there are none.
    Files(Vec<String>),
    /// An owner of a port has ended.
    Exited(ProcId, Known<Ended>),
    /// A connection was refused.
    Refused(Refusal),
    /// Some connections were refused, so many, and it cannot be said which.
    RefusedSomewhere(u64),
    /// The containers were looked at.
    Containers {
        /// Every engine that was asked.
        engines: Arc<[Engine]>,
        /// The containers of those that answered.
        containers: Known<Arc<[Container]>>,
    },
    /// The files of a project were read, and the settings that hold in it.
    Project(Box<FilesRead>, Box<Settings>),
    /// The machine was looked at.
    Host(Box<Host>),
    /// The root of the project that each of these folders belongs to, if there is one.
    Roots(Vec<(String, Option<String>)>),
    /// It was looked which of these processes are there.
    Processes {
        /// Those that were looked for.
        asked: Vec<ProcId>,
        /// Those that are there.
        seen: Vec<Process>,
    },
    /// It was found out why connections were refused.
    Diagnosed(Box<Unasked>, Box<Report>),
    /// Somebody asks something.
    Asked(Asked),
    /// The daemon is to end.
    End,
}
