//! Single steps of the state, each with what follows from it.

use super::*;
use crate::facts::{ContainerState, Gap, ProcState, Proto, Publish};

pub(super) fn at(ms: u64) -> Moment {
    Moment {
        up: Duration::from_millis(ms),
        wall: 1_000_000 + ms,
    }
}

pub(super) fn id(pid: u32) -> ProcId {
    ProcId { pid, started: 1 }
}

pub(super) fn process(pid: u32, name: &str) -> Process {
    let text = format!(
        r#"{{ "id": {{ "pid": {pid}, "started": 1 }}, "name": "{name}", "cwd": "/shop", "project": "/shop" }}"#
    );
    serde_json::from_str(&text).unwrap()
}

pub(super) fn socket(at: &str, inode: u64, owner: Option<u32>) -> Listener {
    Listener {
        inode,
        owners: match owner {
            Some(pid) => Known::Seen(vec![id(pid)]),
            None => Known::Unseen(Gap::Forbidden),
        },
        ..Listener::at(at.parse().unwrap())
    }
}

fn seen<T>(list: Vec<T>) -> Known<Arc<[T]>> {
    Known::Seen(list.into())
}

/// A state that sees `next dev` on port 3000, from the start.
fn with_next_dev() -> State {
    let mut state = State::default();
    let changes = look(&mut state, &[(7, 1)], at(0));
    assert_eq!(changes.opened, BTreeSet::from([3000]));
    state
}

/// Looks at port 3000: the processes that have it, each with its socket's inode.
fn look(state: &mut State, owners: &[(u32, u64)], now: Moment) -> Changes {
    let sockets = owners
        .iter()
        .map(|(pid, inode)| socket("127.0.0.1:3000", *inode, Some(*pid)));
    let processes = owners.iter().map(|(pid, _)| process(*pid, "next dev"));
    state.sockets(seen(sockets.collect()), seen(processes.collect()), now)
}

fn last_end(state: &State) -> (Option<u64>, Known<Ended>) {
    let last = state.history(Some(3000)).remove(0);
    (last.until, last.ended)
}

#[test]
fn an_end_is_joined_whether_it_is_told_before_or_after_the_socket_goes() {
    for early in [true, false] {
        let mut state = with_next_dev();
        let exit = |state: &mut State, now| {
            state.exited(id(7), Known::Seen(Ended::Exited(1)), now);
        };
        if early {
            exit(&mut state, at(100));
        }
        let changes = look(&mut state, &[], at(200));
        assert_eq!(changes.closed, BTreeSet::from([3000]));
        if !early {
            assert_eq!(state.departed(3000, at(200)), None, "it may live");
            exit(&mut state, at(300));
        }
        let gone = state.departed(3000, at(12_200)).unwrap();
        assert_eq!(
            (gone.name.as_str(), gone.ended.as_str(), gone.ago_s),
            ("next dev", "exited with 1", Some(12))
        );
        assert_eq!((gone.id, gone.held_s), (Some(id(7)), Some(0)));
        assert_eq!(state.departed(3001, at(12_200)), None);
        assert_eq!(
            state.departed(3000, at(REMEMBERED_MS + 1000)),
            None,
            "long ago"
        );
    }
}

#[test]
fn one_who_outlives_its_socket_has_closed_the_port() {
    let mut state = with_next_dev();
    look(&mut state, &[], at(200));
    assert_eq!(state.unsure(at(600)), [], "it may be about to end");
    assert_eq!(state.next_deadline(), Some(Duration::from_millis(700)));
    assert_eq!(state.unsure(at(700)), [id(7)]);
    assert_eq!(state.unsure(at(800)), [], "it was asked just now");
    assert!(state.watched().contains(&id(7)));
    let changes = state.looked(&[id(7)], &[process(7, "next dev")]);
    assert_eq!(changes.ended, BTreeSet::from([3000]));
    assert_eq!(last_end(&state).1, Known::Seen(Ended::ClosedThePort));
    // A server that is told to end closes its port first, and its connections later.
    state.exited(id(7), Known::Seen(Ended::Exited(0)), at(9000));
    assert_eq!(last_end(&state).1, Known::Seen(Ended::Exited(0)));
    // What happens to it much later has nothing to do with the port.
    let mut state = with_next_dev();
    look(&mut state, &[], at(200));
    let _ = state.unsure(at(700));
    state.looked(&[id(7)], &[process(7, "next dev")]);
    state.tick(at(61_000));
    assert_eq!(state.watched(), []);
    state.exited(id(7), Known::Seen(Ended::Exited(0)), at(62_000));
    assert_eq!(last_end(&state).1, Known::Seen(Ended::ClosedThePort));
}

