//! Processes on Linux: the files below `/proc`.
//!
//! Read directly: for one process it costs a third of what `sysinfo` needs for it,
//! and the tracer, the terminal and the descriptors are not in `sysinfo`.

use std::collections::HashSet;
use std::io;
use std::time::{Duration, Instant};

use rustix::process::geteuid;
use rustix::time::{ClockId, clock_gettime};

use super::cpu::Used;
use super::departed::Row;
use super::loops::Watch;
use super::naming::is_worker;
use super::{Depth, blank};
use crate::facts::{FdUse, Gap, Known, ProcId, ProcState, Process, clean, is_below};
use crate::sources::sockets;
use proc::Stat;

pub(in crate::sources) mod proc;

/// `USER_HZ`: 100 on every architecture that Rust runs on, whatever the kernel's own.
const TICKS: u64 = 100;
const MS_PER_TICK: u64 = 1000 / TICKS;
/// Command lines can be megabytes long; no name and no evidence needs more.
const LONGEST: usize = 32 * 1024;
/// More than the environment of a shell ever is.
const LARGEST_ENVIRONMENT: usize = 256 * 1024;
/// How many ancestors are followed.
const GENERATIONS: usize = 64;
/// For a look at every process of the user.
const DEADLINE: Duration = Duration::from_millis(200);
/// Between two looks at the children of somebody who is watched: a server that finds
/// its port taken is gone after little more.
const EVERY: Duration = Duration::from_millis(5);

pub(super) fn look(ids: &[ProcId], depth: Depth) -> Vec<Process> {
    let now = uptime_ticks();
    let mut processes: Vec<Process> = Vec::with_capacity(ids.len() + 8);
    let mut known: HashSet<u32> = HashSet::new();
    for id in ids {
        let Some(stat) = living(*id) else {
            continue;
        };
        if known.insert(id.pid)
            && let Some(mut process) = details(stat, now, depth)
        {
            if depth == Depth::Whole {
                process.fds = descriptors(id.pid);
            }
            processes.push(process);
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
            let Some(process) = Stat::of(parent)
                .ok()
                .and_then(|stat| details(stat, now, depth))
            else {
                break;
            };
            parent = process.parent;
            processes.push(process);
        }
    }
    processes
}

/// The process, if it is still the one that was meant.
fn living(id: ProcId) -> Option<Stat> {
    let stat = Stat::of(id.pid).ok()?;
    (id.started == 0 || id.started == stat.id.started).then_some(stat)
}

/// What the files of the process tell; `None` if it has ended meanwhile.
fn details(stat: Stat, now: u64, depth: Depth) -> Option<Process> {
    let pid = stat.id.pid;
    let status = Status::parse(&proc::read(pid, "status", LONGEST).ok()?)?;
    let argv = proc::read(pid, "cmdline", LONGEST).map(|line| argv(&line));
    let (exe, exe_deleted) = match proc::link(pid, "exe") {
        Ok(path) => match path.strip_suffix(" (deleted)") {
            Some(path) => (Known::Seen(path.to_owned()), true),
            None => (Known::Seen(path), false),
        },
        Err(error) => (Known::Unseen(Gap::of(&error)), false),
    };
    let cgroup = match depth {
        Depth::Whole => proc::read(pid, "cgroup", LONGEST).ok(),
        Depth::Name => None,
    };
    Some(Process {
        parent: stat.parent,
        state: state(stat.state, status.tracer),
        terminal: stat.terminal,
        age_s: now.saturating_sub(stat.id.started) / TICKS,
        comm: stat.comm,
        argv: argv.into(),
        exe,
        exe_deleted,
        cwd: proc::link(pid, "cwd").into(),
        uid: status.uid,
        tracer: status.tracer,
        cgroup: cgroup.as_deref().and_then(cgroup_path),
        ..blank(stat.id)
    })
}

fn state(letter: u8, tracer: Option<u32>) -> ProcState {
    match letter {
        b'R' => ProcState::Running,
        b'D' => ProcState::Blocked,
        b't' => ProcState::Traced,
        // Under a debugger an ordinary stop is its business too.
        b'T' if tracer.is_some() => ProcState::Traced,
        b'T' => ProcState::Stopped,
        b'Z' | b'X' => ProcState::Zombie,
        _ => ProcState::Sleeping,
    }
}

