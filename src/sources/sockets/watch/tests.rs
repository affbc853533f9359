//! On a machine that is made up: any history, lost looks and lost hints included.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::facts::{Gap, Queue};

/// A machine with sockets, processes and a clock.
#[derive(Debug, Clone, Default)]
struct Fake {
    sockets: BTreeMap<u64, Held>,
    /// Living processes by pid: when each started, its parent, and how often it changed
    /// its title.
    processes: BTreeMap<u32, (u64, u32, u32)>,
    clock: Duration,
    next: u64,
    /// Whether the sockets cannot be seen now.
    dark: bool,
    /// Whether processes do not let us see what they hold.
    closed: bool,
    searches: u32,
    looks: u32,
}

#[derive(Debug, Clone)]
struct Held {
    port: u16,
    waiting: u32,
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

    fn start(&mut self, parent: u32) -> u32 {
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

    fn open(&mut self, port: u16, by: u32) -> u64 {
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

    fn id(&self, pid: u32) -> ProcId {
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
    fn truth(&self) -> Vec<(Listener, Vec<ProcId>)> {
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
    fn rows(&mut self, rows: &mut Vec<Row>, _: bool) -> Option<(Known<()>, String)> {
        if self.dark {
            return Some((Known::Unseen(Gap::Forbidden), "none".to_owned()));
        }
        // By hash, as the kernel lists them.
        for (&cookie, held) in self.sockets.iter().rev() {
            rows.push(Row {
                listener: self.listener(cookie, held),
                cookie,
                cgroup: cookie,
            });
        }
        Some((Known::Seen(()), "a fake".to_owned()))
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
enum Step {
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

fn step() -> impl Strategy<Value = Step> {
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
fn act(table: &mut Table<Fake>, step: &Step) -> Option<Refreshed> {
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

/// The sockets as they are told, without their owners.
fn bare(refreshed: &Refreshed) -> Option<Vec<Listener>> {
    let bare = |listener: &Listener| Listener {
        owners: Known::default(),
        cgroup: None,
        ..listener.clone()
    };
    let listeners = refreshed.listeners.seen()?;
    Some(listeners.iter().map(bare).collect())
}

/// Without what does not count as a change.
fn still(refreshed: &Refreshed) -> (Known<Vec<Listener>>, Known<Vec<Process>>) {
    let listeners = refreshed.listeners.clone().map(|listeners| {
        let still = |listener: &Listener| Listener {
            queue: Known::default(),
            ..listener.clone()
        };
        listeners.iter().map(still).collect()
    });
    let processes = refreshed.processes.clone().map(|processes| {
        let still = |process: &Process| Process {
            age_s: 0,
            fds: Known::default(),
            ..process.clone()
        };
        processes.iter().map(still).collect()
    });
    (listeners, processes)
}

proptest! {
    #[test]
    fn after_any_history_a_full_refresh_is_a_fresh_look(
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut table = Table::new(Fake::default());
        for step in &steps {
            act(&mut table, step);
        }
        let healed = table.refresh(true);
        let fresh = Table::new(table.world.clone()).refresh(false);
        prop_assert_eq!(healed.listeners, fresh.listeners);
        prop_assert_eq!(healed.processes, fresh.processes);
        prop_assert_eq!(healed.by, fresh.by);
    }

    #[test]
    fn every_look_shows_the_sockets_as_they_are_and_tells_every_change(
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut table = Table::new(Fake::default());
        let mut before: Option<Refreshed> = None;
        for step in &steps {
            let Some(now) = act(&mut table, step) else { continue };
            let world = &table.world;
            prop_assert_eq!(now.listeners.is_seen(), !world.dark);
            if let Some(bare) = bare(&now) {
                let truth: Vec<_> = world.truth().into_iter().map(|(one, _)| one).collect();
                prop_assert_eq!(bare, truth);
            }
            if let Some(before) = &before {
                prop_assert_eq!(now.changed, still(before) != still(&now));
                let same = |(a, b): (&Arc<[Process]>, &Arc<[Process]>)| Arc::ptr_eq(a, b) || a != b;
                let processes = before.processes.seen().zip(now.processes.seen());
                prop_assert!(processes.is_none_or(same));
            }
            before = Some(now);
        }
    }

    #[test]
    fn whoever_ends_is_replaced_by_who_inherited_within_a_few_looks(
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut table = Table::new(Fake::default());
        for step in &steps {
            act(&mut table, step);
        }
        (table.world.dark, table.world.closed) = (false, false);
        // Every owner is asked in turn whether it lives; whom nobody found is searched.
        let mut last = table.refresh(false);
        for _ in 0..24 {
            table.world.clock += Duration::from_secs(30);
            last = table.refresh(false);
        }
        for (listener, (_, holders)) in last.listeners.items().iter().zip(table.world.truth()) {
            if let Some(owner) = listener.owner() {
                prop_assert!(table.world.processes.contains_key(&owner.pid));
                // Where its pid was given away again only a full refresh can tell.
                let is_it = table.world.id(owner.pid) == owner;
                prop_assert!(!is_it || holders.contains(&owner), "{owner:?} of {holders:?}");
            }
        }
    }
}

fn two_servers() -> Table<Fake> {
    let mut world = Fake::default();
    let shell = world.start(0);
    for port in [1, 2] {
        let server = world.start(shell);
        world.open(port, server);
    }
    Table::new(world)
}

#[test]
fn where_nothing_changes_nothing_is_searched_and_the_slices_stay() {
    let mut table = two_servers();
    let first = table.refresh(false);
    assert!(first.changed);
    assert_eq!(first.processes.items().len(), 3);
    table.world.clock += Duration::from_secs(3);
    // Who was new is looked at once more.
    assert!(!table.refresh(false).changed);
    assert_eq!((table.world.searches, table.world.looks), (1, 2));
    let second = table.refresh(false);
    let third = table.refresh(false);
    assert!(!third.changed);
    assert_eq!((table.world.searches, table.world.looks), (1, 2));
    let [second, third] = [&second, &third].map(|one| one.listeners.seen().unwrap());
    assert!(Arc::ptr_eq(second, third));
}

#[test]
fn a_queue_is_told_and_is_no_change() {
    let mut table = two_servers();
    let before = table.refresh(false);
    table.world.sockets.values_mut().last().unwrap().waiting = 7;
    let after = table.refresh(false);
    let waiting = |refreshed: &Refreshed| {
        let queues = refreshed.listeners.items().iter();
        queues
            .map(|one| one.queue.seen().unwrap().waiting)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (waiting(&before), waiting(&after)),
        (vec![0, 0], vec![0, 7])
    );
    assert!(!after.changed);
}

#[test]
fn an_owner_that_cannot_be_found_is_searched_less_and_less() {
    let mut table = two_servers();
    table.world.closed = true;
    let mut at = Vec::new();
    for second in 0..120 {
        table.world.clock = Duration::from_secs(second);
        let before = table.world.searches;
        let refreshed = table.refresh(false);
        assert!(refreshed.listeners.items()[0].cgroup.is_some());
        if table.world.searches > before {
            at.push(second);
        }
    }
    assert_eq!(at, [0, 1, 6, 36]);
    table.world.closed = false;
    assert!(table.refresh(false).listeners.items()[0].owner().is_none());
    let healed = table.refresh(true);
    assert!(healed.changed && healed.listeners.items()[0].owner().is_some());
    assert_eq!(healed.listeners.items()[0].cgroup, None);
}

#[test]
fn a_new_title_is_seen_when_the_process_has_settled() {
    let mut table = two_servers();
    table.refresh(false);
    table.world.processes.get_mut(&2).unwrap().2 += 1;
    assert!(!table.refresh(false).changed);
    table.world.clock += Duration::from_secs(2);
    let settled = table.refresh(false);
    assert!(settled.changed);
    assert_eq!(settled.processes.items()[0].name, "server 1");
}

#[test]
fn sockets_without_a_number_get_one_each() {
    let at = Listener::at(([127, 0, 0, 1], 1).into());
    let owned = |pid| Listener {
        owners: Known::Seen(vec![ProcId { pid, started: 0 }]),
        ..at.clone()
    };
    let listeners = vec![at.clone(), at.clone(), owned(1), owned(1), owned(2)];
    let cookies = |listeners: Vec<Listener>| {
        let mut rows = Vec::new();
        number(listeners, &mut rows);
        let mut cookies: Vec<u64> = rows.iter().map(|row| row.cookie).collect();
        cookies.sort_unstable();
        cookies
    };
    let mut once = cookies(listeners.clone());
    assert_eq!(once, cookies(listeners.into_iter().rev().collect()));
    once.dedup();
    assert_eq!(once.len(), 5);
}

#[test]
fn a_way_that_costs_much_is_not_taken_at_once_again() {
    let mut machine = Machine::new();
    let mut rows = Vec::new();
    machine.rest = machine.began + Duration::from_secs(3600);
    assert!(machine.rows(&mut rows, false).is_none());
    let (told, by) = machine.rows(&mut rows, true).unwrap();
    assert!(told.is_seen(), "{by}");
}
