//! Who has each port at a look.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use crate::facts::{Container, Known, Listener, PastOwner, ProcId, Process, Proto, Publish};

/// So many addresses of one owner are kept.
const MOST_ADDRESSES: usize = 16;
/// Names and folders longer than this are not kept whole, or not at all.
const LONGEST_NAME: usize = 200;
const LONGEST_FOLDER: usize = 1024;

/// Who has a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// This process.
    Process(ProcId),
    /// Somebody whom this user may not see.
    Hidden,
}

impl Who {
    pub(super) fn id(self) -> Option<ProcId> {
        match self {
            Who::Process(id) => Some(id),
            Who::Hidden => None,
        }
    }
}

/// A socket, by its address and the kernel's number for it.
type Socket = (SocketAddr, u64);

/// Somebody who has a port at this look.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) who: Who,
    pub(super) sockets: Vec<Socket>,
    /// The container behind it: its id and its name.
    pub(super) container: Option<(String, String)>,
}

/// Somebody who had a port at the last look.
#[derive(Debug)]
pub(super) struct Holding {
    pub(super) who: Who,
    pub(super) sockets: Vec<Socket>,
    pub(super) container: Option<String>,
    /// Since when, in milliseconds since the Unix epoch.
    pub(super) from: u64,
    /// Its row in the past; nothing while it has no name.
    pub(super) row: Option<u64>,
}

/// The processes of a look.
pub(super) struct Index<'a> {
    ids: HashMap<ProcId, &'a Process>,
    pids: HashMap<u32, &'a Process>,
}

impl<'a> Index<'a> {
    pub(super) fn of(processes: &'a [Process]) -> Self {
        Index {
            ids: processes.iter().map(|one| (one.id, one)).collect(),
            pids: processes.iter().map(|one| (one.id.pid, one)).collect(),
        }
    }

    fn process(&self, who: Who) -> Option<&'a Process> {
        self.ids.get(&who.id()?).copied()
    }

    /// The nearest ancestor that may start the process again.
    fn watcher(&self, process: &Process) -> Option<ProcId> {
        let mut parent = process.parent;
        // Pids that are used again could close a circle.
        for _ in 0..self.pids.len() {
            let next = self.pids.get(&parent)?;
            if next.row().is_some_and(|row| row.watcher) {
                return Some(next.id);
            }
            parent = next.parent;
        }
        None
    }
}

impl Holding {
    /// Whether this is who has the port at the next look, too.
    pub(super) fn is_same(&self, held: &Held) -> bool {
        match (self.who, held.who) {
            (Who::Process(old), Who::Process(new)) => old == new,
            // It may get its name later than its socket.
            (Who::Hidden, _) => shares_socket(&self.sockets, &held.sockets),
            (Who::Process(_), Who::Hidden) => false,
        }
    }
}

impl Held {
    /// Whether this row of the past is about who has the port now.
    pub(super) fn is_row(&self, owner: &PastOwner) -> bool {
        match self.who {
            Who::Process(id) => owner.id == id,
            Who::Hidden => {
                let name = self.container.as_ref().map(|(_, name)| name);
                owner.id.pid == 0 && name.is_some() && owner.container.as_ref() == name
            }
        }
    }

    /// Whether all that is kept of it stands in its row already.
    pub(super) fn is_noted(&self, owner: &PastOwner, index: &Index) -> bool {
        let at = self.sockets.iter().map(|(at, _)| at).take(MOST_ADDRESSES);
        let container = self.container.as_ref().map(|(_, name)| name);
        if !owner.at.iter().eq(at) || owner.container.as_ref() != container {
            return false;
        }
        match index.process(self.who) {
            Some(process) if container.is_none() => {
                process.name == owner.name
                    && process.framework == owner.framework
                    && process.project == owner.project
                    && process.cwd.seen() == owner.cwd.as_ref()
            }
            _ => true,
        }
    }

