//! What a watch sees of sockets that come, go, are shared and are inherited.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use devdoctor::facts::{Gap, Known, Listener, ProcId, Process};
use devdoctor::sources::sockets::{Refreshed, Watch};
use devdoctor::sources::{owners, processes, sockets};
use rustix::process::{Pid, Signal, kill_process};

use crate::stage::{Server, Stage, stories};

/// For everything that has to happen sooner or later.
const SOON: Duration = Duration::from_secs(20);

/// Listens on every port that it is told, with as many processes as it is told.
const SERVER: &str = "
import os, signal, socket, sys
how, ports = sys.argv[1], [int(port) for port in sys.argv[2:]]
def listen(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(('127.0.0.1', port)); s.listen(16)
    return s
if how != 'each': held = [listen(port) for port in ports]
child = os.fork() if how in ('fork', 'each') else True
if how == 'each': held = [listen(port) for port in ports]
if child: print('ready', flush=True)
signal.pause()
";

fn python(stage: &Stage, how: &str, ports: &str) -> Server {
    let mut words = vec!["python3", "-c", SERVER, how];
    words.extend(ports.split(' '));
    stage.program(&words, &stage.work(), "ready")
}

/// Refreshes until what is seen is as it should be.
#[track_caller]
fn until(watch: &mut Watch, what: &str, is: impl Fn(&[Listener]) -> bool) -> Refreshed {
    let began = Instant::now();
    loop {
        let refreshed = watch.refresh();
        assert_eq!(refreshed.by, "sock_diag");
        if refreshed.listeners.seen().is_some_and(|seen| is(seen)) {
            return refreshed;
        }
        assert!(began.elapsed() < SOON, "{what}: {:?}", refreshed.listeners);
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn on(listeners: &[Listener], port: u16) -> Vec<&Listener> {
    let on = |listener: &&Listener| listener.at.port() == port;
    listeners.iter().filter(on).collect()
}

fn pids(listener: &Listener) -> Vec<u32> {
    let owners = listener.owners.seen().into_iter().flatten();
    owners.map(|id| id.pid).collect()
}

fn children(of: u32) -> Vec<u32> {
    let text = std::fs::read_to_string(format!("/proc/{of}/task/{of}/children"));
    let text = text.unwrap_or_default();
    text.split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect()
}

fn kill(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

/// The same but for what changes all the time.
fn still(processes: &Known<Arc<[Process]>>) -> Vec<Process> {
    let still = |process: &Process| Process {
        age_s: 0,
        state: Default::default(),
        fds: Known::default(),
        ..process.clone()
    };
    processes.items().iter().map(still).collect()
}

stories! {
    fn a_port_that_opens_and_closes_is_seen_with_its_owner(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let mut watch = Watch::new();
        let empty = watch.refresh();
        assert_eq!(empty.listeners.items(), []);
        assert!(empty.listeners.is_seen() && empty.processes.is_seen());

        let server = python(stage, "one", "3000");
        let opened = watch.refresh();
        assert!(opened.changed);
        let listener = on(opened.listeners.items(), 3000)[0];
        assert_eq!(pids(listener), [server.pid()]);
        let owner = listener.owner().unwrap();
        let process = &opened.processes.items()[0];
        assert_eq!((process.id, process.parent), (owner, std::process::id()));
        assert!(opened.processes.items().iter().any(|one| one.id.pid == std::process::id()));

        let same = watch.refresh();
        assert!(!same.changed);
        let slices = |refreshed: &Refreshed| refreshed.listeners.seen().cloned().unwrap();
        assert!(Arc::ptr_eq(&slices(&opened), &slices(&same)));

        // A connection that waits is told, and is no change.
        let _client = TcpStream::connect(("127.0.0.1", 3000)).unwrap();
        let waiting = watch.refresh();
        assert_eq!(waiting.listeners.items()[0].queue.seen().unwrap().waiting, 1);
        assert!(!waiting.changed);

        drop(server);
        assert!(watch.refresh().listeners.items().is_empty());
    }

    fn sockets_that_share_a_port_have_an_owner_each(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let mut watch = Watch::new();
        let server = python(stage, "each", "3000");
        let seen = until(&mut watch, "two sockets with an owner each", |seen| {
            on(seen, 3000).iter().filter(|one| one.owner().is_some()).count() == 2
        });
        let mut owners: Vec<u32> = on(seen.listeners.items(), 3000).into_iter().flat_map(pids).collect();
        owners.sort_unstable();
        let mut expected = children(server.pid());
        expected.push(server.pid());
        expected.sort_unstable();
        assert_eq!(owners, expected);
        // One of two goes, and the other stays as it is.
        kill(expected.iter().copied().find(|&pid| pid != server.pid()).unwrap());
        let left = until(&mut watch, "one socket", |seen| on(seen, 3000).len() == 1);
        assert_eq!(pids(&left.listeners.items()[0]), [server.pid()]);
        assert!(left.changed);
    }

    fn a_socket_outlives_its_owner_with_whoever_inherited_it(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let mut watch = Watch::new();
        let server = python(stage, "fork", "3000");
        let child = children(server.pid())[0];
        let both = watch.refresh();
        assert_eq!(pids(&both.listeners.items()[0]), [server.pid(), child]);
        let inode = both.listeners.items()[0].inode;

        // Nobody collects it: its pid is still there, but it holds nothing any more.
        kill(server.pid());
        let left = until(&mut watch, "only the child", |seen| {
            seen.first().is_some_and(|one| pids(one) == [child])
        });
        assert_eq!(left.listeners.items()[0].inode, inode);
        assert!(left.processes.items().iter().any(|one| one.id.pid == child));
        assert!(left.processes.items().iter().all(|one| one.id.pid != server.pid()));
        kill(child);
        until(&mut watch, "nothing", <[Listener]>::is_empty);
    }

    fn whoever_says_that_an_owner_has_ended_is_believed_at_once(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let mut watch = Watch::new();
        let mut servers = Vec::new();
        for port in 3000..3040 {
            servers.push(python(stage, "fork", &port.to_string()));
        }
        let before = watch.refresh();
        let target = on(before.listeners.items(), 3020)[0];
        let [owner, child] = target.owners.seen().unwrap()[..] else {
            panic!("{target:?}");
        };
        kill(owner.pid);
        let began = Instant::now();
        while std::fs::read_dir(format!("/proc/{}/fd", owner.pid)).is_ok_and(|fds| fds.count() > 0) {
            assert!(began.elapsed() < SOON, "it does not end");
            std::thread::yield_now();
        }
        watch.ended(owner);
        let after = watch.refresh();
        assert_eq!(pids(on(after.listeners.items(), 3020)[0]), [child.pid]);
        kill(child.pid);
    }

    fn a_thousand_listeners_are_seen_with_their_owner(stage) {
        if !stage.needs(&["python3", "prlimit"]) {
            return;
        }
        let ports: Vec<String> = (20000..21000).map(|port: u32| port.to_string()).collect();
        let mut words = vec!["prlimit", "--nofile=4096:4096", "python3", "-c", SERVER, "one"];
        words.extend(ports.iter().map(String::as_str));
        let many = stage.program(&words, &stage.work(), "ready");
        let mut watch = Watch::new();
        let seen = watch.refresh();
        assert_eq!(seen.listeners.items().len(), 1000);
        assert!(seen.listeners.items().iter().all(|one| pids(one) == [many.pid()]));

        let one = python(stage, "one", "3000");
        let more = watch.refresh();
        assert_eq!(more.listeners.items().len(), 1001);
        assert_eq!(pids(&more.listeners.items()[0]), [one.pid()]);
        assert_eq!(more.processes.items()[0].id.pid, one.pid());
        drop(many);
        let few = watch.refresh();
        assert_eq!(few.listeners.items().len(), 1);
        assert!(few.changed);
    }

    fn a_full_refresh_sees_what_a_fresh_look_sees(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let mut watch = Watch::new();
        let first = python(stage, "fork", "3000 3001");
        watch.refresh();
        let _second = python(stage, "each", "3002");
        drop(first);
        watch.refresh();
        let _third = python(stage, "one", "3003 3004");
        // Not one refresh in between.
        watch.full_refresh();
        let healed = watch.refresh();
        assert!(healed.changed);
        let fresh = Watch::new().refresh();
        assert_eq!(healed.listeners, fresh.listeners);
        assert_eq!(still(&healed.processes), still(&fresh.processes));

        // And that is what the look without a memory sees.
        let mut once = sockets::listeners(None).listeners.seen().cloned().unwrap();
        owners::find(&mut once);
        assert_eq!(healed.listeners.items(), once);
        let ids: Vec<ProcId> = once.iter().filter_map(Listener::owner).collect();
        let looked = processes::look(&ids);
        let named = |id: &ProcId| healed.processes.items().iter().find(|one| one.id == *id).cloned();
        for id in ids {
            let ours = still(&Known::Seen(named(&id).into_iter().collect()));
            let theirs = looked.iter().find(|one| one.id == id).cloned();
            assert_eq!(ours, still(&Known::Seen(theirs.into_iter().collect())));
        }
    }

    fn another_users_socket_is_seen_and_its_owner_is_a_gap(stage) {
        if !stage.needs(&["python3", "setpriv"]) || !stage.needs_root() {
            return;
        }
        const NOBODY: u32 = 65534;
        let _roots = python(stage, "one", "3000");
        let python = if std::path::Path::new("/usr/bin/python3").exists() {
            "/usr/bin/python3"
        } else {
            "python3"
        };
        let words = [
            "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--",
            python, "-c", SERVER, "one", "3001",
        ];
        let ours = stage.program(&words, std::path::Path::new("/"), "ready");
        // A thread of its own becomes that user.
        let look = || {
            let (uid, gid) = (
                rustix::process::Uid::from_raw(NOBODY),
                rustix::process::Gid::from_raw(NOBODY),
            );
            rustix::thread::set_thread_res_gid(gid, gid, gid).unwrap();
            rustix::thread::set_thread_res_uid(uid, uid, uid).unwrap();
            let mut watch = Watch::new();
            let (first, second) = (watch.refresh(), watch.refresh());
            watch.full_refresh();
            [first, second, watch.refresh()]
        };
        let seen = std::thread::scope(|scope| scope.spawn(look).join().unwrap());
        for refreshed in &seen {
            let listeners = refreshed.listeners.items();
            let theirs = on(listeners, 3000)[0];
            assert_eq!(theirs.owners, Known::Unseen(Gap::Forbidden));
            assert_eq!(theirs.uid, Some(0));
            let mine = on(listeners, 3001)[0];
            assert_eq!((pids(mine), mine.uid), (vec![ours.pid()], Some(NOBODY)));
        }
        assert_eq!(seen.map(|refreshed| refreshed.changed), [true, false, false]);
    }
}
