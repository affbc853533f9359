//! Windows: a named pipe, which the system lets only its maker, administrators and the
//! system itself write to.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use tokio::net::windows::named_pipe::{NamedPipeServer, ServerOptions};

use super::{BadPlace, Peer, Place, failed, folder};
use crate::ipc::CannotOpen;

/// Where every pipe is.
const PIPES: &str = r"\\.\pipe\";
/// The most bytes of a pipe's name.
const MOST: usize = 256;
/// `SECURITY_IDENTIFICATION`: whoever has made the pipe may learn who we are, and not act
/// as us.
const IDENTIFY_ONLY: u32 = 0x0001_0000;
/// `ERROR_PIPE_BUSY`.
const BUSY: i32 = 231;

pub(super) fn place(env: &impl Fn(&str) -> Option<OsString>) -> Place {
    let word = |name: &str| {
        let value = env(name).unwrap_or_default();
        let plain = |c: char| c.is_alphanumeric() || c == '.' || c == '_';
        value.to_string_lossy().replace(|c| !plain(c), "-")
    };
    let name = format!(
        "{PIPES}devdoctor-{}-{}",
        word("USERDOMAIN"),
        word("USERNAME")
    );
    let state = state(env).unwrap_or_else(|| std::env::temp_dir().join("devdoctor"));
    Place {
        socket: PathBuf::from(name),
        lock: state.join("daemon.lock"),
        log: state.join("daemon.log"),
        state,
        private: None,
    }
}

/// The state folder; none where the variable is missing.
pub(super) fn state(env: &impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    Some(folder(env, "LOCALAPPDATA")?.join("devdoctor"))
}

/// The lock of a pipe that the user has named: no file can be beside a pipe.
pub(super) fn named_lock(state: &Path, beside: PathBuf) -> PathBuf {
    match beside.file_name() {
        Some(name) => state.join(name),
        None => state.join("daemon.lock"),
    }
}

pub(super) fn check_name(socket: &Path, named: bool) -> Result<(), BadPlace> {
    let text = socket.as_os_str().to_string_lossy();
    if text.len() > MOST {
        return Err(BadPlace::TooLong {
            path: socket.to_owned(),
            most: MOST,
        });
    }
    if named && !(text.starts_with(PIPES) && text.len() > PIPES.len()) {
        return Err(BadPlace::Variable {
            says: socket.to_owned(),
            wanted: r"the name of a pipe, `\\.\pipe\…`",
        });
    }
    Ok(())
}

pub(super) fn make_private(path: &Path) -> Result<(), BadPlace> {
    std::fs::create_dir_all(path).map_err(|error| failed(path, &error))
}

pub(super) fn check_private(_path: &Path) -> Result<(), BadPlace> {
    Ok(())
}

pub(super) fn check_owner(_socket: &Path) -> Result<(), BadPlace> {
    Ok(())
}

pub(super) fn netns() -> Option<u64> {
    None
}

/// The file of the lock, made if it is not there.
pub(in crate::ipc) fn open_lock(place: &Place) -> io::Result<File> {
    if let Some(folder) = place.lock.parent() {
        std::fs::create_dir_all(folder)?;
    }
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&place.lock)
}

/// Where clients come in.
#[derive(Debug)]
pub struct Listener(PathBuf);

/// A pipe goes with its last end; there is nothing to remove.
#[derive(Debug)]
pub(in crate::ipc) struct Bound;

/// The daemon's end of a connection.
pub type Connection = NamedPipeServer;

/// Whoever holds the lock makes the pipe.
pub(in crate::ipc) fn bind(socket: &Path) -> Result<(Listener, Bound), CannotOpen> {
    Ok((Listener(socket.to_owned()), Bound))
}

/// A listener at work: an instance of the pipe that waits for a client.
#[derive(Debug)]
pub struct Accepting {
    name: PathBuf,
    waiting: NamedPipeServer,
}

impl Listener {
    /// Begins to take connections, inside a runtime.
    ///
    /// # Errors
    ///
    /// The system's: somebody else has a pipe of this name, too.
    pub fn start(self) -> io::Result<Accepting> {
        let waiting = ServerOptions::new()
            .first_pipe_instance(true)
            .create(&self.0)?;
        Ok(Accepting {
            name: self.0,
            waiting,
        })
    }
}

