//! What holds for the state after any history.

use std::collections::HashMap;

use proptest::prelude::*;

use super::tests::{at, id, process, socket};
use super::*;
use crate::facts::{ContainerState, Gap, Proto, Publish};

/// Something that happens, and how many milliseconds after the thing before.
#[derive(Debug, Clone)]
enum Happens {
    Sockets(Known<Vec<(u16, u64, Option<u32>)>>),
    Exited(u32, Known<Ended>),
    /// The unsure are looked at, and those of these pids are there.
    Looked(Vec<u32>),
    Containers(Known<Vec<(u8, bool)>>),
    Project(u8, bool),
    Forget(u8),
    Host(bool),
    Tick,
}

fn gap() -> impl Strategy<Value = Gap> {
    prop_oneof![Just(Gap::TooSlow), Just(Gap::Forbidden)]
}

fn known<T: std::fmt::Debug + 'static>(
    seen: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Known<T>> {
    prop_oneof![
        6 => seen.prop_map(Known::Seen),
        1 => gap().prop_map(Known::Unseen),
    ]
}

fn sockets() -> impl Strategy<Value = Vec<(u16, u64, Option<u32>)>> {
    let owner = prop_oneof![3 => (1..6_u32).prop_map(Some), 1 => Just(None)];
    prop::collection::vec((3000..3004_u16, 0..6_u64, owner), 0..5)
}

fn happens() -> impl Strategy<Value = Happens> {
    let ended = prop_oneof![
        (0..3_i32).prop_map(Ended::Exited),
        Just(Ended::Killed(9)),
        Just(Ended::Gone)
    ];
    prop_oneof![
        8 => known(sockets()).prop_map(Happens::Sockets),
        3 => (1..6_u32, known(ended)).prop_map(|(pid, ended)| Happens::Exited(pid, ended)),
        2 => prop::collection::vec(1..6_u32, 0..5).prop_map(Happens::Looked),
        3 => known(prop::collection::vec((0..3_u8, any::<bool>()), 0..3))
            .prop_map(Happens::Containers),
        1 => (0..2_u8, any::<bool>()).prop_map(|(root, cut)| Happens::Project(root, cut)),
        1 => (0..2_u8).prop_map(Happens::Forget),
        1 => any::<bool>().prop_map(Happens::Host),
        2 => Just(Happens::Tick),
    ]
}

/// Any history, with the time from each event to the next.
fn history() -> impl Strategy<Value = Vec<(u64, Happens)>> {
    let pause = prop_oneof![4 => 0..900_u64, 1 => 900..90_000_u64];
    prop::collection::vec((pause, happens()), 0..60)
}

fn container((number, up): (u8, bool)) -> Container {
    Container {
        id: format!("c{number}"),
        name: format!("shop-{number}"),
        state: match up {
            true => ContainerState::Running,
            false => ContainerState::Exited,
        },
        exit_code: (!up).then_some(1),
        published: vec![Publish {
            host_ip: Some("127.0.0.1".parse().unwrap()),
            host_port: Some(3000 + u16::from(number)),
            container_port: 80,
            proto: Proto::Tcp,
        }],
        ..Container::default()
    }
}

fn root(number: u8) -> String {
    format!("/shop{number}")
}

/// Lets it happen.
fn act(state: &mut State, what: Happens, now: Moment) {
    match what {
        Happens::Sockets(list) => {
            let owner = |pid: u32| match pid {
                5 => Process {
                    framework: Some("docker-proxy".to_owned()),
                    ..process(5, "docker-proxy")
                },
                pid => process(pid, "node"),
            };
            let processes = list.clone().map(|list| {
                let pids: BTreeSet<u32> = list.iter().filter_map(|one| one.2).collect();
                pids.into_iter().map(owner).collect()
            });
            let listeners = list.map(|list| {
                let one = |(port, inode, pid)| socket(&format!("127.0.0.1:{port}"), inode, pid);
                list.into_iter().map(one).collect()
            });
            state.sockets(listeners, processes, now);
        }
        Happens::Exited(pid, ended) => {
            state.exited(id(pid), ended, now);
        }
        Happens::Looked(pids) => {
            let asked = state.unsure(now);
            let there: Vec<Process> = pids.into_iter().map(|pid| process(pid, "node")).collect();
            state.looked(&asked, &there);
        }
        Happens::Containers(list) => {
            let list = list.map(|list| list.into_iter().map(container).collect());
            state.containers(Arc::from([]), list, now);
        }
        Happens::Project(number, cut) => {
            let claims = crate::facts::Claims {
                cut,
                ..crate::facts::Claims::default()
            };
            state.project(Project {
                root: root(number),
                markers: Vec::new(),
                claims: Known::Seen(Arc::new(claims)),
            });
        }
        Happens::Forget(number) => {
            state.forget(&root(number));
        }
        Happens::Host(linux) => {
            let os = if linux { "linux" } else { "macos" };
            state.host(Host {
                os: os.to_owned(),
                ..Host::default()
            });
        }
        Happens::Tick => {
            state.tick(now);
        }
    }
}

/// A look at everything.
fn full_look(sockets: &[(u16, u64, Option<u32>)]) -> Vec<Happens> {
    vec![
        Happens::Containers(Known::Seen(vec![(1, true)])),
        Happens::Forget(1),
        Happens::Project(0, true),
        Happens::Host(true),
        Happens::Sockets(Known::Seen(sockets.to_vec())),
    ]
}

