//! Owners on Linux: the descriptors of processes, until the sockets are found.
//!
//! Servers are young and open their socket early. So the newest processes come
//! first, and of every process its first descriptors, before any process is read
//! to the end: a proxy with thousands of connections does not stand in the way.

use std::collections::HashMap;
use std::io;
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

use rustix::fs::{RawDir, SeekFrom, readlinkat_raw, seek};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::facts::{Gap, Known, Listener, ProcId};
use crate::sources::processes::os::proc::{
    SMALL, Stat, folder, inode, newest, newest_first, number, owner, socket, sockets as held_by,
};
use crate::sources::sockets;

/// For everything; an ordinary machine needs a thousandth of it.
const DEADLINE: Duration = Duration::from_millis(1500);
/// Fewer entries than this in one buffer means that there are no more.
const FULL: usize = SMALL / 32;
/// How many descriptors of a parent are compared; it opened the socket early.
const OF_A_PARENT: usize = 1024;
/// How many generations of holders are followed.
const GENERATIONS: usize = 32;

pub(super) fn find(listeners: &mut [Listener]) {
    find_holders(listeners, DEADLINE);
    sockets::name_cgroups(listeners);
}

/// Fills in the owners in one pass over the processes, and nothing else.
pub(in crate::sources) fn find_holders(listeners: &mut [Listener], budget: Duration) {
    if listeners.iter().all(|listener| listener.owners.is_seen()) {
        return;
    }
    let mut search = Search::new(listeners, Instant::now() + budget);
    let mut begun = Vec::new();
    search.begin(newest().inspect(|&pid| begun.push(pid)));
    if !search.over() {
        match newest_first() {
            Ok(mut pids) => {
                pids.retain(|pid| !begun.contains(pid));
                search.begin(pids);
                search.finish();
            }
            Err(error) => search.blind = Some(Gap::of(&error)),
        }
    }
    search.tell(listeners);
}

/// The same among these processes only, in this order.
pub(in crate::sources) fn find_among(listeners: &mut [Listener], pids: &[u32], deadline: Instant) {
    let mut search = Search::new(listeners, deadline);
    search.begin(pids.iter().copied());
    search.finish();
    search.tell(listeners);
}

/// A process and the descriptor by which it holds a socket.
#[derive(Debug, Clone, Copy)]
struct Holder {
    pid: u32,
    descriptor: u32,
}

/// A process of which only the first descriptors were read, and where to go on.
struct Rest {
    pid: u32,
    from: u64,
}

struct Search {
    /// By inode, in order.
    wanted: Vec<(u64, Option<Holder>)>,
    missing: usize,
    deadline: Instant,
    late: bool,
    refused: bool,
    /// Whether other users' processes are worth a look.
    root: bool,
    /// Why the processes could not be listed.
    blind: Option<Gap>,
    /// Processes that have more descriptors than were read.
    rest: Vec<Rest>,
}

impl Search {
    fn new(listeners: &[Listener], deadline: Instant) -> Self {
        let mut wanted: Vec<_> = listeners
            .iter()
            .filter(|listener| !listener.owners.is_seen() && listener.inode != 0)
            .map(|listener| (listener.inode, None))
            .collect();
        wanted.sort_unstable_by_key(|&(inode, _)| inode);
        wanted.dedup_by_key(|&mut (inode, _)| inode);
        Search {
            missing: wanted.len(),
            wanted,
            deadline,
            late: false,
            refused: false,
            root: geteuid().is_root(),
            blind: None,
            rest: Vec::new(),
        }
    }

    /// Reads the first descriptors of these processes, in this order.
    fn begin(&mut self, pids: impl IntoIterator<Item = u32>) {
        let mut pids = pids.into_iter();
        while !self.over()
            && let Some(pid) = pids.next()
        {
            if self.root || owned_by_us(pid) {
                let rest = self.read(pid, None);
                self.rest.extend(rest);
            } else {
                self.refused = true;
            }
        }
    }

    /// Reads the descriptors that follow the first.
    fn finish(&mut self) {
        for Rest { pid, from } in std::mem::take(&mut self.rest) {
            if self.over() {
                return;
            }
            self.read(pid, Some(from));
        }
    }

    /// Says of each listener who holds it, or why that is not known.
    fn tell(&self, listeners: &mut [Listener]) {
        let gap = self.gap();
        let mut families = Families::default();
        for listener in listeners.iter_mut().filter(|one| !one.owners.is_seen()) {
            listener.owners = match self.holder(listener.inode) {
                Some(holder) => match families.of(listener.inode, holder) {
                    owners if owners.is_empty() => {
                        let problem = "its process ended during the look";
                        Known::Unseen(Gap::Failed(problem.to_owned()))
                    }
                    owners => Known::Seen(owners),
                },
                None if listener.inode == 0 => {
                    let problem = "the kernel gave the socket no number";
                    Known::Unseen(Gap::Failed(problem.to_owned()))
                }
                None => Known::Unseen(gap.clone()),
            };
        }
    }

