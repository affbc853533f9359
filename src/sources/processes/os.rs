//! Processes on every system but Linux: what `sysinfo` sees of single ones.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use sysinfo::{Pid, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System, UpdateKind};

use super::cpu::Used;
use super::departed::Row;
use super::loops::Watch;
use super::naming::is_worker;
use super::{Depth, blank};
use crate::facts::{FdUse, Gap, Known, ProcId, ProcState, Process, clean, is_below};

/// How many ancestors are followed.
const GENERATIONS: usize = 64;

pub(super) fn look(ids: &[ProcId], depth: Depth) -> Vec<Process> {
    // No system to ask is no process to see; the caller misses those it asked for.
    let Ok(mut system) = System::new() else {
        return Vec::new();
    };
    let mut known: HashSet<u32> = HashSet::new();
    let mut processes = Vec::new();
    let pids: Vec<Pid> = ids.iter().map(|id| Pid::from_u32(id.pid)).collect();
    refresh(&mut system, &pids);
    for id in ids {
        if let Some(process) = living(&system, *id)
            && known.insert(id.pid)
        {
            let mut details = details(process);
            if depth == Depth::Whole {
                details.fds = descriptors(process);
            }
            processes.push(details);
        }
    }
    for at in 0..processes.len() {
        let Some(process) = processes.get(at) else {
            break;
        };
        if depth == Depth::Name && !is_worker(process) {
            continue;
        }
        let mut parent = process.parent;
        for _ in 0..GENERATIONS {
            if parent == 0 || !known.insert(parent) {
                break;
            }
            refresh(&mut system, &[Pid::from_u32(parent)]);
            let Some(process) = system.process(Pid::from_u32(parent)) else {
                break;
            };
            let details = details(process);
            parent = details.parent;
            processes.push(details);
        }
    }
    processes
}

/// What the process has used so far; its children cannot be found one by one.
pub(super) fn used(id: ProcId) -> io::Result<Used> {
    let mut system = System::new().map_err(|error| io::Error::other(error.to_string()))?;
    refresh(&mut system, &[Pid::from_u32(id.pid)]);
    let process = living(&system, id).ok_or(io::ErrorKind::NotFound)?;
    Ok(Used {
        ms: process.accumulated_cpu_time(),
        oldest_child_s: None,
    })
}

/// Who listens below a watcher would need every descriptor of every process.
pub(super) fn watched(_project: &str) -> Result<Option<Vec<Row>>, Gap> {
    Err(Gap::Unsupported)
}

/// The living processes whose working folder is this one or below it, without our own.
pub(super) fn in_folder(folder: &str) -> Result<Option<Vec<ProcId>>, Gap> {
    let mut system = System::new().map_err(|error| Gap::Failed(error.to_string()))?;
    let wanted = ProcessRefreshKind::nothing()
        .without_tasks()
        .with_cwd(UpdateKind::OnlyIfNotSet);
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, wanted);
    let here = |process: &&sysinfo::Process| {
        let cwd = process.cwd();
        cwd.is_some_and(|cwd| is_below(&clean(&cwd.to_string_lossy()), folder))
            && state(process.status()) != ProcState::Zombie
            && process.pid().as_u32() != std::process::id()
    };
    let found = system.processes().values().filter(here);
    let mut ids: Vec<ProcId> = found
        .map(|process| ProcId {
            pid: process.pid().as_u32(),
            started: process.start_time(),
        })
        .collect();
    ids.sort_unstable();
    Ok(Some(ids))
}

/// Every process whose name and command line are of this kind.
pub(super) fn that_are(
    known: &dyn Fn(&str, &[String]) -> bool,
) -> Result<Option<Vec<ProcId>>, Gap> {
    let mut system = System::new().map_err(|error| Gap::Failed(error.to_string()))?;
    let wanted = ProcessRefreshKind::nothing()
        .without_tasks()
        .with_cmd(UpdateKind::OnlyIfNotSet);
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, wanted);
    let all = system.processes().values().filter(|process| {
        let words = process.cmd().iter();
        let argv: Vec<String> = words
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        known(&process.name().to_string_lossy(), &argv)
            && state(process.status()) != ProcState::Zombie
            && process.pid().as_u32() != std::process::id()
    });
    let mut ids: Vec<ProcId> = all
        .map(|process| ProcId {
            pid: process.pid().as_u32(),
            started: process.start_time(),
        })
        .collect();
    ids.sort_unstable();
    Ok(Some(ids))
}

