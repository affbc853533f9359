//! The looks at sockets, owners and processes, on real ones. Loopback only, no root.

#![cfg(target_os = "linux")]

#[path = "support/machine.rs"]
mod machine;

use std::io::{BufRead, BufReader};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use devdoctor::facts::{Gap, Known, Listener, ProcId, ProcState, Proto, Queue, Scope};
use devdoctor::sources::sockets::{Backend, listeners, listeners_by};
use devdoctor::sources::{owners, processes, sockets};
use rustix::process::{Pid, Resource, Signal, geteuid, getrlimit, kill_process};
use socket2::{Domain, Socket, Type};

/// A process that ends with the test.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Ending {
    fn spawn(command: &mut Command) -> std::io::Result<Ending> {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.spawn().map(Ending)
    }

    fn id(&self) -> ProcId {
        ProcId {
            pid: self.0.id(),
            started: 0,
        }
    }

    /// The numbers on the first line that it prints; none if it ends without one.
    fn says(&mut self) -> Vec<u32> {
        let mut line = String::new();
        if let Some(out) = self.0.stdout.as_mut() {
            let _ = BufReader::new(out).read_line(&mut line);
        }
        line.split_whitespace()
            .map(|word| word.parse().unwrap())
            .collect()
    }
}

/// Says what this machine lacks for the test that runs now.
fn skip(why: &str) {
    let test = std::thread::current();
    machine::pass_over(test.name().unwrap_or("this test"), why);
}

fn bind(at: &str, only_v6: bool, backlog: i32) -> (Socket, SocketAddr) {
    let at: SocketAddr = at.parse().unwrap();
    let socket = Socket::new(Domain::for_address(at), Type::STREAM, None).unwrap();
    if at.is_ipv6() {
        socket.set_only_v6(only_v6).unwrap();
    }
    socket.bind(&at.into()).unwrap();
    socket.listen(backlog).unwrap();
    let at = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, at)
}

/// The one listener at this address, with its owners.
fn seen(at: SocketAddr) -> Listener {
    let mut found = seen_on(at.port());
    found.retain(|listener| listener.at == at);
    assert_eq!(found.len(), 1, "{at}: {found:?}");
    found.remove(0)
}

fn seen_on(port: u16) -> Vec<Listener> {
    let sockets = listeners(Some(port));
    let Known::Seen(mut found) = sockets.listeners else {
        panic!("{sockets:?}");
    };
    owners::find(&mut found);
    found
}

fn me() -> ProcId {
    let pid = std::process::id();
    processes::look(&[ProcId { pid, started: 0 }])[0].id
}

#[test]
fn every_kind_of_address_is_seen_with_its_owner() {
    for (at, only_v6, scope) in [
        ("127.0.0.1:0", None, Scope::Loopback),
        ("127.0.0.2:0", None, Scope::Loopback),
        ("0.0.0.0:0", None, Scope::All),
        ("[::1]:0", Some(true), Scope::Loopback),
        ("[::]:0", Some(true), Scope::All),
        ("[::]:0", Some(false), Scope::All),
        ("[::ffff:127.0.0.1]:0", Some(false), Scope::Loopback),
    ] {
        let (_socket, at) = bind(at, only_v6.unwrap_or(false), 16);
        let listener = seen(at);
        assert_eq!(listener.proto, Proto::Tcp);
        assert_eq!(listener.scope(), scope, "{at}");
        assert_eq!(listener.v6only.seen().copied(), only_v6, "{at}");
        assert_eq!(listener.uid, Some(geteuid().as_raw()));
        assert_eq!(listener.owner(), Some(me()), "{at}");
        let queue = Queue {
            waiting: 0,
            limit: 16,
        };
        assert_eq!(listener.queue, Known::Seen(queue));
    }
}

#[test]
fn two_sockets_on_one_port_are_two_listeners() {
    let (_four, at) = bind("127.0.0.1:0", false, 1);
    let six: SocketAddr = format!("[::1]:{}", at.port()).parse().unwrap();
    let Ok(_six) = TcpListener::bind(six) else {
        return skip("[::1] cannot be bound");
    };
    assert_eq!(seen(at).owner(), Some(me()));
    assert_eq!(seen(six).owner(), Some(me()));
}

#[test]
fn connections_that_nobody_accepts_are_counted() {
    let (_socket, at) = bind("127.0.0.1:0", false, 4);
    let _waiting: Vec<_> = (0..3).map(|_| TcpStream::connect(at).unwrap()).collect();
    let queue = Queue {
        waiting: 3,
        limit: 4,
    };
    assert_eq!(seen(at).queue, Known::Seen(queue));
}

