//! Who is the daemon: whoever holds the lock.
//!
//! The lock goes with its process, however that ends; the socket of one that was killed
//! stays behind. It is removed only by the holder of the lock, and only after connecting
//! to it was *refused*: whatever else stands there is left alone.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use super::place::{BadPlace, Bound, Listener, Place, bind, open_lock};
use crate::facts::clean;

/// A place that is taken: clients come in at the listener, and nobody else becomes the
/// daemon while the lock is held.
#[derive(Debug)]
pub struct Opened {
    /// Where clients come in.
    pub listener: Listener,
    /// To be kept until the daemon has ended.
    pub lock: Lock,
}

/// Being the daemon. Letting go of it removes the socket.
#[derive(Debug)]
pub struct Lock {
    // In this order: nobody finds the lock free and the socket still there.
    _bound: Bound,
    _file: File,
}

/// Why a place could not be taken.
#[derive(Debug)]
pub enum CannotOpen {
    /// A daemon runs; its process, where that could be learnt.
    AlreadyRuns {
        /// The process.
        pid: Option<u32>,
    },
    /// The place is none for a socket, or not a private one.
    Place(BadPlace),
    /// Something that is no socket stands where the socket would be.
    InTheWay(PathBuf),
    /// The system does not let us.
    Failed {
        /// What was to be done: `bind the socket`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// In the system's words.
        error: io::Error,
    },
}

impl fmt::Display for CannotOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CannotOpen::AlreadyRuns { pid: Some(pid) } => {
                write!(f, "a daemon runs already, as process {pid}")
            }
            CannotOpen::AlreadyRuns { pid: None } => f.write_str("a daemon runs already"),
            CannotOpen::Place(bad) => bad.fmt(f),
            CannotOpen::InTheWay(path) => write!(
                f,
                "{} is no socket; remove it, or name another place with {}",
                clean(&path.to_string_lossy()),
                super::SOCKET_VARIABLE
            ),
            CannotOpen::Failed { what, path, error } => write!(
                f,
                "could not {what} at {}: {error}",
                clean(&path.to_string_lossy())
            ),
        }
    }
}

impl std::error::Error for CannotOpen {}

/// Takes a place: becomes its daemon.
///
/// A socket that the service manager has opened and passed to this process is used
/// instead of one of our own.
///
/// # Errors
///
/// A daemon runs there already, or the place is no good.
pub fn open(place: &Place) -> Result<Opened, CannotOpen> {
    place.prepare().map_err(CannotOpen::Place)?;
    let failed = |what, error| CannotOpen::Failed {
        what,
        path: place.lock.clone(),
        error,
    };
    let mut file = open_lock(place).map_err(|error| failed("open the lock", error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(CannotOpen::AlreadyRuns {
                pid: pid_in(&mut file),
            });
        }
        Err(TryLockError::Error(error)) => return Err(failed("take the lock", error)),
    }
    let (listener, bound) = bind(&place.socket)?;
    // Only to be named to whoever comes second: a full disk is no reason not to run.
    let _ = write_pid(&mut file);
    Ok(Opened {
        listener,
        lock: Lock {
            _bound: bound,
            _file: file,
        },
    })
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{}", std::process::id())
}

fn pid_in(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
