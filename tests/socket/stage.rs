//! The place of a story, and the server process in it.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use devdoctor::ipc::{Client, Place};

use super::machine;
use super::responder::{CANNOT, PART, READY};
use super::talk::{PATIENCE, Talk};

/// A folder for one story, as its `XDG_RUNTIME_DIR`.
pub struct Stage {
    pub folder: PathBuf,
}

/// A server process. It is killed with this.
pub struct Server {
    pub child: Child,
    pub socket: PathBuf,
}

impl Stage {
    /// A new one, private to this user.
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ddsock-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        mode(&folder, 0o700);
        Stage { folder }
    }

    /// Where everything is.
    pub fn place(&self) -> Place {
        let folder = self.folder.clone();
        let place = Place::of(|name| match name {
            "XDG_RUNTIME_DIR" | "XDG_STATE_HOME" => Some(folder.clone().into()),
            _ => None,
        });
        place.unwrap()
    }

    /// A process that will be the server.
    pub fn command(&self, part: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        self.dress(&mut command, part);
        command.args(["--exact", "act", "--nocapture", "--test-threads=1"]);
        command
    }

    /// What a server process has in its environment.
    pub fn dress(&self, command: &mut Command, part: &str) {
        command
            .env(PART, part)
            .env("XDG_RUNTIME_DIR", &self.folder)
            .env("XDG_STATE_HOME", &self.folder)
            .env_remove("DEVDOCTOR_SOCKET")
            // Its end is the server's end, however this test ends.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
    }

    /// The server, or why it cannot be.
    pub fn try_start(&self, part: &str) -> Result<Server, String> {
        started(self.command(part), self.place().socket)
    }

    /// The server.
    pub fn start(&self, part: &str) -> Server {
        self.try_start(part).unwrap()
    }
}

/// Starts a server process and waits for its word.
pub fn started(mut command: Command, socket: PathBuf) -> Result<Server, String> {
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let word = lines.find_map(|line| {
        let line = line.unwrap();
        let why = line.strip_prefix(CANNOT).map(str::to_owned);
        match why {
            Some(why) => Some(Err(why)),
            None => (line == READY).then_some(Ok(())),
        }
    });
    // The rest of what it writes has to go somewhere.
    std::thread::spawn(move || lines.for_each(drop));
    let server = Server { child, socket };
    word.expect("it ended without a word").map(|()| server)
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Server {
    /// A client that has read the greeting.
    pub fn talk(&self) -> Talk {
        Talk::new(&self.socket)
    }

    /// devdoctor's own client.
    pub fn client(&self) -> Client {
        let socket = self.socket.clone();
        let place = Place::of(|name| (name == "DEVDOCTOR_SOCKET").then(|| socket.clone().into()));
        Client::connect_to(&place.unwrap(), PATIENCE).unwrap()
    }

    /// How many descriptors it has open.
    pub fn descriptors(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.child.id());
        std::fs::read_dir(folder).unwrap().count()
    }

    /// Its resident memory, in KiB.
    pub fn resident(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// The most that it ever was.
    pub fn most_resident(&self) -> u64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, word: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(word));
        let number = line.unwrap().split_whitespace().nth(1).unwrap();
        number.parse().unwrap()
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        machine::run("kill", &[&format!("-{name}"), &pid]);
    }

    /// Whether a signal has stopped all of it: that takes a moment.
    pub fn stands_still(&self) -> bool {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        tasks.flatten().all(|task| {
            let stat = std::fs::read_to_string(task.path().join("stat"));
            stat.is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|s| s.starts_with(" T")))
        })
    }

    /// Kills it as nothing can prevent.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended by itself.
    pub fn ended(mut self) {
        super::talk::wait_until("the server ends", || {
            self.child.try_wait().unwrap().is_some()
        });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sets the mode of a file.
pub fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
