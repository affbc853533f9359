//! Where the daemon's socket, lock, memory and log are, and what a local socket is on
//! each system.
//!
//! | | Unix | Windows |
//! |---|---|---|
//! | socket | `$XDG_RUNTIME_DIR/devdoctor/daemon.sock` | `\\.\pipe\devdoctor-<domain>-<user>` |
//! | lock | `daemon.lock` beside it | `daemon.lock` in the state folder |
//! | state | `$XDG_STATE_HOME/devdoctor` (`~/.local/state/devdoctor`); macOS: `~/Library/Application Support/devdoctor` | `%LOCALAPPDATA%\devdoctor` |
//! | log | `daemon.log` in the state folder | the same |
//!
//! Where `XDG_RUNTIME_DIR` names no folder of this user, it is `/run/user/<uid>`, if that
//! is there, and else a private folder `devdoctor-<uid>` below `$TMPDIR` or `/tmp`.
//! `DEVDOCTOR_SOCKET`, an absolute path, takes the place of all that; the lock is then
//! beside it, with `.lock` added to its name.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "windows.rs")]
mod os;

pub use os::{Accepting, Connection, Listener};
pub(super) use os::{Bound, Stream, bind, open_lock};

/// The variable that names another socket.
pub const SOCKET_VARIABLE: &str = "DEVDOCTOR_SOCKET";

/// Where everything of the daemon is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The socket.
    pub socket: PathBuf,
    /// The file whose lock says who is the daemon.
    pub lock: PathBuf,
    /// The folder of what is kept across restarts. Nobody has made it yet.
    pub state: PathBuf,
    /// The log, in the state folder.
    pub log: PathBuf,
    /// The folder of the socket, if that is ours alone: it must be private. None where
    /// the user has named the socket, or where sockets are in no folder.
    pub private: Option<PathBuf>,
}

/// Who has connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// This user.
    Us,
    /// Another user, by number.
    Other(u32),
}

/// Why there is no place for the daemon's socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadPlace {
    /// A path that is longer than the system takes for a socket.
    TooLong {
        /// The path.
        path: PathBuf,
        /// The most bytes that it may have.
        most: usize,
    },
    /// `DEVDOCTOR_SOCKET` names no place for a socket on this system.
    Variable {
        /// What it says.
        says: PathBuf,
        /// What it should look like.
        wanted: &'static str,
    },
    /// The folder is not private to this user, so somebody else could stand in for the
    /// daemon.
    NotPrivate {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it, and what mends that.
        why: String,
    },
    /// It could not be looked at or made.
    Failed {
        /// The path.
        path: PathBuf,
        /// In the system's words.
        why: String,
    },
}

impl fmt::Display for BadPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadPlace::TooLong { path, most } => write!(
                f,
                "{} is too long for a socket, which may have {most} bytes; name a shorter one \
                 with {SOCKET_VARIABLE}",
                shown(path)
            ),
            BadPlace::Variable { says, wanted } => {
                write!(
                    f,
                    "{SOCKET_VARIABLE} must be {wanted}, not `{}`",
                    shown(says)
                )
            }
            BadPlace::NotPrivate { folder, why } => write!(f, "{} {why}", shown(folder)),
            BadPlace::Failed { path, why } => write!(f, "{}: {why}", shown(path)),
        }
    }
}

impl std::error::Error for BadPlace {}

impl Place {
    /// Where everything is in this environment. Nothing is made or changed.
    ///
    /// # Errors
    ///
    /// A socket cannot be there.
    pub fn of(env: impl Fn(&str) -> Option<OsString>) -> Result<Self, BadPlace> {
        let (place, named) = match env(SOCKET_VARIABLE).filter(|value| !value.is_empty()) {
            Some(socket) => (Place::at(PathBuf::from(socket), os::state(&env)), true),
            None => (os::place(&env), false),
        };
        os::check_name(&place.socket, named)?;
        Ok(place)
    }

    /// The place of a socket that the user has named.
    fn at(socket: PathBuf, state: Option<PathBuf>) -> Self {
        let mut lock = socket.clone().into_os_string();
        lock.push(".lock");
        let beside = socket.parent().unwrap_or(Path::new("/"));
        let state = state.unwrap_or_else(|| beside.join("state"));
        Place {
            log: state.join("daemon.log"),
            lock: os::named_lock(&state, PathBuf::from(lock)),
            state,
            socket,
            private: None,
        }
    }

    /// Makes the folder of the socket, if it is not there.
    ///
    /// # Errors
    ///
    /// It cannot be made, or is not private.
    pub fn prepare(&self) -> Result<(), BadPlace> {
        match &self.private {
            Some(folder) => os::make_private(folder).and_then(|()| self.check()),
            None => Ok(()),
        }
    }

    /// Whether there may be a daemon: false only where there is no socket of one.
    #[must_use]
    pub fn may_be_served(&self) -> bool {
        os::may_be_there(&self.socket)
    }

    /// Whether the folder and the socket, as far as they are there, belong to this user
    /// alone: whether what answers is this user's daemon.
    ///
    /// # Errors
    ///
    /// They do not, or could not be looked at.
    pub fn check(&self) -> Result<(), BadPlace> {
        if let Some(folder) = &self.private {
            os::check_private(folder)?;
        }
        os::check_owner(&self.socket)
    }
}

/// The network namespace that this process is in, by inode; nothing where a system has
/// only one, or does not say.
#[must_use]
pub fn netns() -> Option<u64> {
    os::netns()
}

/// A folder named by a variable: a relative or empty one names none.
fn folder(env: &impl Fn(&str) -> Option<OsString>, name: &str) -> Option<PathBuf> {
    env(name)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
}

fn shown(path: &Path) -> String {
    crate::facts::clean(&path.to_string_lossy())
}

fn failed(path: &Path, error: &std::io::Error) -> BadPlace {
    BadPlace::Failed {
        path: path.to_owned(),
        why: error.to_string(),
    }
}

#[cfg(test)]
mod tests;