#[test]
fn one_who_is_not_there_any_more_has_gone() {
    for zombie in [false, true] {
        let mut state = with_next_dev();
        look(&mut state, &[], at(200));
        let mut left = process(7, "next dev");
        left.state = ProcState::Zombie;
        let there = if zombie { vec![left] } else { Vec::new() };
        assert_eq!(state.unsure(at(800)), [id(7)]);
        state.looked(&[id(7)], &there);
        assert_eq!(last_end(&state).1, Known::Seen(Ended::Gone));
    }
    // How it ended could not be learnt.
    let mut state = with_next_dev();
    look(&mut state, &[], at(200));
    state.exited(id(7), Known::Unseen(Gap::Unsupported), at(200));
    assert_eq!(last_end(&state).1, Known::Unseen(Gap::Unsupported));
    assert_eq!(state.departed(3000, at(300)).unwrap().ended, "has gone");
}

#[test]
fn nobody_is_asked_about_for_ever() {
    let mut state = with_next_dev();
    look(&mut state, &[], at(200));
    let changes = state.tick(at(61_000));
    assert_eq!(changes.ended, BTreeSet::from([3000]));
    assert_eq!(last_end(&state).1, Known::Seen(Ended::Gone));
    assert_eq!((state.next_deadline(), state.watched()), (None, vec![]));
}

#[test]
fn one_who_opens_its_port_again_at_once_is_one_owner() {
    let mut state = with_next_dev();
    look(&mut state, &[], at(200));
    look(&mut state, &[(7, 2)], at(1900));
    let owners = state.history(None);
    assert_eq!(owners.len(), 1);
    assert_eq!((owners[0].from, owners[0].until), (at(0).wall, None));
    assert!(owners[0].ended.is_not_asked());
    // Later, it is another time that it has the port.
    look(&mut state, &[], at(5000));
    look(&mut state, &[(7, 3)], at(7100));
    assert_eq!(state.history(None).len(), 2);
    // Another process is another owner, however soon.
    look(&mut state, &[(8, 4)], at(7101));
    assert_eq!(state.history(None).len(), 3);
}

#[test]
fn a_failed_look_ends_nobody() {
    let mut state = with_next_dev();
    let changes = state.sockets(Known::Unseen(Gap::TooSlow), Known::default(), at(100));
    assert!(changes.is_empty());
    assert!(state.snapshot(at(100)).departed.is_not_asked());
    assert!(state.is_open(3000));
    let changes = look(&mut state, &[(7, 1)], at(200));
    assert!(changes.is_empty(), "{changes:?}");
    // Nor does one that cannot tell whose the same socket is.
    let hidden = seen(vec![socket("127.0.0.1:3000", 1, None)]);
    let changes = state.sockets(hidden, seen(Vec::new()), at(300));
    assert!(changes.is_empty(), "{changes:?}");
    assert_eq!(state.history(None)[0].until, None);
}

#[test]
fn who_gets_its_name_late_has_been_there_since_its_socket() {
    let mut state = State::default();
    let hidden = seen(vec![socket("127.0.0.1:3000", 1, None)]);
    state.sockets(hidden, seen(Vec::new()), at(0));
    assert_eq!(state.history(None), []);
    let changes = look(&mut state, &[(7, 1)], at(400));
    assert_eq!(changes.owners, BTreeSet::from([3000]));
    assert_eq!(state.history(None)[0].from, at(0).wall);
    // Another socket is somebody else's.
    let hidden = seen(vec![socket("127.0.0.1:3000", 2, None)]);
    state.sockets(hidden, seen(Vec::new()), at(500));
    assert_eq!(last_end(&state).0, Some(at(500).wall));
}

