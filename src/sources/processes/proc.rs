//! The few files of `/proc` that every look at processes needs.

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;

use rustix::buffer::spare_capacity;
use rustix::fd::OwnedFd;
use rustix::fs::{
    CWD, Mode, OFlags, RawDir, SeekFrom, openat, readlinkat, readlinkat_raw, seek, stat,
};
use rustix::io::Errno;

use crate::facts::{ProcId, clean};

/// Room for about 64 descriptors. The kernel makes an inode for every entry that
/// it returns, so a large buffer costs milliseconds where a process has many.
pub(in crate::sources) const SMALL: usize = 1536;

/// One row of the process table: `/proc/PID/stat`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sources) struct Stat {
    pub id: ProcId,
    pub comm: String,
    /// The kernel's letter for what it is doing.
    pub state: u8,
    pub parent: u32,
    /// Whether it has a controlling terminal.
    pub terminal: bool,
    /// Processor time of its own, in ticks.
    pub ticks: u64,
    /// Processor time of those of its children that have ended, in ticks.
    pub ended_children_ticks: u64,
}

impl Stat {
    /// The row of this process.
    pub fn of(pid: u32) -> io::Result<Stat> {
        let text = read(pid, "stat", 4096)?;
        Stat::parse(&text).ok_or_else(|| {
            let problem = format!("/proc/{pid}/stat has another form");
            io::Error::new(io::ErrorKind::InvalidData, problem)
        })
    }

    /// `812 (name that may hold ) and spaces) S 1 812 812 34816 …`
    pub fn parse(text: &[u8]) -> Option<Stat> {
        let open = text.iter().position(|&byte| byte == b'(')?;
        let close = text.iter().rposition(|&byte| byte == b')')?;
        let pid = std::str::from_utf8(text.get(..open)?).ok()?.trim();
        let comm = String::from_utf8_lossy(text.get(open + 1..close)?);
        let rest = std::str::from_utf8(text.get(close + 1..)?).ok()?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // The fields are numbered from 1 in the manual; the third comes first here.
        let field = |number: usize| fields.get(number - 3);
        let number = |at: usize| field(at)?.parse::<i64>().ok();
        let ticks = |at: usize| Some(u64::try_from(number(at)?).unwrap_or(0));
        Some(Stat {
            id: ProcId {
                pid: pid.parse().ok()?,
                started: field(22)?.parse().ok()?,
            },
            comm: clean(&comm),
            state: *field(3)?.as_bytes().first()?,
            parent: field(4)?.parse().ok()?,
            terminal: number(7)? != 0,
            ticks: ticks(14)?.saturating_add(ticks(15)?),
            ended_children_ticks: ticks(16)?.saturating_add(ticks(17)?),
        })
    }
}

/// The pids of every process that can be seen, the lowest first.
pub(in crate::sources) fn pids() -> io::Result<Vec<u32>> {
    let proc = folder("/proc")?;
    let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
    let mut entries = RawDir::new(&proc, &mut buffer);
    let mut pids = Vec::new();
    while let Some(entry) = entries.next() {
        if let Some(pid) = number(entry?.file_name().to_bytes()) {
            pids.push(pid);
        }
    }
    pids.sort_unstable();
    Ok(pids)
}

/// The same, the newest first, as far as pids tell: they begin anew at the highest.
pub(in crate::sources) fn newest_first() -> io::Result<Vec<u32>> {
    Ok(turned(pids()?, last_pid()))
}

/// How many of the newest processes are looked for one by one.
const NEWEST: usize = 16;
/// Where in `/proc` the entry of pid 0 would stand: the kernel has processes in the order
/// of their pids, behind everything else.
const FIRST_PROCESS: u64 = 258;

