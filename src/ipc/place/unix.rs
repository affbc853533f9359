//! Unix: a socket in a private folder.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{BadPlace, Peer, Place, failed, folder};
use crate::ipc::CannotOpen;

/// The most bytes of a socket's path: `sun_path` without the zero at its end.
const MOST: usize = if cfg!(any(target_os = "linux", target_os = "android")) {
    107
} else {
    103
};

pub(super) fn place(env: &impl Fn(&str) -> Option<OsString>) -> Place {
    let uid = rustix::process::geteuid().as_raw();
    let ours = |path: &PathBuf| {
        std::fs::metadata(path).is_ok_and(|found| found.is_dir() && found.uid() == uid)
    };
    // The variable may be another user's: `sudo -E` and `su` leave it as it is.
    let private = folder(env, "XDG_RUNTIME_DIR")
        .filter(ours)
        .or_else(|| Some(PathBuf::from(format!("/run/user/{uid}"))).filter(ours))
        .map(|runtime| runtime.join("devdoctor"))
        .unwrap_or_else(|| {
            folder(env, "TMPDIR")
                .unwrap_or_else(|| PathBuf::from("/tmp"))
                .join(format!("devdoctor-{uid}"))
        });
    let state = state(env).unwrap_or_else(|| private.join("state"));
    Place {
        socket: private.join("daemon.sock"),
        lock: private.join("daemon.lock"),
        log: state.join("daemon.log"),
        state,
        private: Some(private),
    }
}

/// The state folder; none where there is no home.
pub(super) fn state(env: &impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let home = || folder(env, "HOME").or_else(home_of_user);
    let states = folder(env, "XDG_STATE_HOME").or_else(|| {
        Some(if cfg!(target_os = "macos") {
            home()?.join("Library/Application Support")
        } else {
            home()?.join(".local/state")
        })
    })?;
    Some(states.join("devdoctor"))
}

/// What the system's list of users says.
fn home_of_user() -> Option<PathBuf> {
    use uzers::os::unix::UserExt;
    let user = uzers::get_user_by_uid(uzers::get_effective_uid())?;
    Some(user.home_dir().to_owned()).filter(|home| home.is_absolute())
}

/// The lock of a socket that the user has named: beside it.
pub(super) fn named_lock(_state: &Path, beside: PathBuf) -> PathBuf {
    beside
}

pub(super) fn check_name(socket: &Path, named: bool) -> Result<(), BadPlace> {
    if named && (!socket.is_absolute() || socket.file_name().is_none()) {
        return Err(BadPlace::Variable {
            says: socket.to_owned(),
            wanted: "an absolute path",
        });
    }
    // The system says what it takes; it refuses a zero byte, too.
    match SocketAddr::from_pathname(socket) {
        Ok(_) => Ok(()),
        Err(_) if socket.as_os_str().len() > MOST => Err(BadPlace::TooLong {
            path: socket.to_owned(),
            most: MOST,
        }),
        Err(error) => Err(failed(socket, &error)),
    }
}

pub(super) fn make_private(path: &Path) -> Result<(), BadPlace> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed(path, &error)),
        _ => Ok(()),
    }
}

/// Whether a folder, if it is there, is ours and open to nobody else.
pub(super) fn check_private(path: &Path) -> Result<(), BadPlace> {
    let Some(found) = look(path)? else {
        return Ok(());
    };
    let mode = found.mode() & 0o7777;
    let why = if found.file_type().is_symlink() {
        "is a symbolic link, which somebody else may have laid there; remove it".to_owned()
    } else if !found.is_dir() {
        "is no folder; remove it".to_owned()
    } else if let Some(owner) = foreign(&found) {
        format!("belongs to the user with the number {owner}, who could pose as the daemon")
    } else if mode & 0o077 != 0 {
        format!(
            "has the mode {mode:03o}, so others may get in; run `chmod 700 {}`",
            super::shown(path)
        )
    } else {
        return Ok(());
    };
    Err(BadPlace::NotPrivate {
        folder: path.to_owned(),
        why,
    })
}

/// Whether a socket, if one is there, is ours.
pub(super) fn check_owner(socket: &Path) -> Result<(), BadPlace> {
    match look(socket)? {
        Some(found) if found.file_type().is_socket() => match foreign(&found) {
            Some(owner) => Err(BadPlace::NotPrivate {
                folder: socket.to_owned(),
                why: format!("belongs to the user with the number {owner}: it is another's daemon"),
            }),
            None => Ok(()),
        },
        // What is no socket is in the way of a daemon, and nobody's danger.
        _ => Ok(()),
    }
}

fn look(path: &Path) -> Result<Option<Metadata>, BadPlace> {
    match path.symlink_metadata() {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, &error)),
    }
}

/// The owner, if that is not this user.
fn foreign(found: &Metadata) -> Option<u32> {
    Some(found.uid()).filter(|uid| *uid != rustix::process::geteuid().as_raw())
}

pub(super) fn netns() -> Option<u64> {
    if cfg!(target_os = "linux") {
        Some(std::fs::metadata("/proc/self/ns/net").ok()?.ino())
    } else {
        None
    }
}

/// How long a daemon that may be there has to take a connection.
const ALIVE: Duration = Duration::from_secs(2);

/// The file of the lock, made if it is not there.
pub(in crate::ipc) fn open_lock(place: &Place) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        // Not through a link that somebody else has laid.
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(&place.lock)
}

