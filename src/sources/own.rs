//! Our own process: what it uses, how it leaves its terminal, when it is told to end.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::tool::Command;
use crate::facts::Gap;

/// What our own process has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OwnUse {
    /// Processor time since it started, in milliseconds.
    pub cpu_ms: u64,
    /// Memory that is held now, in bytes.
    pub resident: u64,
}

/// What our own process has used, as far as the system tells.
#[must_use]
pub fn usage() -> OwnUse {
    let pid = Pid::from_u32(std::process::id());
    let Ok(mut system) = System::new() else {
        return OwnUse::default();
    };
    system.refresh_processes_specifics(
        ProcessesToUpdate::Some(&[pid]),
        false,
        ProcessRefreshKind::nothing()
            .with_cpu()
            .with_memory()
            .without_tasks(),
    );
    let own = system.process(pid);
    own.map_or_else(OwnUse::default, |own| OwnUse {
        cpu_ms: own.accumulated_cpu_time(),
        resident: own.memory(),
    })
}

/// The daemon's own program: all that it needs and no more, so that it stays small. It lies
/// beside the command, where it was installed.
const DAEMON: &str = "devdoctord";
/// The command.
const COMMAND: &str = "devdoctor";

/// Runs the command with these words and something to read, and gives what it prints. It is
/// killed at the deadline.
///
/// # Errors
///
/// Why there is nothing that it printed.
pub fn errand(words: &[&str], input: Vec<u8>, until: Instant) -> Result<Vec<u8>, Gap> {
    let own = own_program().map_err(|error| Gap::of(&error))?;
    let command = match own.file_stem().is_some_and(|name| name == DAEMON) {
        true => beside(&own, COMMAND),
        false => own,
    };
    Command::at(command).given(words, input, until)
}

/// Turns into the daemon's own program, if it lies beside this one: then this never comes
/// back. Else the daemon may run in this process just as well: nothing where that program
/// is not installed, or why it could not be run.
#[cfg(unix)]
#[must_use]
pub fn become_daemon() -> Option<io::Error> {
    use std::os::unix::process::CommandExt;
    let own = std::env::current_exe().ok()?;
    let daemon = beside(&own, DAEMON);
    (daemon.is_file() && daemon != own).then(|| {
        std::process::Command::new(daemon)
            .arg(env!("CARGO_PKG_VERSION"))
            .exec()
    })
}

/// Turns into the daemon's own program: here no process turns into another.
#[cfg(not(unix))]
#[must_use]
pub fn become_daemon() -> Option<io::Error> {
    None
}

/// The file that this process runs, or the one that was installed in its place: Linux then
/// adds a word to the name of the old one.
fn own_program() -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let replaced = own
        .to_str()
        .and_then(|path| path.strip_suffix(" (deleted)"));
    Ok(match replaced {
        Some(path) if !own.exists() => PathBuf::from(path),
        _ => own,
    })
}

fn beside(own: &Path, name: &str) -> PathBuf {
    own.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// What runs the daemon apart from this terminal; `program` is the command.
#[cfg(unix)]
#[must_use]
pub fn daemon_apart(program: &Path) -> std::process::Command {
    // It leaves the terminal itself.
    let mut command = std::process::Command::new(program);
    command.args(["daemon", "run", "--detached"]);
    command
}

/// What runs the daemon apart from this terminal; `program` is the command.
#[cfg(not(unix))]
#[must_use]
pub fn daemon_apart(program: &Path) -> std::process::Command {
    use std::os::windows::process::CommandExt;
    /// `CREATE_NO_WINDOW`: a console of its own that nobody sees. Without any, each tool
    /// that it runs would open one.
    const NO_WINDOW: u32 = 0x0800_0000;
    /// `CREATE_NEW_PROCESS_GROUP`: Ctrl-C in this terminal is not for it.
    const NEW_GROUP: u32 = 0x0000_0200;
    let alone = beside(program, DAEMON);
    let mut command = if alone.is_file() {
        let mut command = std::process::Command::new(alone);
        command.arg(env!("CARGO_PKG_VERSION"));
        command
    } else {
        let mut command = std::process::Command::new(program);
        command.args(["daemon", "run", "--detached"]);
        command
    };
    command.creation_flags(NO_WINDOW | NEW_GROUP);
    command
}

/// Leaves the terminal from which we were started, so that its end is not ours.
///
/// # Errors
///
/// The system's, where this process leads a group of others: it was started by hand then.
#[cfg(unix)]
pub fn leave_terminal() -> io::Result<()> {
    rustix::process::setsid()?;
    Ok(())
}

/// Leaves the terminal from which we were started: here it was never ours, as
/// [`daemon_apart`] says.
///
/// # Errors
///
/// None.
#[cfg(not(unix))]
pub fn leave_terminal() -> io::Result<()> {
    Ok(())
}

/// Waits until the system, or somebody at the terminal, tells us to end.
///
/// # Errors
///
/// The system's, where signals cannot be waited for.
#[cfg(unix)]
pub async fn told_to_end() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Waits until somebody at the terminal tells us to end, closes it, or leaves the system.
///
/// # Errors
///
/// The system's, where that cannot be waited for.
#[cfg(not(unix))]
pub async fn told_to_end() -> io::Result<()> {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};
    let (mut interrupt, mut stop) = (ctrl_c()?, ctrl_break()?);
    let (mut close, mut leave, mut halt) = (ctrl_close()?, ctrl_logoff()?, ctrl_shutdown()?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = stop.recv() => {}
        _ = close.recv() => {}
        _ = leave.recv() => {}
        _ = halt.recv() => {}
    }
    Ok(())
}

/// Tells a service manager that waits for it that we are ready.
#[cfg(target_os = "linux")]
pub fn tell_ready() {
    // Without one there is nobody to tell.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
}

/// Tells a service manager that waits for it that we are ready: here none does.
#[cfg(not(target_os = "linux"))]
pub fn tell_ready() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_hold_some_memory() {
        let used = usage();
        assert!(used.resident > 1024 * 1024, "{used:?}");
    }
}
