//! Ends of processes on Linux: a pidfd for each, all of them in one epoll.
//!
//! A pidfd tells of the end of anybody's process, and not how it came. That is told by
//! the kernel's process connector where it may be heard (Linux 6.6, outside of
//! containers), and by what is left of the process until its parent collects it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::mem::MaybeUninit;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Resource, getrlimit, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, timeout_at};

use super::super::os::proc::Stat;
use crate::facts::{Ended, Gap, Known, ProcId};
use connector::Connector;
use memory::Memory;

mod connector;
mod memory;
mod status;

/// Of the descriptors that we may open, one part in so many is for this.
const SHARE: u64 = 4;
/// Where there is no limit, the kernel still has to keep each.
const MOST: u64 = 4096;
/// Stands for the connector in the epoll, where no pid can.
const CONNECTOR: u64 = u64::MAX;
/// How long the connector may be behind the pidfd. Both tell of an end at once, but on a
/// busy machine somebody else may have his turn in between.
const BEHIND: Duration = Duration::from_millis(300);
const AT_ONCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 0,
};

#[derive(Debug)]
pub(super) struct Exits {
    /// By pid.
    watched: HashMap<u32, Watched>,
    /// Those asked for whose end was told.
    told: HashSet<ProcId>,
    /// How many of those asked for are not watched, and why the last of them is not.
    left_out: Option<(usize, String)>,
    ready: VecDeque<(ProcId, Known<Ended>)>,
    /// Those of which only the connector can tell how they ended, and until when it may.
    late: Vec<(Instant, Watched, Gap)>,
    epoll: Result<Arc<OwnedFd>, String>,
    /// The epoll, once a runtime waits for it.
    waiter: Option<AsyncFd<Arc<OwnedFd>>>,
    connector: Result<Connector, String>,
    memory: Memory,
}

#[derive(Debug)]
struct Watched {
    id: ProcId,
    pidfd: OwnedFd,
    /// The file that counts whom the kernel killed because memory ran out where it ran.
    kills: Option<PathBuf>,
}

/// Why a process cannot be watched.
enum Refused {
    /// It has ended already.
    Gone,
    Other(io::Error),
}

impl Default for Exits {
    fn default() -> Self {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC);
        let epoll = epoll.map_err(|error| words(&error.into()));
        let connector = epoll.as_ref().map_err(Clone::clone).and_then(|epoll| {
            let open = || -> io::Result<Connector> {
                let connector = Connector::open()?;
                add(epoll, connector.socket(), CONNECTOR)?;
                Ok(connector)
            };
            open().map_err(|error| words(&error))
        });
        Exits {
            watched: HashMap::new(),
            told: HashSet::new(),
            left_out: None,
            ready: VecDeque::new(),
            late: Vec::new(),
            epoll: epoll.map(Arc::new),
            waiter: None,
            connector,
            memory: Memory::default(),
        }
    }
}

impl Exits {
    pub(super) fn watch(&mut self, ids: &[ProcId]) {
        self.memory.renew();
        let mut newest: Vec<ProcId> = ids.to_vec();
        newest.sort_unstable_by_key(|id| std::cmp::Reverse((id.started, id.pid)));
        newest.dedup();
        let asked: HashSet<ProcId> = newest.iter().copied().collect();
        self.told.retain(|id| asked.contains(id));
        newest.retain(|id| !self.told.contains(id));
        let most = most();
        let left_out = newest.len().saturating_sub(most);
        newest.truncate(most);
        self.left_out = (left_out > 0).then(|| {
            (
                left_out,
                format!("{most} is a quarter of the files we may open"),
            )
        });

        let wanted: HashSet<ProcId> = newest.iter().copied().collect();
        let before = self.watched.len();
        // A descriptor that is closed is in the epoll no more.
        self.watched.retain(|_, one| wanted.contains(&one.id));
        let mut stirred = self.watched.len() != before;
        for id in newest {
            if self.watched.get(&id.pid).is_some_and(|one| one.id == id) {
                continue;
            }
            stirred = true;
            match self.open(id) {
                Ok(watched) => {
                    self.watched.insert(id.pid, watched);
                }
                Err(Refused::Gone) => {
                    self.told.insert(id);
                    self.ready
                        .push_back((id, Known::Unseen(status::too_late())));
                }
                Err(Refused::Other(error)) => {
                    let count = self.left_out.take().map_or(0, |(count, _)| count);
                    self.left_out = Some((count + 1, words(&error)));
                }
            }
        }
        if stirred {
            if let Ok(connector) = &mut self.connector {
                connector.only(self.watched.keys().copied());
            }
            let used = self.watched.values().filter_map(|one| one.kills.as_ref());
            self.memory.keep(&used.collect());
        }
    }

