//! A machine that is made up, and what can happen to it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use proptest::prelude::*;

use super::super::super::Row;
use super::super::Refreshed;
use super::super::table::{Seen, Table, World};
use crate::facts::{Gap, Known, Listener, ProcId, Process, Queue};

/// A machine with sockets, processes and a clock.
#[derive(Debug, Clone, Default)]
pub struct Fake {
    pub sockets: BTreeMap<u64, Held>,
    /// Living processes by pid: when each started, its parent, and how often it changed
    /// its title.
    pub processes: BTreeMap<u32, (u64, u32, u32)>,
    pub clock: Duration,
    next: u64,
    /// Whether the sockets cannot be seen now.
    pub dark: bool,
    /// Whether processes do not let us see what they hold.
    pub closed: bool,
    pub searches: u32,
    pub looks: u32,
    /// The sockets as they were told last: number, port, queue and user.
    pub told: Option<Vec<(u64, u16, u32, u32)>>,
}

#[derive(Debug, Clone)]
pub struct Held {
    port: u16,
    pub waiting: u32,
    uid: u32,
    by: Vec<u32>,
}

impl Fake {
    fn listener(&self, cookie: u64, held: &Held) -> Listener {
        Listener {
            inode: cookie + 1000,
            uid: Some(held.uid),
            queue: Known::Seen(Queue {
                waiting: held.waiting,
                limit: 9,
            }),
            ..Listener::at(([127, 0, 0, 1], held.port).into())
        }
    }

    /// The same machine, before anybody has looked at it.
    pub fn anew(&self) -> Self {
        Fake {
            told: None,
            ..self.clone()
        }
    }

    pub fn start(&mut self, parent: u32) -> u32 {
        self.next += 1;
        // Pids are few, so that they are used again.
        let free = |pid: &u32| !self.processes.contains_key(pid);
        let pid = (1..).find(free).unwrap();
        self.processes.insert(pid, (self.next, parent, 0));
        pid
    }

    fn end(&mut self, pid: u32) {
        self.processes.remove(&pid);
        for (_, parent, _) in self.processes.values_mut() {
            if *parent == pid {
                *parent = 0;
            }
        }
        for held in self.sockets.values_mut() {
            held.by.retain(|&by| by != pid);
        }
        self.sockets.retain(|_, held| !held.by.is_empty());
    }

    pub fn open(&mut self, port: u16, by: u32) -> u64 {
        self.next += 1;
        let held = Held {
            port,
            waiting: 0,
            uid: 1,
            by: vec![by],
        };
        self.sockets.insert(self.next, held);
        self.next
    }

    pub fn id(&self, pid: u32) -> ProcId {
        let started = self.processes[&pid].0;
        ProcId { pid, started }
    }

    fn process(&self, pid: u32, fds: u64) -> Option<Process> {
        let &(started, parent, title) = self.processes.get(&pid)?;
        let fields = serde_json::json!({
            "id": {"pid": pid, "started": started},
            "parent": parent,
            "name": format!("server {title}"),
            "age_s": self.clock.as_secs(),
            "fds": {"open": fds, "limit": 99},
        });
        Some(serde_json::from_value(fields).unwrap())
    }

    /// What is there, by hand: the listeners in order, and who holds each.
    pub fn truth(&self) -> Vec<(Listener, Vec<ProcId>)> {
        let mut truth: Vec<_> = self
            .sockets
            .iter()
            .map(|(&cookie, held)| {
                let ids = held.by.iter().map(|&pid| self.id(pid)).collect();
                (self.listener(cookie, held), ids)
            })
            .collect();
        truth.sort_by_key(|(listener, _)| (listener.at.port(), listener.inode));
        truth
    }
}

impl World for Fake {
    fn rows(&mut self, rows: &mut Vec<Row>, anew: bool) -> Seen {
        if self.dark {
            self.told = None;
            return Seen::Nothing {
                gap: Gap::Forbidden,
                by: "none".to_owned(),
            };
        }
        let all = self.sockets.iter();
        let all = all.map(|(&cookie, held)| (cookie, held.port, held.waiting, held.uid));
        let before = self.told.replace(all.collect());
        if self.told == before && !anew {
            return Seen::AsBefore;
        }
        // By hash, as the kernel lists them.
        for (&cookie, held) in self.sockets.iter().rev() {
            rows.push(Row {
                listener: self.listener(cookie, held),
                cookie,
                cgroup: cookie,
            });
        }
        Seen::Rows {
            by: "a fake".to_owned(),
        }
    }

    fn find_owners(&mut self, listeners: &mut [Listener], cgroups: &HashMap<u64, u64>) {
        self.searches += 1;
        for listener in listeners {
            assert!(!listener.owners.is_seen());
            let cookie = cgroups[&listener.inode];
            listener.owners = match self.sockets.get(&cookie) {
                Some(held) if !self.closed => {
                    Known::Seen(held.by.iter().map(|&pid| self.id(pid)).collect())
                }
                _ => {
                    listener.cgroup = Some(format!("/{cookie}"));
                    Known::Unseen(Gap::Forbidden)
                }
            };
        }
    }