/// The lines of `/proc/PID/status` that `/proc/PID/stat` lacks.
#[derive(Debug, PartialEq)]
struct Status {
    uid: u32,
    tracer: Option<u32>,
}

impl Status {
    fn parse(text: &[u8]) -> Option<Status> {
        let text = String::from_utf8_lossy(text);
        let field = |name: &str, at: usize| -> Option<u32> {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_ascii_whitespace().nth(at)?.parse().ok()
        };
        Some(Status {
            // The effective one: what it may do, not who started it.
            uid: field("Uid:", 1)?,
            tracer: field("TracerPid:", 0).filter(|&pid| pid != 0),
        })
    }
}

/// Words that end in a NUL each, or a title that was written over them.
fn argv(line: &[u8]) -> Vec<String> {
    let line = line.trim_ascii_end();
    let end = line
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |at| at + 1);
    let Some(line) = line.get(..end).filter(|line| !line.is_empty()) else {
        return Vec::new();
    };
    line.split(|&byte| byte == 0)
        .map(|word| clean(&String::from_utf8_lossy(word)))
        .collect()
}

/// `0::/user.slice/…`, or the service manager's own tree of the older kind.
fn cgroup_path(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let path = |prefix: &str| {
        let after = |line: &str| Some(line.split_once(prefix)?.1.to_owned());
        text.lines().find_map(after)
    };
    let unified = text.lines().find_map(|line| line.strip_prefix("0::"));
    match unified {
        Some(unified) if unified != "/" => Some(clean(unified)),
        _ => path(":name=systemd:")
            .or(unified.map(str::to_owned))
            .map(|path| clean(&path)),
    }
}

fn descriptors(pid: u32) -> Known<FdUse> {
    let used = || -> io::Result<FdUse> {
        let limits = proc::read(pid, "limits", LONGEST)?;
        let limit = soft_limit(&limits).ok_or(io::ErrorKind::InvalidData)?;
        let open = proc::count_descriptors(pid)?;
        Ok(FdUse { open, limit })
    };
    used().into()
}

/// `Max open files            1024                 1048576              files`
fn soft_limit(limits: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(limits);
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_ascii_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

fn uptime_ticks() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let nanoseconds = u64::try_from(now.tv_nsec).unwrap_or(0);
    seconds * TICKS + nanoseconds / (1_000_000_000 / TICKS)
}

/// What the process and its children have used so far.
///
/// When a child ends its time moves to its parent, so the sum never falls by that.
pub(super) fn used(id: ProcId) -> io::Result<Used> {
    let stat = living(id).ok_or(io::ErrorKind::NotFound)?;
    let total = |stat: &Stat| stat.ticks.saturating_add(stat.ended_children_ticks);
    let children: Vec<Stat> = proc::children(id.pid)
        .into_iter()
        .filter_map(|pid| Stat::of(pid).ok())
        .collect();
    let now = uptime_ticks();
    let age = |child: &Stat| now.saturating_sub(child.id.started) / TICKS;
    let ticks = children
        .iter()
        .map(total)
        .fold(total(&stat), u64::saturating_add);
    Ok(Used {
        ms: ticks.saturating_mul(MS_PER_TICK),
        oldest_child_s: children.iter().map(age).max(),
    })
}

/// The user's processes, with what is to be known of those in the project.
///
/// `None` if there are too many for the deadline.
pub(super) fn watched(project: &str) -> Result<Option<Vec<Row>>, Gap> {
    let deadline = Instant::now() + DEADLINE;
    let listening: HashSet<u64> = match sockets::listeners(None).listeners {
        Known::Seen(listeners) => listeners.iter().map(|listener| listener.inode).collect(),
        Known::Unseen(gap) => return Err(gap),
    };
    let mut rows = Vec::new();
    for pid in proc::pids().map_err(|error| Gap::of(&error))? {
        if Instant::now() > deadline {
            return Ok(None);
        }
        if proc::owner(pid).ok() != Some(geteuid().as_raw()) {
            continue;
        }
        rows.extend(Stat::of(pid).ok().map(|stat| row(stat, project)));
    }
    // Only what is below the project's processes can be their server.
    let roots: Vec<u32> = rows
        .iter()
        .filter(|row| row.in_project)
        .map(|row| row.id.pid)
        .collect();
    for at in super::departed::family(&rows, &roots) {
        if Instant::now() > deadline {
            return Ok(None);
        }
        if let Some(row) = rows.get_mut(at).filter(|row| !row.zombie) {
            row.may_listen = match proc::sockets(row.id.pid, usize::MAX) {
                Ok(held) => held.iter().any(|inode| listening.contains(inode)),
                Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
            };
        }
    }
    Ok(Some(rows))
}

