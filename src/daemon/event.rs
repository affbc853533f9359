//! Everything that can happen to the daemon.

use std::sync::Arc;
use std::time::Duration;

use super::handle::Asked;
use super::looks::Unasked;
use crate::facts::{
    Container, Ended, Engine, Host, Known, Listener, ProcId, Process, Project, Refusal,
};
use crate::findings::Report;

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
    /// Listening sockets and who owns them.
    Sockets,
    /// Containers of all engines.
    Containers,
    /// What the files of this project say.
    Project,
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
    /// Something may have changed there: look again.
    Hint(Part),
    /// The files below these project roots may have changed; all of them if there are none.
    Files(Vec<String>),
    /// An owner of a port has ended.
    Exited(ProcId, Known<Ended>),
    /// A connection was refused.
    Refused(Refusal),
    /// Some connections were refused, and it cannot be said which.
    RefusedSomewhere(u64),
    /// What listens, and who that is.
    Sockets {
        /// The listeners with their owners.
        listeners: Known<Arc<[Listener]>>,
        /// The owners and their ancestors.
        processes: Known<Arc<[Process]>>,
    },
    /// The containers.
    Containers {
        /// Every engine that was asked.
        engines: Arc<[Engine]>,
        /// The containers of those that answered.
        containers: Known<Arc<[Container]>>,
    },
    /// What a project's files say.
    Project(Box<Project>),
    /// The machine.
    Host(Box<Host>),
    /// The root of the project that each of these folders belongs to.
    Roots(Vec<(String, String)>),
    /// What was found of connections that were refused.
    Diagnosed(Box<Unasked>, Box<Report>),
    /// A call that took its time is answered.
    Answered,
    /// Somebody asks something.
    Asked(Asked),
    /// The daemon is to end.
    End,
}