#[test]
fn falls_are_counted_and_restarts_that_were_asked_for_are_not() {
    let falls = [
        (Ended::Exited(1), 2),
        (Ended::Killed(9), 2),
        (Ended::OutOfMemory, 2),
        (Ended::Gone, 2),
        (Ended::Exited(0), 0),
        (Ended::Killed(15), 0),
        (Ended::Killed(12), 0),
        (Ended::ClosedThePort, 0),
    ];
    for (ended, restarts) in falls {
        let mut state = State::default();
        for (life, pid) in [7, 8, 9].into_iter().enumerate() {
            let began = 10_000 * life as u64;
            look(&mut state, &[(pid, u64::from(pid))], at(began));
            state.exited(id(pid), Known::Seen(ended.clone()), at(began + 3000));
            look(&mut state, &[], at(began + 3000));
        }
        let gone = state.departed(3000, at(24_000)).unwrap();
        assert_eq!(gone.restarts, restarts, "{ended:?}");
        let gone = state.departed(3000, at(100_000)).unwrap();
        assert_eq!(gone.restarts, 0, "that was long ago");
    }
}

fn container(state: ContainerState) -> Container {
    Container {
        id: "c1".to_owned(),
        name: "shop-db-1".to_owned(),
        state,
        published: match state {
            ContainerState::Running => vec![Publish {
                host_ip: Some("127.0.0.1".parse().unwrap()),
                host_port: Some(3000),
                container_port: 5432,
                proto: Proto::Tcp,
            }],
            _ => Vec::new(),
        },
        ..Container::default()
    }
}

#[test]
fn a_container_goes_by_its_name_and_ends_as_its_engine_says() {
    let ends = [
        (Some(137), true, Ended::OutOfMemory),
        (Some(1), false, Ended::Exited(1)),
        (None, false, Ended::Gone),
    ];
    for (exit_code, oom_killed, expected) in ends {
        for owner in [None, Some(7)] {
            let mut state = State::default();
            let mut forwarder = process(7, "docker-proxy");
            forwarder.framework = Some("docker-proxy".to_owned());
            let sockets = seen(vec![socket("127.0.0.1:3000", 1, owner)]);
            state.sockets(sockets, seen(vec![forwarder]), at(0));
            assert_eq!(state.history(None), [], "its name comes from the engine");
            let up = seen(vec![container(ContainerState::Running)]);
            let changes = state.containers(Arc::from([]), up.clone(), at(100));
            assert_eq!(changes.published, BTreeSet::from([3000]));
            let known = state.history(None).remove(0);
            assert_eq!(known.name, "shop-db-1");
            assert_eq!((known.from, known.cwd), (at(0).wall, None));
            state.sockets(seen(Vec::new()), seen(Vec::new()), at(200));
            assert_eq!(state.unsure(at(5000)), [], "of a forwarder nobody asks");
            let changes = state.containers(Arc::from([]), up, at(250));
            assert!(changes.is_empty(), "the engine is late: {changes:?}");
            let down = seen(vec![Container {
                exit_code,
                oom_killed,
                ..container(ContainerState::Exited)
            }]);
            let changes = state.containers(Arc::from([]), down, at(300));
            assert_eq!(changes.ended, BTreeSet::from([3000]));
            assert_eq!(last_end(&state).1, Known::Seen(expected.clone()));
        }
    }
}

#[test]
fn an_engine_that_says_nothing_leaves_it_open_how_a_container_ended() {
    let mut state = State::default();
    let up = seen(vec![container(ContainerState::Running)]);
    state.containers(Arc::from([]), up, at(0));
    let sockets = seen(vec![socket("127.0.0.1:3000", 1, None)]);
    state.sockets(sockets, seen(Vec::new()), at(0));
    state.sockets(seen(Vec::new()), seen(Vec::new()), at(200));
    assert!(state.tick(at(5000)).is_empty());
    assert_eq!(state.next_deadline(), Some(Duration::from_millis(10_200)));
    assert_eq!(state.tick(at(10_200)).ended, BTreeSet::from([3000]));
    assert_eq!(last_end(&state).1, Known::Seen(Ended::Gone));
}

