//! The daemon as a service that the system starts at every login: a unit of the user's
//! systemd, an agent of launchd, a task of Windows. The files in `config/` are what is
//! installed, with the paths of this machine in them.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod os;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::facts::{Known, clean};
use crate::sources::Pending;

/// How long a service manager may take for one command.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program's path in the files as they are kept.
#[allow(dead_code, reason = "not every system has such a file")]
const PROGRAM: &str = "/usr/bin/devdoctor";

/// What a service is made of.
#[derive(Debug, Clone)]
pub struct Service {
    /// The program, whole.
    pub program: PathBuf,
    /// Where its log goes, on systems that keep none.
    pub log: PathBuf,
    /// Looks up a variable of the environment.
    pub variable: fn(&str) -> Option<OsString>,
}

impl Service {
    /// Writes and enables the service, and starts it. Says each thing that was done.
    ///
    /// # Errors
    ///
    /// Why it could not be done, and what to do instead.
    pub fn install(&self) -> Result<Vec<String>, String> {
        if !self.program.is_absolute() || self.program.to_str().is_none() {
            let program = clean(&self.program.to_string_lossy());
            return Err(format!("{program} cannot be named in a service's file"));
        }
        os::install(self)
    }

    /// Ends and disables the service, and removes its files. Says each thing that was done;
    /// nothing if there was no service.
    ///
    /// # Errors
    ///
    /// What is left, and why.
    pub fn uninstall(&self) -> Result<Vec<String>, String> {
        os::uninstall(self)
    }

    /// Starts the service; whether there is one that could be started.
    ///
    /// # Errors
    ///
    /// Why it could not be started.
    pub fn start(&self) -> Result<bool, String> {
        os::start(self)
    }

    /// Ends the service and whatever would start it again when it is asked something;
    /// whether there is one. It starts again at the next login.
    ///
    /// # Errors
    ///
    /// Why it could not be ended.
    pub fn stop(&self) -> Result<bool, String> {
        os::stop(self)
    }

    /// An absolute folder that a variable names, or one below the user's home.
    #[allow(dead_code, reason = "not every system has such folders")]
    fn folder(&self, variable: &str, below_home: &str) -> Result<PathBuf, String> {
        let named = (self.variable)(variable).map(PathBuf::from);
        if let Some(folder) = named.filter(|folder| folder.is_absolute()) {
            return Ok(folder);
        }
        let home = (self.variable)("HOME").map(PathBuf::from);
        match home.or_else(std::env::home_dir) {
            Some(home) if home.is_absolute() => Ok(home.join(below_home)),
            _ => Err("this user has no home folder: set HOME".to_owned()),
        }
    }
}

/// A file as it is kept, with other words in it.
#[allow(dead_code, reason = "not every system has such a file")]
fn filled(file: &str, words: &[(&str, &str)]) -> String {
    let mut text = file.to_owned();
    for (from, to) in words {
        text = text.replace(from, to);
    }
    text
}

/// Writes a file, whole or not at all.
#[allow(dead_code, reason = "not every system has such a file")]
fn write(path: &Path, bytes: &[u8], done: &mut Vec<String>) -> Result<(), String> {
    let fail = |error: io::Error| format!("{} cannot be written: {error}", shown(path));
    let beside = path.with_extension("devdoctor-new");
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(fail)?;
    }
    std::fs::write(&beside, bytes)
        .and_then(|()| std::fs::rename(&beside, path))
        .map_err(|error| {
            let _ = std::fs::remove_file(&beside);
            fail(error)
        })?;
    done.push(format!("wrote {}", shown(path)));
    Ok(())
}

/// Removes a file, if it is there.
#[allow(dead_code, reason = "not every system has such a file")]
fn remove(path: &Path, done: &mut Vec<String>) -> Result<(), String> {
    match std::fs::remove_file(path) {
        Ok(()) => {
            done.push(format!("removed {}", shown(path)));
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(format!("{} cannot be removed: {error}", shown(path))),
    }
}

/// What a command printed. It is not waited for without end.
///
/// # Errors
///
/// What it said instead.
#[allow(dead_code, reason = "not every system has a service manager")]
fn run<S: AsRef<OsStr>>(program: &str, args: &[S]) -> Result<String, String> {
    let words: Vec<String> = std::iter::once(OsStr::new(program))
        .chain(args.iter().map(AsRef::as_ref))
        .map(|word| clean(&word.to_string_lossy()))
        .collect();
    let line = words.join(" ");
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null());
    let pending = Pending::begin("service", move || command.output());
    let output = match pending.wait(PATIENCE) {
        Known::Seen(Ok(output)) => output,
        Known::Seen(Err(error)) => return Err(format!("{line}: {error}")),
        Known::Unseen(gap) => return Err(format!("{line}: {gap}")),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    let said = match text(&output.stderr) {
        said if said.is_empty() => text(&output.stdout),
        said => said,
    };
    let said: Vec<String> = said.lines().map(clean).collect();
    Err(format!("{line}: {}: {}", output.status, said.join("; ")))
}

/// A path that can be printed.
fn shown(path: &Path) -> String {
    clean(&path.to_string_lossy())
}

/// Text in XML.
#[allow(dead_code, reason = "not every system has such a file")]
fn xml(text: &str) -> String {
    let text = clean(text).replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}
