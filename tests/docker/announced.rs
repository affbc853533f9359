//! Hints of containers, for real: an engine of its own in a world of its own, and beside
//! it engines that hang.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixListener;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use devdoctor::sources::containers::Watch;
use rustix::process::Signal;

use crate::docker::{self, IMAGE, World};

/// Says to this binary that it is the one that listens.
const LISTENER: &str = "DEVDOCTOR_HINTS_LISTENER";
/// Longer than any machine needs, however busy it is.
const LONG: Duration = Duration::from_secs(60);
/// How soon after a command a hint has to be there.
const SOON: Duration = Duration::from_secs(1);
/// Long enough for a second hint to come, if there is one.
const A_WHILE: Duration = Duration::from_millis(800);

#[test]
fn containers_that_come_and_go_are_told() {
    docker::enter("announced::announced_world", &[]);
}

/// What listens: a process of its own, since whom it asks hangs on its environment. It
/// prints a line a hint, and a line whenever the mode has changed.
#[test]
fn listener() {
    if std::env::var_os(LISTENER).is_none() {
        return;
    }
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap();
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let mut watch = Watch::new(true);
    let mut mode = String::new();
    loop {
        let next = async { tokio::time::timeout(Duration::from_millis(100), watch.next()).await };
        let hint = runtime.block_on(next).is_ok();
        let now = watch.mode();
        let mut out = std::io::stdout().lock();
        if now != mode {
            writeln!(out, "mode {now}").unwrap();
            mode = now;
        }
        if hint {
            writeln!(out, "hint").unwrap();
        }
        out.flush().unwrap();
    }
}

/// The process that listens, seen from outside.
struct Listener {
    child: Child,
    lines: Receiver<String>,
    mode: String,
}

impl Listener {
    fn begin(world: &World) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "announced::listener", "--nocapture"])
            .env(LISTENER, "1")
            .env("HOME", world.folder())
            // The engine's socket stands there, where a rootless one would have it.
            .env("XDG_RUNTIME_DIR", world.folder())
            .env_remove("DOCKER_HOST")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let told = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in told.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Listener {
            child,
            lines,
            mode: String::new(),
        }
    }

    /// Whether a hint comes.
    fn hint(&mut self, within: Duration) -> bool {
        let until = Instant::now() + within;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line == "hint" => return true,
                Ok(line) => {
                    if let Some(mode) = line.strip_prefix("mode ") {
                        self.mode = mode.to_owned();
                    }
                }
                Err(_) => return false,
            }
        }
    }

    fn quiet(&mut self) {
        while self.hint(A_WHILE) {}
    }

    #[track_caller]
    fn until_mode(&mut self, wanted: &str) {
        let began = Instant::now();
        while self.mode != wanted {
            assert!(
                began.elapsed() < LONG,
                "{wanted:?} in vain: {:?}",
                self.mode
            );
            self.hint(Duration::from_millis(200));
        }
    }

    fn resident_kb(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.unwrap().split_whitespace().next().unwrap();
        number.parse().unwrap()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An engine that takes every connection, sends this, and is silent from then on.
fn wedged(world: &World, place: &str, sends: &'static [u8]) {
    let path = world.folder().join(place);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let listener = UnixListener::bind(path).unwrap();
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                if connection.read(&mut request).is_ok_and(|read| read > 0) {
                    let _ = connection.write_all(sends);
                }
                // Until the other side gives up.
                let _ = connection.read(&mut request);
            });
        }
    });
}

/// What the test above runs in its world.
#[test]
fn announced_world() {
    let Some(mut world) = World::begin() else {
        return;
    };
    wedged(&world, "podman/podman.sock", b"");
    wedged(&world, ".docker/run/docker.sock", b"HTTP/1.1 200 O");
    let mut listener = Listener::begin(&world);
    assert!(listener.hint(LONG), "nothing is told");
    let well = "docker: hangs, docker: listening, podman: hangs";
    listener.until_mode(well);

    let check = [
        "--health-cmd=/bin/echo well",
        "--health-interval=1s",
        "--health-retries=1",
    ];
    let run = [
        &["run", "-d", "--name", "web"][..],
        &check,
        &[IMAGE, "sleep", "1000"],
    ];
    let run = run.concat();
    let changes: &[&[&str]] = &[
        &["create", "--name", "other", IMAGE, "sleep", "1000"],
        &run,
        &["pause", "web"],
        &["unpause", "web"],
        &["network", "create", "lan"],
        &["network", "connect", "lan", "web"],
        &["network", "disconnect", "lan", "web"],
        &["rename", "web", "shop"],
        &["restart", "-t", "0", "shop"],
        &["kill", "shop"],
        &["start", "shop"],
        &["stop", "-t", "0", "shop"],
        &["rm", "other"],
        &["start", "shop"],
    ];
    for change in changes {
        listener.quiet();
        world.docker(change);
        let began = Instant::now();
        assert!(listener.hint(SOON), "{change:?} is not told");
        println!("{}: {} ms", change[0], began.elapsed().as_millis());
    }
    world.wait_until("it is found to be healthy", |world| {
        world.inspect("shop", "{{.State.Health.Status}}") == "healthy"
    });
    listener.quiet();

    // The health check runs every second, and so do other commands.
    for _ in 0..10 {
        world.docker(&["exec", "shop", "/bin/echo", "hello"]);
    }
    world.docker(&["top", "shop"]);
    assert!(!listener.hint(Duration::from_secs(3)), "a command is told");

    // The engine ends, and comes back.
    world.signal_engine(Signal::TERM);
    assert!(listener.hint(LONG), "the end of the engine is not told");
    world.start_engine_again();
    assert!(listener.hint(LONG), "the new engine is not told");
    listener.until_mode(well);
    listener.quiet();
    world.docker(&["start", "shop"]);
    assert!(listener.hint(SOON), "the new engine is not heard");
    // It is killed, and comes back.
    listener.quiet();
    world.signal_engine(Signal::KILL);
    assert!(listener.hint(LONG), "the end of the engine is not told");
    world.start_engine_again();
    assert!(listener.hint(LONG), "the new engine is not told");
    listener.until_mode(well);

    // It hangs in the middle of its events, and goes on.
    listener.quiet();
    world.signal_engine(Signal::STOP);
    listener.until_mode("docker: hangs, docker: hangs, podman: hangs");
    world.signal_engine(Signal::CONT);
    listener.until_mode(well);
    listener.quiet();
    world.docker(&["rm", "-f", "shop"]);
    assert!(listener.hint(SOON), "the engine is not heard any more");
    println!("resident: {} KiB", listener.resident_kb());
}