    /// Reads the first descriptors of a process, or all that follow those.
    fn read(&mut self, pid: u32, from: Option<u64>) -> Option<Rest> {
        let folder = match folder(&format!("/proc/{pid}/fd")) {
            Ok(folder) => folder,
            Err(error) => {
                self.refused |= error.kind() == io::ErrorKind::PermissionDenied;
                return None;
            }
        };
        if let Some(from) = from {
            seek(&folder, SeekFrom::Start(from)).ok()?;
        }
        let mut buffer = [MaybeUninit::uninit(); SMALL];
        let mut entries = RawDir::new(&folder, &mut buffer);
        let mut seen = 0;
        while let Some(Ok(entry)) = entries.next() {
            seen += 1;
            let next = entry.next_entry_cookie();
            if let Some(descriptor) = number(entry.file_name().to_bytes()) {
                match socket(&folder, entry.file_name()) {
                    Ok(Some(inode)) => self.note(inode, Holder { pid, descriptor }),
                    Ok(None) => {}
                    // Every other descriptor of this process is closed to us as well.
                    Err(Errno::ACCESS | Errno::PERM) => {
                        self.refused = true;
                        return None;
                    }
                    // Closed in the meantime.
                    Err(_) => {}
                }
                if self.missing == 0 {
                    return None;
                }
            }
            if entries.is_buffer_empty() {
                if from.is_none() {
                    return (seen >= FULL).then_some(Rest { pid, from: next });
                }
                if self.over() {
                    return None;
                }
            }
        }
        None
    }

    fn note(&mut self, inode: u64, holder: Holder) {
        if let Ok(at) = self
            .wanted
            .binary_search_by_key(&inode, |&(inode, _)| inode)
            && let Some((_, place @ None)) = self.wanted.get_mut(at)
        {
            *place = Some(holder);
            self.missing -= 1;
        }
    }

    fn over(&mut self) -> bool {
        if self.missing > 0 && Instant::now() > self.deadline {
            self.late = true;
        }
        self.missing == 0 || self.late
    }

    fn holder(&self, inode: u64) -> Option<Holder> {
        let at = self
            .wanted
            .binary_search_by_key(&inode, |&(inode, _)| inode);
        self.wanted.get(at.ok()?)?.1
    }

    /// Why the sockets that are still missing are.
    fn gap(&self) -> Gap {
        if let Some(gap) = &self.blind {
            gap.clone()
        } else if self.late {
            Gap::TooSlow
        } else if self.refused || !self.root {
            // Under hidepid other users' processes are not even there to be refused.
            Gap::Forbidden
        } else {
            Gap::Failed("no process that can be seen from here holds it".to_owned())
        }
    }
}

fn owned_by_us(pid: u32) -> bool {
    owner(pid).is_ok_and(|uid| uid == geteuid().as_raw())
}

/// The families of processes that share a socket; everything is read once.
#[derive(Default)]
struct Families {
    stats: HashMap<u32, Option<Stat>>,
    sockets: HashMap<u32, Vec<u64>>,
}

impl Families {
    /// The holder and those of its ancestors that hold the socket too, topmost first.
    fn of(&mut self, inode: u64, holder: Holder) -> Vec<ProcId> {
        let mut family = Vec::new();
        let mut pid = holder.pid;
        while let Some(stat) = self.stat(pid) {
            let (id, parent) = (stat.id, stat.parent);
            family.push(id);
            if parent == 0
                || family.len() == GENERATIONS
                || !self.holds(parent, holder.descriptor, inode)
            {
                break;
            }
            pid = parent;
        }
        family.reverse();
        // A service manager that opened the socket for its service is not who serves.
        if let [first, _, ..] = family.as_slice()
            && self
                .stat(first.pid)
                .is_some_and(|top| top.comm == "systemd")
        {
            family.rotate_left(1);
        }
        family
    }

    fn stat(&mut self, pid: u32) -> Option<&Stat> {
        let read = || Stat::of(pid).ok();
        self.stats.entry(pid).or_insert_with(read).as_ref()
    }

    fn holds(&mut self, pid: u32, descriptor: u32, wanted: u64) -> bool {
        // What is inherited keeps its number.
        let mut buffer = [MaybeUninit::uninit(); 40];
        let path = format!("/proc/{pid}/fd/{descriptor}");
        match readlinkat_raw(rustix::fs::CWD, path, &mut buffer) {
            Ok((target, _)) if inode(target) == Some(wanted) => return true,
            Err(Errno::ACCESS | Errno::PERM) => return false,
            _ => {}
        }
        let read = || held_by(pid, OF_A_PARENT).unwrap_or_default();
        let sockets = self.sockets.entry(pid).or_insert_with(read);
        sockets.contains(&wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_beyond_the_first_descriptors_is_found() {
        let files: Vec<_> = (0..200)
            .map(|_| std::fs::File::open("/dev/null").unwrap())
            .collect();
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = socket.local_addr().unwrap();
        let mut found = sockets::listeners(Some(at.port()))
            .listeners
            .seen()
            .unwrap()
            .clone();
        found.retain(|listener| listener.at == at);
        find(&mut found);
        drop(files);
        assert_eq!(found[0].owner().map(|id| id.pid), Some(std::process::id()));
    }

    #[test]
    fn a_socket_that_nobody_holds_is_a_gap_and_not_an_empty_list() {
        let mut listeners = [
            Listener {
                inode: u64::MAX,
                ..Listener::at("127.0.0.1:1".parse().unwrap())
            },
            Listener::at("127.0.0.1:2".parse().unwrap()),
        ];
        find(&mut listeners);
        assert!(listeners.iter().all(|listener| !listener.owners.is_seen()));
        let past = Instant::now();
        listeners[0].owners = Known::default();
        find_among(&mut listeners, &[1], past);
        assert_eq!(listeners[0].owners, Known::Unseen(Gap::TooSlow));
    }
}
