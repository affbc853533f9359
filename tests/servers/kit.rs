//! What the servers need: installed once, in the versions that are pinned here.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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
        match self {
            Kit::Node => once("node", &["package.json", "package-lock.json"], |folder| {
                let flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
                run("npm", &flags, folder)
            }),
            Kit::Python => once("python", &["requirements.txt"], |folder| {
                run("python3", &["-m", "venv", "--clear", "venv"], folder)?;
                let pip = folder.join("venv/bin/python3").display().to_string();
                let flags = ["-m", "pip", "install", "-q", "-r", "requirements.txt"];
                run(&pip, &flags, folder)
            }),
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

/// Where things are installed: below the build folder, so that they outlast a run.
fn installed() -> PathBuf {
    let build = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    build.unwrap().join("servers")
}

/// Does this in a folder that holds these files, unless it was done for the same files.
fn once(
    name: &str,
    files: &[&str],
    install: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<(), String> {
    let folder = installed().join(name);
    fs::create_dir_all(&folder).unwrap();
    // Two tests at once: the second waits for the first.
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
    let _ = child.kill();
    let _ = child.wait();
    Err(format!("{program} {args:?} takes too long"))
}
