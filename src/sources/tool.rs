//! A system tool, run with a deadline.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Instant;

use crate::facts::{Gap, clean};

/// A ruleset that is longer than this is not read.
const MOST_BYTES: u64 = 32 * 1024 * 1024;

/// Where a system has its tools.
#[cfg(unix)]
const FOLDERS: &[&str] = &[
    "/usr/sbin",
    "/sbin",
    "/usr/bin",
    "/usr/libexec/ApplicationFirewall",
];
#[cfg(not(unix))]
const FOLDERS: &[&str] = &[r"C:\Windows\System32"];

/// A program that was found.
#[derive(Debug)]
pub(crate) struct Command {
    program: PathBuf,
}

impl Command {
    /// The first of these programs that is installed; the folders of system tools are
    /// looked through even where the user's `PATH` leaves them out.
    pub(crate) fn find(names: &[&str]) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> = std::env::split_paths(&path)
            // A relative folder would run whatever lies in the user's project, as root.
            .filter(|folder| folder.is_absolute())
            .chain(FOLDERS.iter().map(PathBuf::from))
            .collect();
        names.iter().find_map(|name| {
            folders
                .iter()
                .map(|folder| folder.join(name))
                .find(|file| is_program(file))
                .map(|program| Command { program })
        })
    }

    /// A program that the system comes with.
    #[cfg(any(test, not(target_os = "linux")))]
    pub(crate) fn named(name: &str) -> Result<Self, Gap> {
        Self::find(&[name]).ok_or_else(|| Gap::Failed(format!("{name} is not installed")))
    }

    /// The program in this file.
    pub(crate) fn at(program: PathBuf) -> Self {
        Command { program }
    }

    /// What it prints. It is killed at the deadline.
    pub(crate) fn run(&self, arguments: &[&str], until: Instant) -> Result<String, Gap> {
        let mut command = process::Command::new(&self.program);
        command.args(arguments).env("LC_ALL", "C");
        let out = self.out(command.stdin(Stdio::null()), Vec::new(), until)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    /// What it prints when it is given this to read. It is killed at the deadline.
    pub(crate) fn given(
        &self,
        arguments: &[&str],
        input: Vec<u8>,
        until: Instant,
    ) -> Result<Vec<u8>, Gap> {
        let mut command = process::Command::new(&self.program);
        command.args(arguments).stdin(Stdio::piped());
        self.out(&mut command, input, until)
    }

    fn out(
        &self,
        command: &mut process::Command,
        input: Vec<u8>,
        until: Instant,
    ) -> Result<Vec<u8>, Gap> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Gap::of(&error))?;
        let stdin = child.stdin.take();
        let (sender, answer) = channel();
        let pipes = (child.stdout.take(), child.stderr.take());
        let began = std::thread::Builder::new()
            .name("tool".to_owned())
            .spawn(move || {
                let (out, complaint) = pipes;
                let complaint = std::thread::spawn(move || read(complaint));
                // It may print before it has read all; and who ends without reading says why.
                let given = stdin
                    .map(|mut stdin| std::thread::spawn(move || stdin.write_all(&input).is_ok()));
                let out = read(out);
                let _ = given.map(std::thread::JoinHandle::join);
                // Nobody listens any more if the deadline has passed; that is all right.
                let _ = sender.send((out, complaint.join().unwrap_or_default()));
            });
        let left = until.saturating_duration_since(Instant::now());
        let said = match began {
            Ok(_) => answer.recv_timeout(left),
            Err(_) => Err(RecvTimeoutError::Disconnected),
        };
        let Ok((out, complaint)) = said else {
            // It may have ended meanwhile; then there is nobody to kill.
            let _ = child.kill();
            let _ = child.wait();
            return Err(Gap::TooSlow);
        };
        let status = child.wait().map_err(|error| Gap::of(&error))?;
        if status.success() {
            return Ok(out);
        }
        let complaint = String::from_utf8_lossy(&complaint);
        Err(gap(&self.name(), &complaint))
    }

    fn name(&self) -> String {
        self.program
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    }
}

fn read(pipe: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // What came before an error is all there is.
        let _ = pipe.take(MOST_BYTES).read_to_end(&mut bytes);
    }
    bytes
}

/// Why a tool ended without an answer, from what it wrote.
fn gap(program: &str, complaint: &str) -> Gap {
    let forbidden = ["not permitted", "Permission denied", "you must be root"];
    if forbidden.iter().any(|words| complaint.contains(words)) {
        return Gap::Forbidden;
    }
    let first = complaint
        .lines()
        .next()
        .unwrap_or("it gave no reason")
        .trim();
    Gap::Failed(clean(&format!("{program}: {first}")))
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file)
        .is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[test]
    fn a_program_that_answers_is_read() {
        let echo = Command::find(&["no-such-program", "echo"]).unwrap();
        assert_eq!(echo.run(&["hello"], soon()), Ok("hello\n".to_owned()));
        assert!(Command::find(&["no-such-program"]).is_none());
        let missing = Gap::Failed("no-such-program is not installed".to_owned());
        assert_eq!(Command::named("no-such-program").err(), Some(missing));
    }

    #[test]
    fn a_program_may_be_given_something_to_read() {
        let cat = Command::find(&["cat"]).unwrap();
        let much = vec![b'x'; 1024 * 1024];
        assert_eq!(cat.given(&[], much.clone(), soon()), Ok(much.clone()));
        // One that does not read it ends all the same.
        let echo = Command::find(&["echo"]).unwrap();
        assert_eq!(
            echo.given(&["hello"], much, soon()),
            Ok(b"hello\n".to_vec())
        );
    }

    #[test]
    fn a_program_that_hangs_is_killed_at_the_deadline() {
        let sleep = Command::find(&["sleep"]).unwrap();
        let began = Instant::now();
        let until = began + Duration::from_millis(50);
        assert_eq!(sleep.run(&["30"], until), Err(Gap::TooSlow));
        assert!(began.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_complaint_becomes_a_gap() {
        let denied = "Operation not permitted (you must be root)\nnetlink: Error";
        assert_eq!(gap("nft", denied), Gap::Forbidden);
        assert_eq!(
            gap("nft", "boom\nmore"),
            Gap::Failed("nft: boom".to_owned())
        );
    }
}