    /// Opens the process, and makes sure that it is the one that was meant.
    fn open(&mut self, id: ProcId) -> Result<Watched, Refused> {
        let epoll = match &self.epoll {
            Ok(epoll) => epoll,
            Err(why) => return Err(Refused::Other(io::Error::other(why.clone()))),
        };
        let pid = i32::try_from(id.pid).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or(Refused::Gone)?;
        let pidfd = match pidfd_open(pid, PidfdFlags::empty()) {
            Err(Errno::SRCH) => return Err(Refused::Gone),
            other => other.map_err(|error| Refused::Other(error.into()))?,
        };
        match Stat::of(id.pid) {
            Ok(stat) if id.started == 0 || stat.id.started == id.started => {}
            // Somebody else's pid by now, or nobody's.
            Ok(_) => return Err(Refused::Gone),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Refused::Gone),
            Err(error) => return Err(Refused::Other(error)),
        }
        add(epoll, &pidfd, u64::from(id.pid)).map_err(Refused::Other)?;
        Ok(Watched {
            id,
            pidfd,
            kills: self.memory.of(id.pid),
        })
    }

    pub(super) async fn next(&mut self) -> (ProcId, Known<Ended>) {
        self.memory.renew();
        loop {
            if let Some(ended) = self.ready.pop_front() {
                return ended;
            }
            if self.wait().await.is_err() {
                // Nothing can be waited for: a look at the sockets will tell.
                std::future::pending::<()>().await;
            }
            self.collect();
        }
    }

    /// Waits until something happens, or until the connector is too late.
    async fn wait(&mut self) -> io::Result<()> {
        let waiter = match (&mut self.waiter, &self.epoll) {
            (Some(waiter), _) => waiter,
            (none, Ok(epoll)) => none.insert(waiter_for(Arc::clone(epoll))?),
            (_, Err(why)) => return Err(io::Error::other(why.clone())),
        };
        let ready = match self.late.iter().map(|&(until, ..)| until).min() {
            Some(until) => match timeout_at(until, waiter.readable()).await {
                Ok(ready) => ready,
                Err(_) => return Ok(()),
            },
            None => waiter.readable().await,
        };
        // First this and then the look: what comes in between wakes us again.
        ready?.clear_ready();
        Ok(())
    }

    /// Takes everything that has happened.
    fn collect(&mut self) {
        let Ok(epoll) = self.epoll.clone() else {
            return;
        };
        let mut room = [MaybeUninit::uninit(); 64];
        loop {
            let (happened, _) = match epoll::wait(&*epoll, &mut room, Some(&AT_ONCE)) {
                Err(Errno::INTR) => continue,
                Err(_) => return,
                Ok(happened) => happened,
            };
            if let Ok(connector) = &mut self.connector {
                connector.hear();
            }
            if happened.is_empty() {
                break;
            }
            for event in happened {
                let data = event.data;
                if let Ok(pid) = u32::try_from(data.u64()) {
                    self.end(&epoll, pid);
                }
            }
        }
        for (until, watched, gap) in std::mem::take(&mut self.late) {
            match self.status_heard(watched.id) {
                None if Instant::now() < until => self.late.push((until, watched, gap)),
                None => self.tell(&watched, Known::Unseen(gap)),
                Some(ended) => self.tell(&watched, Known::Seen(ended)),
            }
        }
    }

    /// Takes note that a process has ended, and reads at once how.
    fn end(&mut self, epoll: &OwnedFd, pid: u32) {
        let Some(watched) = self.watched.remove(&pid) else {
            return;
        };
        let _ = epoll::delete(epoll, &watched.pidfd);
        let heard = self.status_heard(watched.id);
        match heard.map_or_else(|| status::of(watched.id), Ok) {
            Ok(ended) => self.tell(&watched, Known::Seen(ended)),
            Err(gap) if self.connector.is_ok() => {
                self.late.push((Instant::now() + BEHIND, watched, gap));
            }
            Err(gap) => self.tell(&watched, Known::Unseen(gap)),
        }
    }

    /// How it ended, as far as the connector has told.
    fn status_heard(&mut self, id: ProcId) -> Option<Ended> {
        let connector = self.connector.as_mut().ok()?;
        Some(status::decode(connector.status(id.pid)?))
    }

    fn tell(&mut self, watched: &Watched, ended: Known<Ended>) {
        let may_be_memory = matches!(ended, Known::Seen(Ended::Killed(9)) | Known::Unseen(_));
        let kills = watched.kills.as_ref().filter(|_| may_be_memory);
        let ended = match kills {
            Some(kills) if self.memory.took_one(kills) => Known::Seen(Ended::OutOfMemory),
            _ => ended,
        };
        self.told.insert(watched.id);
        self.ready.push_back((watched.id, ended));
    }

    pub(super) fn mode(&self) -> String {
        if let Err(why) = &self.epoll {
            return format!("none ({why})");
        }
        let mut mode = match &self.connector {
            Ok(_) => "pidfd, and the process connector for exit statuses".to_owned(),
            Err(why) => format!("pidfd, exit statuses not always (process connector: {why})"),
        };
        if let Some((count, why)) = &self.left_out {
            mode += &format!("; {count} processes are not watched ({why})");
        }
        mode
    }
}

/// So many processes may be watched.
fn most() -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from((limit / SHARE).min(MOST)).unwrap_or(0)
}

fn add(epoll: &OwnedFd, what: &OwnedFd, data: u64) -> io::Result<()> {
    let data = epoll::EventData::new_u64(data);
    Ok(epoll::add(epoll, what, data, epoll::EventFlags::IN)?)
}

/// An error in words, without the number that the standard library adds.
fn words(error: &io::Error) -> String {
    let words = error.to_string();
    words
        .split(" (os error")
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[expect(
    deprecated,
    reason = "the other constructor is unsafe; what that asks for, one descriptor that \
              stays open and the same, an `OwnedFd` keeps"
)]
fn waiter_for(epoll: Arc<OwnedFd>) -> io::Result<AsyncFd<Arc<OwnedFd>>> {
    AsyncFd::with_interest(epoll, Interest::READABLE)
}
