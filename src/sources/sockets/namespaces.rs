//! Listeners in other network namespaces: containers, `ip netns`, sandboxes.
//!
//! The tables of another namespace can be read through any process in it, without
//! privilege. Namespaces are told apart by the inode number of that table.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::{diag, proc_net};
use crate::facts::{Gap, Known, Listener, Proto};
use crate::sources::owners::os::find_among;
use crate::sources::processes::os::proc::{Stat, pids};

const DEADLINE: Duration = Duration::from_millis(300);
/// A namespace costs milliseconds.
const MOST: usize = 64;

/// See [`super::super::elsewhere`].
pub(crate) fn elsewhere(port: u16) -> Known<Vec<Listener>> {
    let deadline = Instant::now() + DEADLINE;
    let mut blind = None;
    let spaces = match others(deadline, &mut blind) {
        Ok(spaces) => spaces,
        Err(error) => return Known::Unseen(Gap::of(&error)),
    };
    if spaces.len() > MOST {
        blind = Some(Gap::TooSlow);
    }
    let mut listeners = Vec::new();
    for (netns, pids) in spaces.into_iter().take(MOST) {
        if Instant::now() > deadline {
            blind = Some(Gap::TooSlow);
            break;
        }
        match in_namespace(&pids, port) {
            Ok(mut found) => {
                name_owners(&mut found, &pids, deadline);
                for listener in &mut found {
                    listener.netns = Some(netns);
                }
                listeners.append(&mut found);
            }
            Err(error) => blind = Some(Gap::of(&error)),
        }
    }
    match blind {
        Some(gap) if listeners.is_empty() => Known::Unseen(gap),
        _ => Known::Seen(listeners),
    }
}

/// The other namespaces and the processes in each, the oldest first.
fn others(deadline: Instant, blind: &mut Option<Gap>) -> io::Result<BTreeMap<u64, Vec<u32>>> {
    let ours = fs::metadata(table("self"))?.ino();
    if hidden() {
        *blind = Some(Gap::Forbidden);
    }
    let mut spaces: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for pid in pids()? {
        match fs::metadata(table(&pid.to_string())) {
            Ok(table) if table.ino() == ours => {}
            Ok(table) => spaces.entry(table.ino()).or_default().push(pid),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                *blind = Some(Gap::Forbidden);
            }
            // It has ended, or is a zombie, which is in no namespace any more.
            Err(_) => {}
        }
        if Instant::now() > deadline {
            *blind = Some(Gap::TooSlow);
            break;
        }
    }
    Ok(spaces)
}

fn table(process: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{process}/net/tcp"))
}

/// Whether `/proc` is mounted so that other users' processes are hidden.
fn hidden() -> bool {
    fs::metadata("/proc/1/cmdline").is_err() || fs::File::open("/proc/1/cmdline").is_err()
}

/// The listeners on the port, through the first process that still lives.
fn in_namespace(pids: &[u32], port: u16) -> io::Result<Vec<Listener>> {
    for pid in pids {
        // Root may go in and ask the kernel, which does not cost more with more connections.
        if let Ok(listeners) = from_inside(*pid, port) {
            return Ok(listeners);
        }
        let folder = PathBuf::from(format!("/proc/{pid}/net"));
        match proc_net::read(&folder, Proto::Tcp, Some(port)) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(error),
            Ok(listeners) => return Ok(listeners),
            Err(_) => {}
        }
    }
    // All of them ended, and the namespace with them.
    Ok(Vec::new())
}

/// The listeners on the port, asked by a thread that enters the process's namespace and
/// ends there.
fn from_inside(pid: u32, port: u16) -> io::Result<Vec<Listener>> {
    let namespace = fs::File::open(format!("/proc/{pid}/ns/net"))?;
    let ask = || -> io::Result<Vec<Listener>> {
        let network = Some(LinkNameSpaceType::Network);
        move_into_link_name_space(namespace.as_fd(), network)?;
        let rows = diag::listeners(Some(port))?;
        Ok(rows.into_iter().map(|row| row.listener).collect())
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().spawn_scoped(scope, ask)?;
        let lost = |_| io::Error::other("the look ended without an answer");
        thread.join().map_err(lost)?
    })
}

/// The process that holds the socket or, where that is closed to us, the oldest of
/// the namespace, by which it can be entered.
fn name_owners(listeners: &mut [Listener], pids: &[u32], deadline: Instant) {
    let newest_first: Vec<u32> = pids.iter().rev().copied().collect();
    find_among(listeners, &newest_first, deadline);
    let oldest = || pids.iter().find_map(|&pid| Stat::of(pid).ok());
    for listener in listeners.iter_mut().filter(|one| !one.owners.is_seen()) {
        if let Some(stat) = oldest() {
            listener.owners = Known::Seen(vec![stat.id]);
        }
    }
}