/// A few processes, the newest first, without ourselves. Each is found when it is asked
/// for: to list them all takes a microsecond for each, which for some hundred is as long as
/// anything else that is done. May miss some; who is not among them is looked for in all.
pub(in crate::sources) fn newest() -> impl Iterator<Item = u32> {
    let mut above = last_pid().map_or(0, |last| last.saturating_add(1));
    let proc = folder("/proc").ok();
    let next = move || {
        let first_from = |from| first_from(proc.as_ref()?, from);
        above = next_below(above, first_from)?;
        Some(above)
    };
    std::iter::from_fn(next)
        .take(NEWEST)
        .filter(|&pid| pid != std::process::id())
}

/// The first process in `/proc` from this pid upwards.
fn first_from(proc: &OwnedFd, from: u32) -> Option<u32> {
    seek(proc, SeekFrom::Start(FIRST_PROCESS + u64::from(from))).ok()?;
    // Room for one entry: the kernel takes its time for each that it returns.
    let mut buffer = [MaybeUninit::uninit(); 40];
    let mut entries = RawDir::new(proc, &mut buffer);
    let entry = entries.next()?.ok()?;
    number(entry.file_name().to_bytes()).filter(|&pid| pid >= from)
}

/// The highest pid below this one, where only the first from some pid upwards can be asked
/// for: in steps that grow downwards until there is one, and then between the last two.
fn next_below(above: u32, first_from: impl Fn(u32) -> Option<u32>) -> Option<u32> {
    let below = |from: u32| first_from(from).filter(|&pid| pid < above);
    let mut empty = above;
    let mut step = 1;
    let mut found = loop {
        if empty <= 1 {
            return None;
        }
        let from = above.saturating_sub(step).max(1);
        match below(from) {
            Some(pid) => break pid,
            None => (empty, step) = (from, step.saturating_mul(4)),
        }
    };
    while found + 1 < empty {
        let middle = found + (empty - found) / 2;
        match below(middle) {
            Some(pid) => found = pid,
            None => empty = middle,
        }
    }
    Some(found)
}

/// The pid that was given last: `0.42 0.33 0.21 1/195 4242`.
fn last_pid() -> Option<u32> {
    let load = read_file("/proc/loadavg", 128).ok()?;
    number(load.trim_ascii_end().rsplit(|&byte| byte == b' ').next()?)
}

/// From the pid that was given last downwards, then from the highest.
fn turned(mut pids: Vec<u32>, last: Option<u32>) -> Vec<u32> {
    let newer = last.map_or(pids.len(), |last| pids.partition_point(|&pid| pid <= last));
    pids.rotate_left(newer);
    pids.reverse();
    pids
}

/// A file of a process, to its end or to so many bytes.
///
/// These files say that they are empty, which misleads the standard library into
/// many small reads.
pub(in crate::sources) fn read(pid: u32, name: &str, most: usize) -> io::Result<Vec<u8>> {
    read_file(&format!("/proc/{pid}/{name}"), most)
}

fn read_file(path: &str, most: usize) -> io::Result<Vec<u8>> {
    let file = openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut bytes = Vec::with_capacity(4096);
    while bytes.len() < most {
        bytes.reserve(2048);
        match rustix::io::read(&file, spare_capacity(&mut bytes)) {
            Ok(0) => break,
            // The kernel fills a page before it stops, so less than half of one is all.
            Ok(_) if bytes.len() < 2048 => break,
            Ok(_) => {}
            Err(Errno::INTR) => {}
            // The process ended between opening and reading.
            Err(Errno::SRCH) => return Err(io::ErrorKind::NotFound.into()),
            Err(error) => return Err(error.into()),
        }
    }
    bytes.truncate(most);
    Ok(bytes)
}

/// Where a link of a process points to, fit to be shown.
pub(in crate::sources) fn link(pid: u32, name: &str) -> io::Result<String> {
    let target = readlinkat(CWD, format!("/proc/{pid}/{name}"), Vec::new())?;
    Ok(clean(&target.to_string_lossy()))
}

/// The user whose process it is.
pub(in crate::sources) fn owner(pid: u32) -> io::Result<u32> {
    Ok(stat(format!("/proc/{pid}"))?.st_uid)
}