/// The environment that a process was started with: `NAME=value`, each with a NUL.
pub(super) fn environment(pid: u32) -> io::Result<Vec<u8>> {
    let mut system = System::new().map_err(|error| io::Error::other(error.to_string()))?;
    let pid = Pid::from_u32(pid);
    let wanted = ProcessRefreshKind::nothing()
        .without_tasks()
        .with_environ(UpdateKind::Always);
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, wanted);
    let process = system.process(pid).ok_or(io::ErrorKind::NotFound)?;
    let mut whole = Vec::new();
    for variable in process.environ() {
        whole.extend_from_slice(variable.to_string_lossy().as_bytes());
        whole.push(0);
    }
    Ok(whole)
}

/// Nobody is watched where nobody is found.
pub(super) fn watch(_watch: &mut Watch, _project: &str, _budget: Duration) {}

fn refresh(system: &mut System, pids: &[Pid]) {
    let wanted = ProcessRefreshKind::nothing()
        .without_tasks()
        .with_cpu()
        .with_cmd(UpdateKind::OnlyIfNotSet)
        .with_cwd(UpdateKind::OnlyIfNotSet)
        .with_exe(UpdateKind::OnlyIfNotSet)
        .with_user(UpdateKind::OnlyIfNotSet);
    system.refresh_processes_specifics(ProcessesToUpdate::Some(pids), true, wanted);
}

fn living(system: &System, id: ProcId) -> Option<&sysinfo::Process> {
    let process = system.process(Pid::from_u32(id.pid))?;
    (id.started == 0 || id.started == process.start_time()).then_some(process)
}

fn details(process: &sysinfo::Process) -> Process {
    let text = |text: &std::ffi::OsStr| clean(&text.to_string_lossy());
    let path = |path: Option<&std::path::Path>| match path {
        Some(path) => Known::Seen(text(path.as_os_str())),
        None => Known::Unseen(Gap::Forbidden),
    };
    let argv: Vec<String> = process.cmd().iter().map(|word| text(word)).collect();
    Process {
        parent: process.parent().map_or(0, Pid::as_u32),
        comm: text(process.name()),
        argv: match argv.is_empty() {
            true => Known::Unseen(Gap::Forbidden),
            false => Known::Seen(argv),
        },
        exe: path(process.exe()),
        cwd: path(process.cwd()),
        state: state(process.status()),
        uid: uid(process),
        age_s: process.run_time(),
        ..blank(ProcId {
            pid: process.pid().as_u32(),
            started: process.start_time(),
        })
    }
}

fn state(status: ProcessStatus) -> ProcState {
    match status {
        ProcessStatus::Run => ProcState::Running,
        ProcessStatus::Stop => ProcState::Stopped,
        ProcessStatus::Tracing => ProcState::Traced,
        ProcessStatus::Zombie | ProcessStatus::Dead => ProcState::Zombie,
        ProcessStatus::UninterruptibleDiskSleep => ProcState::Blocked,
        _ => ProcState::Sleeping,
    }
}

fn descriptors(process: &sysinfo::Process) -> Known<FdUse> {
    match (process.open_files(), process.open_files_limit()) {
        (Some(open), Some(limit)) => Known::Seen(FdUse {
            open: u64::try_from(open).unwrap_or(u64::MAX),
            limit: u64::try_from(limit).unwrap_or(u64::MAX),
        }),
        _ => Known::Unseen(Gap::Unsupported),
    }
}

#[cfg(unix)]
fn uid(process: &sysinfo::Process) -> u32 {
    let uid = process.effective_user_id().or_else(|| process.user_id());
    uid.map_or(0, |uid| **uid)
}

/// Windows has no such numbers.
#[cfg(not(unix))]
fn uid(_process: &sysinfo::Process) -> u32 {
    0
}