    /// What is kept of it; nothing where it has no name.
    pub(super) fn past_owner(&self, port: u16, index: &Index, from: u64) -> Option<PastOwner> {
        let process = index.process(self.who);
        let container = self.container.as_ref().map(|(_, name)| name.clone());
        let name = match (&container, process) {
            (Some(container), _) => container,
            // For whom it carries connections will be told by the engine.
            (None, Some(process)) if process.row().is_some_and(|row| row.forwarder) => return None,
            (None, Some(process)) if !process.name.is_empty() => &process.name,
            (None, Some(process)) => &process.comm,
            (None, None) => return None,
        };
        let name = name.chars().take(LONGEST_NAME).collect();
        // Of a container's forwarder nothing else is worth keeping.
        let own = process.filter(|_| container.is_none());
        let folder = |path: &String| (path.len() <= LONGEST_FOLDER).then(|| path.clone());
        let at = self.sockets.iter().map(|(at, _)| *at);
        Some(PastOwner {
            port,
            at: at.take(MOST_ADDRESSES).collect(),
            id: self.who.id().unwrap_or(ProcId { pid: 0, started: 0 }),
            name,
            framework: own.and_then(|process| process.framework.clone()),
            cwd: own.and_then(|process| process.cwd.seen()).and_then(folder),
            project: own.and_then(|process| process.project.as_ref().and_then(folder)),
            watcher: own.and_then(|process| index.watcher(process)),
            container,
            from,
            until: None,
            missed: false,
            ended: Known::default(),
        })
    }
}

/// Who has each port, the sockets of one owner together.
pub(super) fn of(
    listeners: &[Listener],
    index: &Index,
    containers: &[Container],
    before: &BTreeMap<u16, Vec<Holding>>,
) -> BTreeMap<u16, Vec<Held>> {
    let mut ports: BTreeMap<u16, Vec<Held>> = BTreeMap::new();
    let here = |listener: &&Listener| listener.proto == Proto::Tcp && listener.netns.is_none();
    for listener in listeners.iter().filter(here) {
        let socket = (listener.at, listener.inode);
        let port = listener.at.port();
        let old = before.get(&port).map_or(&[][..], Vec::as_slice);
        let who = match listener.owner() {
            Some(id) => Who::Process(id),
            // Who has it was seen before, and the socket is the same.
            None => old
                .iter()
                .find(|holding| shares_socket(&holding.sockets, &[socket]))
                .map_or(Who::Hidden, |holding| holding.who),
        };
        let container = behind(listener, index.process(who), containers);
        let held = ports.entry(port).or_default();
        match held
            .iter_mut()
            .find(|held| held.who == who && (who != Who::Hidden || held.container == container))
        {
            Some(held) => held.sockets.push(socket),
            None => held.push(Held {
                who,
                sockets: vec![socket],
                container,
            }),
        }
    }
    for held in ports.values_mut().flatten() {
        held.sockets.sort_unstable();
    }
    ports
}

/// Whether a port has another owner than before, or the same one on other addresses.
pub(super) fn differ(before: &[Holding], now: &[Held]) -> bool {
    let mut old: Vec<_> = before
        .iter()
        .map(|one| (one.who, addresses(&one.sockets), one.container.as_deref()))
        .collect();
    let mut new: Vec<_> = now
        .iter()
        .map(|one| {
            let container = one.container.as_ref().map(|(id, _)| id.as_str());
            (one.who, addresses(&one.sockets), container)
        })
        .collect();
    old.sort_unstable();
    new.sort_unstable();
    old != new
}

fn addresses(sockets: &[Socket]) -> Vec<SocketAddr> {
    sockets.iter().map(|(at, _)| *at).collect()
}

fn shares_socket(old: &[Socket], new: &[Socket]) -> bool {
    old.iter().any(|socket| new.contains(socket))
}

/// The container that publishes the port, where who listens is its engine's forwarder or
/// nobody that can be named.
fn behind(
    listener: &Listener,
    process: Option<&Process>,
    containers: &[Container],
) -> Option<(String, String)> {
    let port = listener.at.port();
    let publishes = |publish: &Publish| {
        publish.proto == Proto::Tcp
            && publish.host_port == Some(port)
            && match publish.host_ip {
                None => listener.at.ip().is_unspecified(),
                Some(ip) => ip == listener.at.ip(),
            }
    };
    let forwards = |process: &Process| match process.row() {
        Some(row) => row.forwarder,
        // Nobody else could have bound the very address that the engine published.
        None => true,
    };
    if !process.is_none_or(forwards) {
        return None;
    }
    let up = containers.iter().filter(|container| container.is_up());
    let mut behind = up.filter(|container| container.published.iter().any(publishes));
    behind
        .next()
        .map(|container| (container.id.clone(), container.name.clone()))
}
