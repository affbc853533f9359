//! What the servers need: installed once, in the versions that are pinned here.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::machine::{search_path, which};

/// How long an installation may take.
const PATIENCE: Duration = Duration::from_secs(480);

/// What a server needs.
#[derive(Debug, Clone, Copy)]
pub enum Kit {
    /// The packages of `node/package-lock.json`, Node itself among them.
    Node,
    /// The packages of `python/requirements.txt`, in a virtual environment.
    Python,
    /// Programs of the machine's own.
    Machine(&'static [&'static str]),
}

impl Kit {
    /// Installs what is not there yet, or says why that is not possible.
    pub fn install(self) -> Result<(), String> {
        static NODE: OnceLock<Result<(), String>> = OnceLock::new();
        static PYTHON: OnceLock<Result<(), String>> = OnceLock::new();
        match self {
            Kit::Node => NODE.get_or_init(node).clone(),
            Kit::Python => PYTHON.get_or_init(python).clone(),
            Kit::Machine(programs) => programs.iter().try_for_each(|program| {
                let there = which(program).map(|_| ());
                there.ok_or_else(|| format!("`{program}` is not installed"))
            }),
        }
    }

    /// Where its programs are looked for.
    pub fn path(self) -> OsString {
        let mut path = OsString::new();
        if let Kit::Python = self {
            path.push(self.folder().join("venv/bin"));
            path.push(":");
        }
        path.push(search_path());
        path
    }

    /// The folder of modules that stands in a project's own folder.
    pub fn modules(self) -> Option<PathBuf> {
        matches!(self, Kit::Node).then(|| self.folder().join("node_modules"))
    }

    fn folder(self) -> PathBuf {
        installed().join(match self {
            Kit::Python => "python",
            _ => "node",
        })
    }
}

fn node() -> Result<(), String> {
    unless_done("node", &["package.json", "package-lock.json"], |folder| {
        let flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        run("npm", &flags, folder)
    })
}

fn python() -> Result<(), String> {
    unless_done("python", &["requirements.txt"], |folder| {
        run("python3", &["-m", "venv", "--clear", "venv"], folder)?;
        let python = folder.join("venv/bin/python3").display().to_string();
        let flags = ["-m", "pip", "install", "-q", "-r", "requirements.txt"];
        run(&python, &flags, folder)
    })
}

/// Where things are installed: below the build folder, so that they outlast a run.
fn installed() -> PathBuf {
    let build = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    build.unwrap().join("servers")
}

/// Does this in a folder that holds these files, unless it was done for the same files.
fn unless_done(
    name: &str,
    files: &[&str],
    install: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<(), String> {
    let folder = installed().join(name);
    fs::create_dir_all(&folder).unwrap();
    // Two runs of the tests at once: the second waits for the first.
    let lock = File::create(installed().join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers");
    let mut wanted = String::new();
    for file in files {
        let text = fs::read_to_string(source.join(name).join(file)).unwrap();
        fs::write(folder.join(file), &text).unwrap();
        wanted.push_str(&text);
    }
    let stamp = folder.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|done| done == wanted) {
        return Ok(());
    }
    let _ = fs::remove_file(&stamp);
    install(&folder)?;
    fs::write(&stamp, wanted).unwrap();
    Ok(())
}

fn run(program: &str, args: &[&str], folder: &Path) -> Result<(), String> {
    let file = which(program).ok_or_else(|| format!("`{program}` is not installed"))?;
    let log = folder.join("install.log");
    let out = File::create(&log).unwrap();
    let mut child = Command::new(file)
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(out.try_clone().unwrap())
        .stderr(out)
        .process_group(0)
        .spawn()
        .map_err(|error| format!("{program}: {error}"))?;
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        match child.try_wait().unwrap() {
            Some(status) if status.success() => return Ok(()),
            Some(status) => {
                let log = fs::read_to_string(log).unwrap_or_default();
                return Err(format!("{program} {args:?}: {status}\n{log}"));
            }
            None => std::thread::sleep(Duration::from_millis(100)),
        }
    }
    if let Some(group) = Pid::from_raw(child.id().cast_signed()) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
    Err(format!("{program} {args:?} takes too long"))
}