/// The living processes whose working folder is this one or below it, without our own.
///
/// `None` if there are too many for the deadline. Whose folder may not be seen is
/// another user's, or hides itself: none that a developer started.
pub(super) fn in_folder(folder: &str) -> Result<Option<Vec<ProcId>>, Gap> {
    ids_of(|pid| proc::link(pid, "cwd").is_ok_and(|cwd| is_below(&cwd, folder)))
}

/// Every process whose short name and command line are of this kind; nothing if that took
/// too long.
pub(super) fn that_are(
    known: &dyn Fn(&str, &[String]) -> bool,
) -> Result<Option<Vec<ProcId>>, Gap> {
    ids_of(|pid| {
        let line = proc::read(pid, "cmdline", LONGEST).unwrap_or_default();
        // Threads of the kernel have none.
        !line.is_empty() && Stat::of(pid).is_ok_and(|stat| known(&stat.comm, &argv(&line)))
    })
}

/// The processes of which this is true, without ourselves and those that have ended.
fn ids_of(is: impl Fn(u32) -> bool) -> Result<Option<Vec<ProcId>>, Gap> {
    let deadline = Instant::now() + DEADLINE;
    let mut ids = Vec::new();
    for pid in proc::pids().map_err(|error| Gap::of(&error))? {
        if Instant::now() > deadline {
            return Ok(None);
        }
        if is(pid)
            && pid != std::process::id()
            && let Ok(stat) = Stat::of(pid)
            && !matches!(stat.state, b'Z' | b'X')
        {
            ids.push(stat.id);
        }
    }
    Ok(Some(ids))
}

/// The environment that a process was started with: `NAME=value`, each with a NUL.
pub(super) fn environment(pid: u32) -> io::Result<Vec<u8>> {
    proc::read(pid, "environ", LARGEST_ENVIRONMENT)
}

/// What is to be known of a process of the user.
fn row(stat: Stat, project: &str) -> Row {
    let pid = stat.id.pid;
    let line = proc::read(pid, "cmdline", LONGEST).unwrap_or_default();
    let cwd = proc::link(pid, "cwd").unwrap_or_default();
    let in_project = is_below(&cwd, project);
    Row {
        id: stat.id,
        parent: stat.parent,
        age_ms: uptime_ticks().saturating_sub(stat.id.started) * MS_PER_TICK,
        comm: stat.comm,
        argv: argv(&line),
        zombie: stat.state == b'Z',
        in_project,
        may_listen: false,
    }
}

/// Shows it the children of those it watches, until it has seen enough.
///
/// Not every kernel has a list of a process's children: whoever is new in the table
/// is asked for its parent.
pub(super) fn watch(watch: &mut Watch, project: &str, budget: Duration) {
    let end = Instant::now() + budget;
    let supervisors = watch.pids();
    let mut children: HashSet<u32> = HashSet::new();
    let mut known: HashSet<u32> = HashSet::new();
    while Instant::now() < end {
        let Ok(pids) = proc::pids() else {
            return;
        };
        for &pid in pids.iter().filter(|pid| !known.contains(*pid)) {
            let own = proc::owner(pid).ok() == Some(geteuid().as_raw());
            let parent = Stat::of(pid).ok().map(|stat| stat.parent);
            if own && parent.is_some_and(|parent| supervisors.contains(&parent)) {
                children.insert(pid);
            }
        }
        known = pids.into_iter().collect();
        children.retain(|pid| known.contains(pid));
        let seen: Vec<Row> = children
            .iter()
            .filter_map(|&pid| Stat::of(pid).ok())
            .filter(|stat| supervisors.contains(&stat.parent))
            .map(|stat| row(stat, project))
            .collect();
        if watch.see(&seen) {
            return;
        }
        std::thread::sleep(EVERY.min(end.saturating_duration_since(Instant::now())));
    }
}