#[test]
fn a_port_that_is_only_connected_to_has_no_listener() {
    let (socket, at) = bind("127.0.0.1:0", false, 4);
    let client = TcpStream::connect(at).unwrap();
    drop(socket);
    // A child that another test starts just now holds a copy until its program begins.
    let began = Instant::now();
    while !seen_on(at.port()).is_empty() && began.elapsed().as_secs() < 5 {
        std::thread::yield_now();
    }
    assert_eq!(seen_on(at.port()), []);
    assert_eq!(seen_on(client.local_addr().unwrap().port()), []);
}

#[test]
fn every_way_to_look_sees_the_same_sockets() {
    let _sockets = [
        bind("127.0.0.1:0", false, 1),
        bind("[::1]:0", true, 1),
        bind("[::]:0", false, 1),
    ];
    for &backend in &Backend::all()[1..] {
        // The other tests come and go meanwhile: the tables are compared when nothing moved.
        let alike = (0..50).any(|_| {
            let before = listeners_by(Backend::SockDiag, None);
            let other = listeners_by(backend, None);
            let after = listeners_by(Backend::SockDiag, None);
            assert_eq!(before.by, "sock_diag");
            assert_eq!(other.by, backend.name());
            let [before, other, after] =
                [before, other, after].map(|sockets| match sockets.listeners {
                    Known::Seen(listeners) => listeners,
                    Known::Unseen(gap) => panic!("{}: {gap}", sockets.by),
                });
            assert!(before.len() >= 3);
            before == after
                && before.len() == other.len()
                && before
                    .iter()
                    .zip(&other)
                    .all(|(one, other)| same(one, other))
        });
        assert!(alike, "{} sees something else", backend.name());
    }
}

/// Whether two ways saw the same, as far as each can tell.
fn same(one: &Listener, other: &Listener) -> bool {
    let v6only = one.v6only.seen().zip(other.v6only.seen());
    let queue = one.queue.seen().zip(other.queue.seen());
    one.at == other.at
        && one.inode == other.inode
        && one.uid == other.uid
        && v6only.is_none_or(|(one, other)| one == other)
        && queue.is_none_or(|(one, other)| one == other)
}

#[test]
fn a_port_filter_leaves_out_nothing_and_nothing_else() {
    let (_socket, at) = bind("127.0.0.1:0", false, 1);
    for &backend in Backend::all() {
        let found = listeners_by(backend, Some(at.port())).listeners;
        let found = found.seen().unwrap();
        assert!(found.iter().any(|listener| listener.at == at));
        assert!(found.iter().all(|listener| listener.at.port() == at.port()));
    }
}

const FORKS: &str = "
import os, socket, sys
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()
child = os.fork()
if child: print(s.getsockname()[1], child, flush=True)
sys.stdin.read()
";

#[test]
fn a_parent_that_shares_the_socket_comes_before_its_child() {
    let mut command = Command::new("python3");
    let Ok(mut python) = Ending::spawn(command.args(["-c", FORKS])) else {
        return skip("there is no python3");
    };
    let said = python.says();
    let [port, child] = said.as_slice() else {
        return skip("python3 could not fork a server");
    };
    let at = SocketAddr::new(IpAddr::from([127, 0, 0, 1]), u16::try_from(*port).unwrap());
    let owners = seen(at).owners;
    let pids: Vec<u32> = owners.seen().unwrap().iter().map(|id| id.pid).collect();
    assert_eq!(pids, [python.0.id(), *child]);

    let looked = processes::look(owners.seen().unwrap());
    assert_eq!(looked[0].name, "python -c");
    assert_eq!(looked[0].parent, std::process::id());
    assert_eq!(looked[1].parent, python.0.id());
    assert!(looked.iter().any(|process| process.id == me()));
}

#[test]
fn details_are_those_of_the_process() {
    let here = std::fs::canonicalize(std::env::temp_dir()).unwrap();
    let mut command = Command::new("sleep");
    let sleep = Ending::spawn(command.arg("600").current_dir(&here)).unwrap();
    let started = || processes::look(&[sleep.id()]).swap_remove(0);
    let mut process = started();
    // Right after its start the kernel has not written the command line yet.
    while process.argv == Known::Seen(Vec::new()) && process.age_s < 60 {
        process = started();
    }
    assert_eq!(process.comm, "sleep");
    assert_eq!(process.name, "sleep");
    assert_eq!(
        process.argv,
        Known::Seen(vec!["sleep".to_owned(), "600".to_owned()])
    );
    assert_eq!(
        process.cwd.seen().map(String::as_str),
        here.to_str(),
        "where it was started"
    );
    assert!(process.exe.is_seen() && !process.exe_deleted);
    assert_eq!(process.uid, geteuid().as_raw());
    assert_eq!(process.parent, std::process::id());
    assert_eq!(process.tracer, None);
    assert!(process.age_s < 60);
    let fds = process.fds.seen().unwrap();
    assert!((3..=16).contains(&fds.open), "{fds:?}");
    assert_eq!(Some(fds.limit), getrlimit(Resource::Nofile).current);
}