    fn look(&mut self, ids: &[ProcId]) -> Vec<Process> {
        self.looks += 1;
        let lives = |id: &&ProcId| self.processes.get(&id.pid).map(|p| p.0) == Some(id.started);
        let mut seen: Vec<Process> = ids
            .iter()
            .filter(lives)
            .filter_map(|id| self.process(id.pid, 3))
            .collect();
        for at in 0..seen.len() {
            let mut parent = seen[at].parent;
            while parent != 0 && seen.iter().all(|one| one.id.pid != parent) {
                let above = self.process(parent, 0).unwrap();
                parent = above.parent;
                seen.push(above);
            }
        }
        seen
    }

    fn lives(&mut self, id: ProcId) -> bool {
        self.processes.contains_key(&id.pid)
    }

    fn now(&mut self) -> Duration {
        self.clock
    }
}

/// Something that happens to the machine, or to whoever watches it.
#[derive(Debug, Clone)]
pub enum Step {
    Start(usize),
    End(usize, bool),
    Open(u16, usize),
    Close(usize),
    Share(usize, usize),
    Queue(usize, u32),
    GiveAway(usize, u32),
    Title(usize),
    Dark(bool),
    Closed(bool),
    Wait(u64),
    Refresh,
    FullRefresh,
}

pub fn step() -> impl Strategy<Value = Step> {
    let some = 0..8_usize;
    prop_oneof![
        some.clone().prop_map(Step::Start),
        (some.clone(), any::<bool>()).prop_map(|(who, told)| Step::End(who, told)),
        (1..5_u16, some.clone()).prop_map(|(port, by)| Step::Open(port, by)),
        some.clone().prop_map(Step::Close),
        (some.clone(), some.clone()).prop_map(|(what, who)| Step::Share(what, who)),
        (some.clone(), 0..3_u32).prop_map(|(what, waiting)| Step::Queue(what, waiting)),
        (some.clone(), 0..3_u32).prop_map(|(what, uid)| Step::GiveAway(what, uid)),
        some.prop_map(Step::Title),
        any::<bool>().prop_map(Step::Dark),
        any::<bool>().prop_map(Step::Closed),
        (0..40_u64).prop_map(Step::Wait),
        Just(Step::Refresh),
        Just(Step::Refresh),
        Just(Step::Refresh),
        Just(Step::FullRefresh),
    ]
}

/// Does it; what was seen, if there was a look.
pub fn act(table: &mut Table<Fake>, step: &Step) -> Option<Refreshed> {
    let world = &mut table.world;
    let pid = |world: &Fake, at: usize| {
        let pids: Vec<u32> = world.processes.keys().copied().collect();
        (!pids.is_empty()).then(|| pids[at % pids.len()])
    };
    let socket = |world: &Fake, at: usize| {
        let cookies: Vec<u64> = world.sockets.keys().copied().collect();
        (!cookies.is_empty()).then(|| cookies[at % cookies.len()])
    };
    match *step {
        Step::Start(parent) => {
            let parent = pid(world, parent).unwrap_or(0);
            world.start(parent);
        }
        Step::End(who, told) => {
            if let Some(pid) = pid(world, who) {
                let id = world.id(pid);
                world.end(pid);
                if told {
                    table.ended(id);
                }
            }
        }
        Step::Open(port, by) => {
            if let Some(pid) = pid(world, by) {
                world.open(port, pid);
            }
        }
        Step::Close(what) => {
            if let Some(cookie) = socket(world, what) {
                world.sockets.remove(&cookie);
            }
        }
        Step::Share(what, who) => {
            if let (Some(cookie), Some(pid)) = (socket(world, what), pid(world, who)) {
                let held = world.sockets.get_mut(&cookie).unwrap();
                if !held.by.contains(&pid) {
                    held.by.push(pid);
                }
            }
        }
        Step::Queue(what, waiting) => {
            if let Some(cookie) = socket(world, what) {
                world.sockets.get_mut(&cookie).unwrap().waiting = waiting;
            }
        }
        Step::GiveAway(what, uid) => {
            if let Some(cookie) = socket(world, what) {
                world.sockets.get_mut(&cookie).unwrap().uid = uid;
            }
        }
        Step::Title(who) => {
            if let Some(pid) = pid(world, who) {
                world.processes.get_mut(&pid).unwrap().2 += 1;
            }
        }
        Step::Dark(dark) => world.dark = dark,
        Step::Closed(closed) => world.closed = closed,
        Step::Wait(seconds) => world.clock += Duration::from_secs(seconds),
        Step::Refresh => return Some(table.refresh(false)),
        Step::FullRefresh => return Some(table.refresh(true)),
    }
    None
}