impl Accepting {
    /// The next connection, and whose it is. Nothing is lost where this is given up.
    ///
    /// # Errors
    ///
    /// The system's; the next call may do better.
    pub async fn accept(&mut self) -> io::Result<(Connection, Peer)> {
        self.waiting.connect().await?;
        let next = ServerOptions::new().create(&self.name)?;
        let connection = std::mem::replace(&mut self.waiting, next);
        // Whom the system lets write to a pipe of ours, it takes for us.
        Ok((connection, Peer::Us))
    }
}

/// What a worker thread is to do with the pipe.
#[derive(Debug)]
enum Job {
    Read(usize),
    Write(Vec<u8>),
}

/// A client's end of a connection.
///
/// A pipe that is opened as a file knows no deadlines, and a read that waits on it holds
/// up a write: so a thread does one after the other, and whoever waits for it may stop to.
#[derive(Debug)]
pub(in crate::ipc) struct Stream {
    jobs: SyncSender<Job>,
    done: Receiver<io::Result<Vec<u8>>>,
}

impl Stream {
    /// Connects, in this time at most: while every instance of the pipe is taken, it is
    /// tried again.
    pub(in crate::ipc) fn connect(socket: &Path, budget: Duration) -> io::Result<Self> {
        let until = Instant::now() + budget;
        let pipe = loop {
            let opened = OpenOptions::new()
                .read(true)
                .write(true)
                .security_qos_flags(IDENTIFY_ONLY)
                .open(socket);
            match opened {
                Err(error) if error.raw_os_error() == Some(BUSY) && Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                other => break other?,
            }
        };
        let (jobs, wanted) = mpsc::sync_channel(1);
        let (finished, done) = mpsc::sync_channel(1);
        std::thread::Builder::new()
            .name("pipe".to_owned())
            .spawn(move || work(pipe, &wanted, &finished))?;
        Ok(Stream { jobs, done })
    }

    /// What comes next; nothing where the other end has closed.
    pub(in crate::ipc) fn read(
        &mut self,
        buffer: &mut [u8],
        until: Option<Instant>,
    ) -> io::Result<usize> {
        let read = self.finish(Job::Read(buffer.len()), until)?;
        buffer[..read.len()].copy_from_slice(&read);
        Ok(read.len())
    }

    /// Writes all of it.
    pub(in crate::ipc) fn write(&mut self, bytes: &[u8], until: Instant) -> io::Result<()> {
        self.finish(Job::Write(bytes.to_vec()), Some(until))
            .map(drop)
    }

    fn finish(&mut self, job: Job, until: Option<Instant>) -> io::Result<Vec<u8>> {
        let gone = || io::Error::from(ErrorKind::BrokenPipe);
        // Full where an earlier job was given up and still runs.
        self.jobs
            .try_send(job)
            .map_err(|_| io::Error::from(ErrorKind::TimedOut))?;
        match until {
            None => self.done.recv().map_err(|_| gone())?,
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                match self.done.recv_timeout(left) {
                    Ok(result) => result,
                    Err(RecvTimeoutError::Timeout) => Err(ErrorKind::TimedOut.into()),
                    Err(RecvTimeoutError::Disconnected) => Err(gone()),
                }
            }
        }
    }
}

fn work(mut pipe: File, wanted: &Receiver<Job>, finished: &SyncSender<io::Result<Vec<u8>>>) {
    for job in wanted {
        let result = match job {
            Job::Read(most) => {
                let mut buffer = vec![0; most];
                match pipe.read(&mut buffer) {
                    Ok(read) => {
                        buffer.truncate(read);
                        Ok(buffer)
                    }
                    // The other end of a pipe that is closed.
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Vec::new()),
                    Err(error) => Err(error),
                }
            }
            Job::Write(bytes) => pipe.write_all(&bytes).map(|()| Vec::new()),
        };
        if finished.send(result).is_err() {
            return;
        }
    }
}

/// Whether there may be a pipe of this name: only connecting tells.
pub(super) fn may_be_there(_: &Path) -> bool {
    true
}
