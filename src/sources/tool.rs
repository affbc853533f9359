//! A tool of the system that is asked, with a deadline.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crate::facts::Gap;

/// An answer that is longer than this is not read to its end.
const MOST_BYTES: u64 = 1024 * 1024;

/// What a tool prints. It is killed at the deadline.
///
/// A tool that is not there does not run on this machine, and neither does what it asks.
pub(super) fn ask(program: &str, arguments: &[&str], budget: Duration) -> Result<String, Gap> {
    let until = Instant::now() + budget;
    let file = find(program).ok_or(Gap::NotRunning)?;
    let mut child = Command::new(file)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| Gap::of(&error))?;
    let (sender, answer) = channel();
    let pipe = child.stdout.take();
    let read = move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What came before an error is all there is.
            let _ = pipe.take(MOST_BYTES).read_to_end(&mut bytes);
        }
        // Nobody listens any more if the deadline has passed; that is all right.
        let _ = sender.send(bytes);
    };
    let begun = std::thread::Builder::new().name(program.to_owned());
    let began = begun.spawn(read).is_ok();
    let left = until.saturating_duration_since(Instant::now());
    let said = match began {
        true => answer.recv_timeout(left).ok(),
        false => None,
    };
    let Some(said) = said else {
        end(&mut child);
        return Err(Gap::TooSlow);
    };
    // Whoever has closed its output is about to end, unless it prints without end.
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(1)),
            Ok(None) => {
                end(&mut child);
                return Err(Gap::TooSlow);
            }
            Err(error) => return Err(Gap::of(&error)),
        }
    };
    match status.success() {
        true => Ok(String::from_utf8_lossy(&said).into_owned()),
        false => Err(Gap::Failed(format!("{program} failed ({status})"))),
    }
}

fn end(child: &mut Child) {
    // It may have ended meanwhile; then there is nobody to kill.
    let _ = child.kill();
    let _ = child.wait();
}

/// The program's file, in the folders of the user's `PATH` and those of the system.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        // A relative folder would run whatever lies in the user's project.
        .filter(|folder| folder.is_absolute())
        .chain(["/usr/bin", "/bin", "/usr/sbin", "/opt/homebrew/bin"].map(PathBuf::from))
        .map(|folder| folder.join(format!("{program}{}", std::env::consts::EXE_SUFFIX)))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn what_a_tool_prints_is_read() {
        assert_eq!(ask("echo", &["hello"], LONG), Ok("hello\n".to_owned()));
        assert_eq!(ask("no-such-tool", &[], LONG), Err(Gap::NotRunning));
        assert!(matches!(ask("false", &[], LONG), Err(Gap::Failed(_))));
    }

    #[test]
    fn a_tool_that_hangs_is_killed_at_the_deadline() {
        let began = Instant::now();
        let said = ask("sleep", &["30"], Duration::from_millis(50));
        assert_eq!(said, Err(Gap::TooSlow));
        assert!(began.elapsed() < LONG);
    }
}
