//! A server's project in a place of its own, and what listens there.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use devdoctor::facts::{Framework, catalogue};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::machine::search_path;
use crate::stage::{Answer, Ask, Stage, run};
use crate::table::{Change, Program, Server};

/// How long a server may take to listen, or to end.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long one is watched that is expected to stay alive and not to listen.
const SILENCE: Duration = Duration::from_secs(12);
/// After this time no further address is expected to come.
const SETTLED: Duration = Duration::from_millis(600);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(150);
/// How long a server has to end by itself.
const FAREWELL: Duration = Duration::from_secs(5);

/// Folders in which tools keep what they want to find again: each story has its own.
const CACHES: &[&str] = &[".astro", ".cache", ".vite", ".vite-temp"];

/// A server's project, laid out.
pub struct Scene<'a> {
    stage: &'a Stage,
    pub server: &'a Server,
    /// Its row in the catalogue, if it has one.
    pub row: Option<&'static Framework>,
    /// The project's folder.
    pub folder: PathBuf,
}

/// A listener, as `devdoctor ports` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Port {
    pub at: SocketAddr,
    pub scope: String,
    pub v6only: Option<bool>,
    pub pid: Option<u32>,
    pub name: Option<String>,
}

/// What became of a server.
pub enum Outcome {
    /// It listens.
    Listens(Vec<Port>),
    /// It ended.
    Ended(ExitStatus),
    /// It is alive and does not listen.
    Deaf,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Outcome::Listens(ports) => write!(f, "it listens: {ports:#?}"),
            Outcome::Ended(status) => write!(f, "it ended: {status}"),
            Outcome::Deaf => f.write_str("it does not listen"),
        }
    }
}

impl<'a> Scene<'a> {
    /// Lays out the server's project with this change.
    pub fn lay(stage: &'a Stage, server: &'a Server, change: &Change) -> Self {
        let folder = stage.work().join(change.name).join(server.project);
        let template = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/servers/projects")
            .join(server.project);
        copy(&template, &folder);
        for (file, from, to) in change.edits {
            let path = folder.join(file);
            if from.is_empty() {
                fs::write(path, to).unwrap();
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(text.matches(from).count(), 1, "{from:?} in {file}");
            fs::write(path, text.replace(from, to)).unwrap();
        }
        if let Some(modules) = server.kit.modules() {
            let inside = folder.join("node_modules");
            fs::create_dir(&inside).unwrap();
            run(&format!(
                "mount --bind {} {}",
                modules.display(),
                inside.display()
            ));
            for cache in CACHES.iter().map(|name| inside.join(name)) {
                fs::create_dir_all(&cache).unwrap();
                run(&format!("mount -t tmpfs tmpfs {}", cache.display()));
            }
        }
        let row = match server.program {
            Program::Listed(key) => {
                let row = catalogue().framework(key).expect(key);
                assert!(row.verified, "{key} is tried here: its row is verified");
                Some(row)
            }
            Program::Own(_) => None,
        };
        Scene {
            stage,
            server,
            row,
            folder,
        }
    }

    /// The name that devdoctor gives the server.
    pub fn name(&self) -> &'static str {
        match (self.row, &self.server.program) {
            (Some(row), _) => &row.server,
            (None, Program::Listed(name) | Program::Own(name)) => name,
        }
    }

    /// Starts the server as its developer would, without a terminal.
    pub fn start(&self) -> Running {
        let words: Vec<&str> = self.server.start.split(' ').collect();
        self.run(&words, Stdio::null())
    }

    /// Starts the server on a terminal, at which nobody types.
    pub fn start_on_terminal(&self) -> Running {
        let words = ["script", "-qefc", self.server.start, "/dev/null"];
        self.run(&words, Stdio::piped())
    }