proptest! {
    #[test]
    fn a_full_look_heals_whatever_was_lost(history in history(), sockets in sockets()) {
        let (mut state, mut fresh) = (State::default(), State::default());
        let mut ms = 0;
        let mut kept = HashMap::new();
        let mut watched = state.watched();
        for (pause, what) in history {
            ms += pause;
            act(&mut state, what, at(ms));
            watched = state.watched_anew().unwrap_or(watched);
            prop_assert_eq!(&watched, &state.watched());
            for (row, owner) in state.unsaved() {
                match owner {
                    Some(owner) => kept.insert(row, owner),
                    None => kept.remove(&row),
                };
            }
        }
        let mut all = kept.into_values().collect::<Vec<_>>();
        all.sort_by_key(|owner| std::cmp::Reverse((owner.until.unwrap_or(u64::MAX), owner.from)));
        let mut history = state.history(None);
        let order = |owner: &PastOwner| {
            let Known::Seen(ended) = &owner.ended else { return String::new() };
            format!("{ended:?}")
        };
        for list in [&mut all, &mut history] {
            list.sort_by_key(|owner| (owner.from, owner.until, owner.port, owner.id, order(owner)));
        }
        prop_assert_eq!(&all, &history, "what is kept is what is known");
        for owner in &history {
            prop_assert!(owner.until.is_none_or(|until| until >= owner.from));
            prop_assert!(owner.until.is_some() || owner.ended.is_not_asked());
        }

        for what in full_look(&sockets) {
            act(&mut state, what.clone(), at(ms));
            act(&mut fresh, what, at(ms));
        }
        let facts = |state: &State| Snapshot { departed: Known::default(), ..state.snapshot(at(ms)) };
        prop_assert_eq!(facts(&state), facts(&fresh));
        for port in 3000..3004 {
            prop_assert_eq!(state.is_open(port), fresh.is_open(port));
            let open = state.history(Some(port)).iter().any(|owner| owner.until.is_none());
            prop_assert!(!open || state.is_open(port), "nobody has a closed port");
            prop_assert!(!open || state.departed(port, at(ms)).is_none());
        }

        // In the end, nothing is open, nobody is asked about, and every end is settled.
        act(&mut state, Happens::Sockets(Known::Seen(Vec::new())), at(ms));
        act(&mut state, Happens::Tick, at(ms + 120_000));
        prop_assert_eq!(state.next_deadline(), None);
        prop_assert_eq!(state.watched(), vec![]);
        for owner in state.history(None) {
            prop_assert!(owner.until.is_some() && !owner.ended.is_not_asked(), "{:?}", owner);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn the_past_is_bounded_and_what_is_oldest_goes_first(
        steps in prop::collection::vec((1..9000_u32, 1..40_u16), 300),
    ) {
        let mut state = State::default();
        let mut kept: BTreeMap<u64, PastOwner> = BTreeMap::new();
        for (step, (from, count)) in steps.iter().enumerate() {
            // Every process of this look is a new one.
            let pids = (0..*count).map(|n| (u32::from(n) * 7 + from, u64::from(n)));
            let sockets: Vec<_> = pids
                .map(|(port, inode)| {
                    let port = u16::try_from(port % 2300).unwrap() + 1;
                    let pid = u32::try_from(step).unwrap() * 100 + u32::try_from(inode).unwrap();
                    (port, inode, Some(pid))
                })
                .collect();
            act(&mut state, Happens::Sockets(Known::Seen(sockets)), at(step as u64 * 1000));
            for (row, owner) in state.unsaved() {
                match owner {
                    Some(owner) => kept.insert(row, owner),
                    None => kept.remove(&row),
                };
            }
        }
        let history = state.history(None);
        prop_assert!(history.len() <= MOST_OWNERS && history.len() == kept.len());
        let mut ports: BTreeMap<u16, usize> = BTreeMap::new();
        for owner in &history {
            *ports.entry(owner.port).or_default() += 1;
        }
        prop_assert!(ports.len() <= MOST_PORTS);
        prop_assert!(ports.values().all(|count| *count <= MOST_PER_PORT));
        // A later run takes as much, from what was kept.
        let again = State::new(kept.into_iter().collect());
        prop_assert_eq!(again.history(None).len(), history.len());
    }
}

#[test]
fn one_port_and_all_ports_forget_their_oldest_owner() {
    let mut state = State::default();
    let come = |state: &mut State, port: u16, pid: u32, ms: u64| {
        let sockets = vec![(port, 1, Some(pid))];
        act(state, Happens::Sockets(Known::Seen(sockets)), at(ms));
    };
    for life in 0..100_u32 {
        come(&mut state, 3000, 10 + life, u64::from(life) * 1000);
    }
    let owners = state.history(Some(3000));
    assert_eq!(owners.len(), MOST_PER_PORT);
    assert_eq!(owners[0].id, id(109));
    assert_eq!(owners[MOST_PER_PORT - 1].id, id(109 - 63));
    for port in 1..=2100_u16 {
        come(&mut state, port + 4000, 7, 200_000 + u64::from(port));
    }
    assert_eq!(state.history(Some(3000)), [], "it was the oldest");
    assert_eq!(state.history(None).len(), MOST_PORTS);
    // Many ports with a long past each.
    let mut state = State::default();
    for life in 0..9000_u32 {
        let port = 5000 + u16::try_from(life % 200).unwrap();
        come(&mut state, port, 10 + life, u64::from(life) * 3000);
    }
    let history = state.history(None);
    assert_eq!(history.len(), MOST_OWNERS);
    assert_eq!(history.last().unwrap().id, id(10 + 9000 - 8192));
}