#[test]
fn a_process_is_followed_to_its_end() {
    let mut sleep = Ending::spawn(Command::new("sleep").arg("600")).unwrap();
    let id = processes::look(&[sleep.id()])[0].id;
    let pid = Pid::from_child(&sleep.0);
    let becomes = |wanted: ProcState| {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(5) {
            if processes::look(&[id]).first().map(|process| process.state) == Some(wanted) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        false
    };
    assert!(becomes(ProcState::Sleeping));
    kill_process(pid, Signal::STOP).unwrap();
    assert!(becomes(ProcState::Stopped));
    kill_process(pid, Signal::KILL).unwrap();
    assert!(becomes(ProcState::Zombie));
    let zombie = &processes::look(&[id])[0];
    assert_eq!(zombie.argv, Known::Seen(Vec::new()));
    assert!(!zombie.exe.is_seen());
    sleep.0.wait().unwrap();
    assert_eq!(processes::look(&[id]), []);
    let sample = processes::cpu_sample(&[id]);
    processes::cpu_since(&sample, &mut []);
}

#[test]
fn a_replaced_program_is_told() {
    let copy = std::env::temp_dir().join(format!("devdoctor-sleep-{}", std::process::id()));
    std::fs::copy("/bin/sleep", &copy).unwrap();
    let sleep = Ending::spawn(Command::new(&copy).arg("600"));
    std::fs::remove_file(&copy).unwrap();
    let sleep = sleep.unwrap();
    let process = &processes::look(&[sleep.id()])[0];
    assert!(process.exe_deleted);
    assert_eq!(process.exe.seen().map(String::as_str), copy.to_str());
}

#[test]
fn the_work_of_a_child_counts() {
    let mut command = Command::new("sh");
    let shell = Ending::spawn(command.args(["-c", "(while :; do :; done) & wait"])).unwrap();
    let mut shell_only = processes::look(&[shell.id()]);
    shell_only.truncate(1);
    let sample = processes::cpu_sample(&[shell_only[0].id]);
    std::thread::sleep(Duration::from_millis(400));
    processes::cpu_since(&sample, &mut shell_only);
    kill_children(shell.0.id());
    let cpu = shell_only[0].cpu.seen().unwrap();
    assert!(cpu.used_ms >= 20, "{cpu:?}");
    assert_eq!(shell_only[0].oldest_child_s, Some(0));
}

#[test]
fn a_watcher_whose_server_has_gone_is_told() {
    let project = std::env::temp_dir().join(format!("devdoctor-project-{}", std::process::id()));
    std::fs::create_dir_all(project.join("web")).unwrap();
    let project = std::fs::canonicalize(project).unwrap();
    let nodemon = |script: &str| {
        let mut command = Command::new("bash");
        command
            .args(["-c", script])
            .current_dir(project.join("web"));
        Ending::spawn(&mut command).unwrap()
    };
    let idle = nodemon("exec -a nodemon sleep 600");
    let busy = nodemon("sleep 600 & exec -a nodemon sleep 601");
    // Only then has the busy one its child, for certain.
    for watcher in [&idle, &busy] {
        let words = format!("/proc/{}/cmdline", watcher.0.id());
        let began = Instant::now();
        while !std::fs::read(&words).is_ok_and(|words| words.starts_with(b"nodemon\0")) {
            assert!(
                began.elapsed() < Duration::from_secs(5),
                "bash became no nodemon"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    let gone = || processes::departed(project.to_str(), Duration::ZERO);
    let began = Instant::now();
    let mut seen = gone();
    while seen == Known::Seen(Vec::new()) && began.elapsed() < Duration::from_secs(5) {
        seen = gone();
    }
    let elsewhere = processes::departed(Some("/nowhere"), processes::WATCH);
    kill_children(busy.0.id());
    std::fs::remove_dir_all(&project).unwrap();
    let watchers: Vec<_> = seen
        .seen()
        .unwrap()
        .iter()
        .filter_map(|gone| gone.watcher)
        .collect();
    assert_eq!(
        watchers.iter().map(|id| id.pid).collect::<Vec<_>>(),
        [idle.0.id()]
    );
    assert_eq!(elsewhere, Known::Seen(Vec::new()));
    assert_eq!(
        processes::departed(None, processes::WATCH),
        Known::Seen(Vec::new())
    );
}

fn kill_children(of: u32) {
    let children = std::fs::read_to_string(format!("/proc/{of}/task/{of}/children"));
    for child in children.unwrap_or_default().split_whitespace() {
        let child = child.parse().ok().and_then(Pid::from_raw).unwrap();
        let _ = kill_process(child, Signal::KILL);
    }
}

#[test]
fn udp_sockets_that_wait_are_seen_and_connected_ones_are_not() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = socket.local_addr().unwrap();
    let found = sockets::udp(Some(at.port()));
    let [found] = found.seen().unwrap().as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!((found.at, found.proto), (at, Proto::Udp));
    assert_eq!(found.queue, Known::default());
    let mut found = [found.clone()];
    owners::find(&mut found);
    assert_eq!(found[0].owner(), Some(me()));
    socket.connect("127.0.0.1:9").unwrap();
    assert_eq!(sockets::udp(Some(at.port())), Known::Seen(Vec::new()));
}

#[test]
fn unix_sockets_that_accept_are_seen() {
    let name = format!("devdoctor-live-{}", std::process::id());
    let path = std::env::temp_dir().join(format!("{name}.sock"));
    let _file = UnixListener::bind(&path).unwrap();
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
    let _abstract = UnixListener::bind_addr(&address).unwrap();
    let seen = sockets::unix_listeners();
    std::fs::remove_file(&path).unwrap();
    let seen = seen.seen().unwrap();
    assert!(seen.iter().any(|one| Some(one.as_str()) == path.to_str()));
    assert!(seen.contains(&format!("@{name}")));
}

const SERVES: &str = "
import socket, sys
s = socket.socket(); s.bind(('0.0.0.0', 0)); s.listen()
print(s.getsockname()[1], flush=True)
sys.stdin.read()
";

#[test]
fn a_listener_in_another_network_namespace_is_found() {
    let mut command = Command::new("unshare");
    let command = command.args([
        "--user",
        "--map-root-user",
        "--net",
        "python3",
        "-c",
        SERVES,
    ]);
    let mut python = match Ending::spawn(command) {
        Ok(python) => python,
        Err(error) => return skip(&format!("unshare: {error}")),
    };
    let Some(port) = python.says().first().copied() else {
        return skip("no network namespace can be made, or there is no python3");
    };
    let port = u16::try_from(port).unwrap();
    let here = seen_on(port);
    let found = sockets::elsewhere(port);
    let found: Vec<_> = found
        .seen()
        .unwrap()
        .iter()
        .filter(|listener| listener.owner().map(|id| id.pid) == Some(python.0.id()))
        .collect();
    let [found] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(found.at, SocketAddr::new(IpAddr::from([0, 0, 0, 0]), port));
    assert!(found.netns.is_some());
    assert!(here.iter().all(|listener| listener.inode != found.inode));
}

/// The port of which [`a_stranger`] is asked.
const STRANGE_PORT: &str = "DEVDOCTOR_STRANGE_PORT";

/// Another user sees the socket and its user, and says that it may not see the process.
#[test]
fn another_users_socket_is_seen_without_its_process() {
    if !geteuid().is_root() {
        return eprintln!("skipped: only root can be looked at by another user");
    }
    let (_socket, at) = bind("127.0.0.1:0", false, 1);
    // The folders above the program may be closed to others.
    let copy = std::env::temp_dir().join(format!("devdoctor-stranger-{}", std::process::id()));
    std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    let stranger = Command::new(&copy)
        .args(["--exact", "a_stranger", "--nocapture"])
        .env(STRANGE_PORT, at.port().to_string())
        .current_dir("/")
        .uid(65534)
        .gid(65534)
        .output();
    std::fs::remove_file(&copy).unwrap();
    let stranger = stranger.unwrap();
    let said = String::from_utf8_lossy(&stranger.stdout);
    assert!(
        stranger.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

/// The other half of the test above; by itself there is nobody to be a stranger to.
#[test]
fn a_stranger() {
    let Ok(port) = std::env::var(STRANGE_PORT) else {
        return;
    };
    let port = port.parse().unwrap();
    let began = Instant::now();
    let found = seen_on(port);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].owners, Known::Unseen(Gap::Forbidden));
    assert_eq!(found[0].uid, Some(0));
    if let Ok(ours) = std::fs::read_to_string("/proc/self/cgroup")
        && let Some(ours) = ours.lines().find_map(|line| line.strip_prefix("0::"))
        && std::path::Path::new("/sys/fs/cgroup/cgroup.procs").exists()
    {
        assert_eq!(found[0].cgroup.as_deref(), Some(ours));
    }
    assert!(began.elapsed() < Duration::from_secs(1));
    // What is open to everybody is still seen; what is closed says so.
    let root = processes::look(&[ProcId { pid: 1, started: 0 }]);
    if let Some(root) = root.first() {
        assert!(root.argv.is_seen());
        assert_eq!(root.cwd, Known::Unseen(Gap::Forbidden));
        assert_eq!(root.exe, Known::Unseen(Gap::Forbidden));
    }
}