#[test]
fn who_was_there_when_the_daemon_ended_is_there_still_or_went_unseen() {
    let mut state = with_next_dev();
    let kept: Vec<_> = state.unsaved();
    let kept = kept.into_iter().map(|(row, owner)| (row, owner.unwrap()));
    let kept: Vec<_> = kept.collect();
    assert_eq!(state.unsaved(), [], "nothing has changed since");

    let mut there = State::new(kept.clone());
    look(&mut there, &[(7, 1)], at(60_000));
    assert_eq!(there.history(None).len(), 1);
    assert_eq!(there.history(None)[0].from, at(0).wall);
    assert_eq!(there.unsaved(), [], "it is as it was kept");

    let mut gone = State::new(kept);
    look(&mut gone, &[], at(60_000));
    assert_eq!(gone.unsure(at(61_000)), [id(7)]);
    gone.looked(&[id(7)], &[]);
    let departed = gone.departed(3000, at(62_000)).unwrap();
    assert_eq!(
        (departed.ended.as_str(), departed.ago_s),
        ("has gone", None)
    );
    assert_eq!(departed.restarts, 0);
}

#[test]
fn changes_of_containers_are_those_that_matter() {
    let mut state = State::default();
    let up = container(ContainerState::Running);
    let take = |state: &mut State, list: Vec<Container>| {
        state.containers(Arc::from([]), seen(list), at(0))
    };
    assert!(take(&mut state, vec![up.clone()]).containers);
    let older = Container {
        started_s: Some(9),
        log_tail: Known::Seen(vec!["x".to_owned()]),
        ..up.clone()
    };
    assert!(take(&mut state, vec![older]).is_empty());
    let changes = take(&mut state, vec![container(ContainerState::Exited)]);
    assert_eq!(
        changes.published,
        BTreeSet::from([3000]),
        "it did publish it"
    );
    assert!(take(&mut state, Vec::new()).containers);
    let unseen = Known::Unseen(Gap::TooSlow);
    assert!(
        state
            .containers(Arc::from([]), unseen.clone(), at(0))
            .containers
    );
    assert!(state.containers(Arc::from([]), unseen, at(0)).is_empty());
}

#[test]
fn a_project_changes_with_what_its_files_say() {
    let mut state = State::default();
    let project = |changed: u64, broken: bool| Project {
        root: "/shop".to_owned(),
        markers: Vec::new(),
        claims: Known::Seen(Arc::new(crate::facts::Claims {
            cut: broken,
            changed_s: BTreeMap::from([("package.json".to_owned(), changed)]),
            ..crate::facts::Claims::default()
        })),
    };
    let root = BTreeSet::from(["/shop".to_owned()]);
    assert_eq!(state.project(project(1, false)).projects, root);
    assert!(state.project(project(9, false)).is_empty());
    assert_eq!(state.project(project(9, true)).projects, root);
    assert_eq!(state.forget("/shop").projects, root);
    assert!(state.forget("/shop").is_empty());
    assert!(state.snapshot(at(0)).projects.is_not_asked());
}

#[test]
fn only_names_and_folders_are_kept() {
    let mut state = State::default();
    let mut server = process(7, "vite");
    server.argv = Known::Seen(vec!["vite".to_owned(), "--token=Hunter2".to_owned()]);
    server.ports_set = BTreeMap::from([("SECRET_PORT".to_owned(), 4000)]);
    let sockets = seen(vec![socket("127.0.0.1:3000", 1, Some(7))]);
    state.sockets(sockets, seen(vec![server]), at(0));
    let kept = serde_json::to_string(&state.unsaved()).unwrap();
    assert!(kept.contains("vite") && kept.contains("/shop"));
    assert!(
        !kept.contains("Hunter2") && !kept.contains("SECRET"),
        "{kept}"
    );
}

#[test]
fn the_watcher_above_a_server_is_kept_with_it() {
    let mut state = State::default();
    let mut server = process(7, "node server.js");
    server.parent = 6;
    let mut shell = process(6, "sh");
    shell.parent = 5;
    let mut watcher = process(5, "nodemon");
    watcher.framework = Some("nodemon".to_owned());
    watcher.parent = 7;
    let sockets = seen(vec![socket("127.0.0.1:3000", 1, Some(7))]);
    let processes = seen(vec![server, shell, watcher]);
    state.sockets(sockets, processes, at(0));
    assert_eq!(state.history(None)[0].watcher, Some(id(5)));
}