/// Where clients come in.
#[derive(Debug)]
pub struct Listener(UnixListener);

/// The socket's file, if we have made it. It goes with this.
#[derive(Debug)]
pub(in crate::ipc) struct Bound(Option<(PathBuf, u64, u64)>);

/// The daemon's end of a connection.
pub type Connection = tokio::net::UnixStream;

/// Makes the socket, or takes the one that the service manager has passed.
pub(in crate::ipc) fn bind(socket: &Path) -> Result<(Listener, Bound), CannotOpen> {
    let failed = |what, error| CannotOpen::Failed {
        what,
        path: socket.to_owned(),
        error,
    };
    if let Some(passed) = passed().map_err(|error| failed("take the passed socket", error))? {
        return Ok((Listener(passed), Bound(None)));
    }
    match socket.symlink_metadata() {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(CannotOpen::InTheWay(socket.to_owned()));
        }
        Ok(_) => match Stream::connect(socket, ALIVE) {
            // It holds no lock, or that of a file that is gone; but it lives.
            Ok(_) => return Err(CannotOpen::AlreadyRuns { pid: None }),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                std::fs::remove_file(socket)
                    .map_err(|error| failed("remove the stale socket", error))?;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Err(CannotOpen::AlreadyRuns { pid: None });
            }
            Err(error) => return Err(failed("ask who is behind the socket", error)),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed("look for a socket", error)),
    }
    let listener = UnixListener::bind(socket).map_err(|error| failed("bind the socket", error))?;
    // Where others can reach it meanwhile, they are turned away by who they are.
    std::fs::set_permissions(socket, Permissions::from_mode(0o600))
        .map_err(|error| failed("close the socket to others", error))?;
    let made = socket
        .symlink_metadata()
        .map_err(|error| failed("look at the socket", error))?;
    let bound = Bound(Some((socket.to_owned(), made.dev(), made.ino())));
    Ok((Listener(listener), bound))
}

/// The socket that the service manager has opened for us.
#[cfg(target_os = "linux")]
fn passed() -> io::Result<Option<UnixListener>> {
    listenfd::ListenFd::from_env().take_unix_listener(0)
}

#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps)]
fn passed() -> io::Result<Option<UnixListener>> {
    Ok(None)
}

impl Drop for Bound {
    fn drop(&mut self) {
        // Only our own: somebody may have removed it, and a later daemon made another.
        if let Some((path, dev, ino)) = self.0.take()
            && let Ok(found) = path.symlink_metadata()
            && (found.dev(), found.ino()) == (dev, ino)
        {
            // What cannot be removed is stale, and the next daemon replaces it.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A listener at work.
#[derive(Debug)]
pub struct Accepting(tokio::net::UnixListener);

impl Listener {
    /// Begins to take connections, inside a runtime.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn start(self) -> io::Result<Accepting> {
        self.0.set_nonblocking(true)?;
        tokio::net::UnixListener::from_std(self.0).map(Accepting)
    }
}

impl Accepting {
    /// The next connection, and whose it is. Nothing is lost where this is given up.
    ///
    /// # Errors
    ///
    /// The system's; the next call may do better.
    pub async fn accept(&mut self) -> io::Result<(Connection, Peer)> {
        let (connection, _) = self.0.accept().await?;
        let peer = match connection.peer_cred()?.uid() {
            uid if uid == rustix::process::geteuid().as_raw() => Peer::Us,
            uid => Peer::Other(uid),
        };
        Ok((connection, peer))
    }
}

/// A client's end of a connection.
#[derive(Debug)]
pub(in crate::ipc) struct Stream(UnixStream);

impl Stream {
    /// Connects, in this time at most: where very many wait to be accepted, connecting
    /// waits, too.
    pub(in crate::ipc) fn connect(socket: &Path, budget: Duration) -> io::Result<Self> {
        let stream = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
        stream.set_write_timeout(Some(at_least(budget)))?;
        stream.connect(&socket2::SockAddr::unix(socket)?)?;
        Ok(Stream(UnixStream::from(std::os::fd::OwnedFd::from(stream))))
    }

    /// What comes next; nothing where the other end has closed.
    pub(in crate::ipc) fn read(
        &mut self,
        buffer: &mut [u8],
        until: Option<Instant>,
    ) -> io::Result<usize> {
        loop {
            let left = until.map(left).transpose()?;
            self.0.set_read_timeout(left)?;
            match self.0.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    /// Writes all of it.
    pub(in crate::ipc) fn write(&mut self, mut bytes: &[u8], until: Instant) -> io::Result<()> {
        while !bytes.is_empty() {
            self.0.set_write_timeout(Some(left(until)?))?;
            match self.0.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The time that is left; none is an error.
fn left(until: Instant) -> io::Result<Duration> {
    match until.checked_duration_since(Instant::now()) {
        Some(left) if !left.is_zero() => Ok(at_least(left)),
        _ => Err(ErrorKind::TimedOut.into()),
    }
}

/// A timeout that the system rounds to nothing would be none at all.
fn at_least(span: Duration) -> Duration {
    span.max(Duration::from_millis(1))
}

/// Whether there may be a socket here.
pub(super) fn may_be_there(socket: &Path) -> bool {
    socket.symlink_metadata().is_ok()
}