/// The number of open descriptors.
pub(in crate::sources) fn count_descriptors(pid: u32) -> io::Result<u64> {
    let path = format!("/proc/{pid}/fd");
    // Since Linux 6.2 the size of the folder is their number, for everybody to see.
    let size = u64::try_from(stat(path.as_str())?.st_size).unwrap_or(0);
    if size > 0 {
        return Ok(size);
    }
    let folder = folder(&path)?;
    let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
    let mut entries = RawDir::new(&folder, &mut buffer);
    let mut count = 0;
    while let Some(entry) = entries.next() {
        count += u64::from(number(entry?.file_name().to_bytes()).is_some());
    }
    Ok(count)
}

/// Whether a process has descriptors, where that can be told at once; whether it is there,
/// where it cannot.
pub(in crate::sources) fn has_descriptors(pid: u32) -> bool {
    let count = |pid: &dyn std::fmt::Display| stat(format!("/proc/{pid}/fd"));
    match count(&pid) {
        Ok(folder) if folder.st_size > 0 => true,
        // Before Linux 6.2 the folder has no size, not even ours.
        Ok(_) => count(&"self").is_ok_and(|ours| ours.st_size == 0),
        Err(error) => !matches!(error, Errno::NOENT | Errno::SRCH),
    }
}

/// The numbers of the sockets behind the first so many descriptors of a process.
pub(in crate::sources) fn sockets(pid: u32, most: usize) -> io::Result<Vec<u64>> {
    let folder = folder(&format!("/proc/{pid}/fd"))?;
    let mut buffer = [MaybeUninit::uninit(); SMALL];
    let mut entries = RawDir::new(&folder, &mut buffer);
    let mut sockets = Vec::new();
    let mut seen = 0;
    while let Some(entry) = entries.next() {
        let entry = entry?;
        if number(entry.file_name().to_bytes()).is_none() {
            continue;
        }
        match socket(&folder, entry.file_name()) {
            Ok(inode) => sockets.extend(inode),
            Err(error @ (Errno::ACCESS | Errno::PERM)) => return Err(error.into()),
            // Closed in the meantime.
            Err(_) => {}
        }
        seen += 1;
        if seen >= most {
            break;
        }
    }
    Ok(sockets)
}

/// The number of the socket behind a descriptor, if it is a socket.
pub(in crate::sources) fn socket(folder: &OwnedFd, name: &CStr) -> Result<Option<u64>, Errno> {
    let mut buffer = [MaybeUninit::uninit(); 40];
    let (target, _) = readlinkat_raw(folder, name, &mut buffer)?;
    Ok(inode(target))
}

/// `socket:[12345]`
pub(in crate::sources) fn inode(target: &[u8]) -> Option<u64> {
    let digits = target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The children of a process, of whichever of its threads; none where the kernel
/// was built without the list.
pub(in crate::sources) fn children(pid: u32) -> Vec<u32> {
    let mut children = Vec::new();
    let Ok(threads) = folder(&format!("/proc/{pid}/task")) else {
        return children;
    };
    let mut buffer = [MaybeUninit::uninit(); 4 * 1024];
    let mut entries = RawDir::new(&threads, &mut buffer);
    while let Some(Ok(entry)) = entries.next() {
        if let Some(thread) = number(entry.file_name().to_bytes())
            && let Ok(text) = read(pid, &format!("task/{thread}/children"), 64 * 1024)
        {
            let words = text.split(|byte| !byte.is_ascii_digit());
            children.extend(words.filter_map(number));
        }
    }
    children
}

/// Opens a folder to be listed.
pub(in crate::sources) fn folder(path: &str) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat(CWD, path, flags, Mode::empty())?)
}

/// A name that is a number.
pub(in crate::sources) fn number(name: &[u8]) -> Option<u32> {
    if !name.first()?.is_ascii_digit() {
        return None;
    }
    std::str::from_utf8(name).ok()?.parse().ok()
}

#[cfg(test)]
#[path = "proc_tests.rs"]
mod tests;
