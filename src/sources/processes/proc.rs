//! The few files of `/proc` that every look at processes needs.

use std::fs;
use std::io;
use std::mem::MaybeUninit;

use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags, RawDir, openat};

use crate::facts::{ProcId, clean};

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
        let text = fs::read(format!("/proc/{pid}/stat"))?;
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
mod tests {
    use super::*;

    const ROW: &[u8] =
        b"812 (a) (b\x1b) S 7 812 812 34816 812 4194304 1 2 3 4 11 22 33 44 20 0 1 0 98765 1 1 1";

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat = Stat::parse(ROW).unwrap();
        assert_eq!(
            stat,
            Stat {
                id: ProcId {
                    pid: 812,
                    started: 98765
                },
                comm: "a) (b\u{fffd}".to_owned(),
                state: b'S',
                parent: 7,
                terminal: true,
                ticks: 33,
                ended_children_ticks: 77,
            }
        );
    }

    #[test]
    fn a_row_that_is_cut_short_is_none() {
        let needed = ROW.len() - b" 1 1 1".len();
        for end in 0..needed - 4 {
            assert_eq!(Stat::parse(&ROW[..end]), None, "{end}");
        }
        assert_eq!(Stat::parse(b")("), None);
        assert_eq!(Stat::parse(b"\xff (x) S"), None);
    }

    #[test]
    fn we_are_among_the_processes() {
        let me = std::process::id();
        assert!(pids().unwrap().binary_search(&me).is_ok());
        assert_eq!(Stat::of(me).unwrap().id.pid, me);
    }
}