    fn run(&self, words: &[&str], stdin: Stdio) -> Running {
        let log = self.folder.with_extension("log");
        let out = File::create(&log).unwrap();
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .env_clear()
            .env("PATH", self.server.kit.path())
            .env("HOME", self.stage.folder().join("home"))
            .env("LANG", "C.UTF-8")
            .env("BROWSER", "none")
            .env("NO_COLOR", "1")
            .current_dir(&self.folder)
            .stdin(stdin)
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .process_group(0);
        if let Some(mark) = std::env::var_os("DEVDOCTOR_TEST_RUN") {
            command.env("DEVDOCTOR_TEST_RUN", mark);
        }
        for tool in ["ASTRO", "NEXT", "NUXT"] {
            command.env(format!("{tool}_TELEMETRY_DISABLED"), "1");
        }
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.server.start));
        Running { child, log }
    }

    /// What listens here besides this process, by what devdoctor says.
    pub fn ports(&self, but: Option<u32>) -> Vec<Port> {
        let output = Command::new(env!("CARGO_BIN_EXE_devdoctor"))
            .args(["ports", "--json"])
            .env_clear()
            .env("PATH", search_path())
            .env("HOME", self.stage.folder().join("home"))
            .current_dir(&self.folder)
            .output()
            .unwrap();
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let lines = json["ports"].as_array().unwrap().iter();
        let mut ports: Vec<Port> = lines
            .map(|line| Port {
                at: text(&line["at"]).unwrap().parse().unwrap(),
                scope: text(&line["scope"]).unwrap(),
                v6only: line["v6only"].as_bool(),
                pid: line["pid"].as_u64().map(|pid| u32::try_from(pid).unwrap()),
                name: text(&line["name"]),
            })
            .filter(|port| but.is_none() || port.pid != but)
            .filter(|port| !self.server.besides.contains(&port.at.port()))
            .collect();
        ports.sort_by_key(|port| port.at);
        ports
    }

    /// What devdoctor finds in the project's folder when it is asked about this port.
    pub fn why(&self, port: u16) -> Answer {
        self.ask(&port.to_string())
    }

    /// The same about any target.
    pub fn ask(&self, target: &str) -> Answer {
        self.stage.ask(Ask::new(target).in_folder(&self.folder))
    }

    /// Waits until it is known what becomes of the server.
    pub fn outcome(&self, running: &mut Running, but: Option<u32>, silent: bool) -> Outcome {
        let patience = if silent { SILENCE } else { PATIENCE };
        let until = Instant::now() + patience;
        while Instant::now() < until {
            let ended = running.child.try_wait().unwrap();
            let ports = self.ports(but);
            if ports.is_empty() {
                if let Some(status) = ended {
                    return Outcome::Ended(status);
                }
            } else {
                std::thread::sleep(SETTLED);
                if self.ports(but) == ports {
                    return Outcome::Listens(ports);
                }
            }
            std::thread::sleep(PAUSE);
        }
        Outcome::Deaf
    }

    /// Whether the server asks its developer something, and listens nowhere meanwhile.
    pub fn asks(&self, running: &mut Running, but: Option<u32>) -> bool {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until && running.child.try_wait().unwrap().is_none() {
            if running.said().contains('?') {
                return self.ports(but).is_empty();
            }
            std::thread::sleep(PAUSE);
        }
        false
    }

    /// Waits until nothing listens here any more.
    pub fn silence(&self) {
        let until = Instant::now() + FAREWELL;
        while !self.ports(None).is_empty() {
            assert!(Instant::now() < until, "{:?} stay", self.ports(None));
            std::thread::sleep(PAUSE);
        }
    }

    /// The server of another project on a port, on every address of IPv4.
    pub fn somebody(&self, port: u16) -> Running {
        let folder = self.stage.work().join("somebody");
        fs::create_dir_all(&folder).unwrap();
        fs::write(
            folder.join("pyproject.toml"),
            "[project]\nname = \"somebody\"\n",
        )
        .unwrap();
        let log = self.stage.work().join("somebody.log");
        let out = File::create(&log).unwrap();
        let child = Command::new("python3")
            .args(["-m", "http.server", "-b", "0.0.0.0", &port.to_string()])
            .current_dir(&folder)
            .env("PATH", search_path())
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .process_group(0)
            .spawn()
            .unwrap();
        let running = Running { child, log };
        let until = Instant::now() + PATIENCE;
        while self.ports(None).iter().all(|seen| seen.at.port() != port) {
            assert!(Instant::now() < until, "{}", running.said());
            std::thread::sleep(PAUSE);
        }
        running
    }
}

/// A server with all its processes, which end with it.
pub struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// The pid of its first process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}:\n{}", self.log.display(), self.said());
        }
        let Some(group) = Pid::from_raw(self.child.id().cast_signed()) else {
            return;
        };
        let _ = kill_process_group(group, Signal::TERM);
        let until = Instant::now() + FAREWELL;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(PAUSE);
        }
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
    }
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
