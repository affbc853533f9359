//! Ends of processes that are noticed as they happen.

use std::future::Future;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use devdoctor::facts::{Ended, Known, ProcId};
use devdoctor::sources::processes::{self, Exits};
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, setrlimit};

use crate::machine;
use crate::stage::stories;

/// For everything that has to happen sooner or later.
const SOON: Duration = Duration::from_secs(20);

/// A process that ends with the test.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Ending {
    fn spawn(program: &str, args: &[&str]) -> Ending {
        let mut command = Command::new(program);
        let command = command
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        Ending(command.spawn().unwrap())
    }

    fn id(&self) -> ProcId {
        id(self.0.id())
    }

    /// The number that it prints first.
    fn says(&mut self) -> u32 {
        let mut line = String::new();
        BufReader::new(self.0.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        line.trim().parse().unwrap_or_else(|_| panic!("{line:?}"))
    }
}

fn id(pid: u32) -> ProcId {
    processes::look(&[ProcId { pid, started: 0 }])[0].id
}

fn kill(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap();
    runtime.block_on(future)
}

/// The next end; it has to come.
async fn next(exits: &mut Exits) -> (ProcId, Known<Ended>) {
    let end = tokio::time::timeout(SOON, exits.next()).await;
    end.unwrap_or_else(|_| panic!("no end came; {}", exits.mode()))
}

/// Nobody's end comes for a while.
async fn nothing(exits: &mut Exits) {
    let end = tokio::time::timeout(Duration::from_millis(100), exits.next()).await;
    assert!(end.is_err(), "{end:?}");
}

stories! {
    fn an_owner_that_is_killed_is_told_within_a_second(_stage) {
        run(async {
            let servers = [(); 3].map(|()| Ending::spawn("sleep", &["600"]));
            let ids = [0, 1, 2].map(|at: usize| servers[at].id());
            let mut exits = Exits::new();
            exits.watch(&ids);
            nothing(&mut exits).await;
            let began = Instant::now();
            kill(ids[1].pid);
            assert_eq!(next(&mut exits).await, (ids[1], Known::Seen(Ended::Killed(9))));
            assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
            // Once, whatever is asked for.
            exits.watch(&ids);
            nothing(&mut exits).await;
            // Who is not asked for any more is not told.
            exits.watch(&ids[..1]);
            kill(ids[2].pid);
            nothing(&mut exits).await;
            kill(ids[0].pid);
            assert_eq!(next(&mut exits).await.0, ids[0]);
        });
    }

    fn an_exit_status_is_told_before_the_parent_collects_it(_stage) {
        run(async {
            let mut server = Ending::spawn("sh", &["-c", "read line; exit 3"]);
            let id = server.id();
            let mut exits = Exits::new();
            exits.watch(&[id]);
            server.0.stdin.take().unwrap().write_all(b"\n").unwrap();
            assert_eq!(next(&mut exits).await, (id, Known::Seen(Ended::Exited(3))));
            // Here nobody may hear the connector, and that is said.
            assert!(exits.mode().contains("not in a container"), "{}", exits.mode());
        });
    }

    fn whoever_has_gone_before_is_told_once(_stage) {
        run(async {
            let server = Ending::spawn("sleep", &["600"]);
            let gone = server.id();
            let other = ProcId { started: gone.started.saturating_sub(1), ..gone };
            drop(server);
            let mut exits = Exits::new();
            exits.watch(&[gone]);
            let (id, ended) = next(&mut exits).await;
            assert!(id == gone && !ended.is_seen(), "{ended:?}");
            exits.watch(&[gone]);
            nothing(&mut exits).await;
            // Its pid belongs to somebody else by now.
            let living = Ending::spawn("sleep", &["600"]);
            let other = ProcId { pid: living.0.id(), ..other };
            exits.watch(&[other, living.id()]);
            let (id, ended) = next(&mut exits).await;
            assert!(id == other && !ended.is_seen(), "{id:?} {ended:?}");
            nothing(&mut exits).await;
        });
    }

    fn an_end_is_not_lost_where_the_question_is_dropped(_stage) {
        run(async {
            let server = Ending::spawn("sleep", &["600"]);
            let id = server.id();
            let mut exits = Exits::new();
            exits.watch(&[id]);
            let (ended, ()) = tokio::join!(
                async {
                    let began = Instant::now();
                    loop {
                        // Dropped and asked again, as in a loop with other things to wait for.
                        let turn = Duration::from_micros(200);
                        match tokio::time::timeout(turn, exits.next()).await {
                            Ok(ended) => break ended,
                            Err(_) => assert!(began.elapsed() < SOON, "no end came"),
                        }
                    }
                },
                async {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    kill(id.pid);
                }
            );
            assert_eq!(ended, (id, Known::Seen(Ended::Killed(9))));
        });
    }

    fn where_descriptors_are_few_the_newest_are_watched(_stage) {
        run(async {
            let limit = Rlimit { current: Some(64), maximum: Some(64) };
            let sleep = || {
                let mut sleep = Ending::spawn("sleep", &["600"]);
                // Every pipe is a descriptor.
                (sleep.0.stdin, sleep.0.stdout) = (None, None);
                sleep
            };
            let servers: Vec<Ending> = (0..20).map(|_| sleep()).collect();
            let mut ids: Vec<ProcId> = servers.iter().map(Ending::id).collect();
            ids.sort_unstable_by_key(|id| (id.started, id.pid));
            setrlimit(Resource::Nofile, limit).unwrap();
            let mut exits = Exits::new();
            exits.watch(&ids);
            assert!(exits.mode().contains("4 processes are not watched"), "{}", exits.mode());
            kill(ids[0].pid);
            nothing(&mut exits).await;
            kill(ids[19].pid);
            assert_eq!(next(&mut exits).await.0, ids[19]);
            // There is room for one more now, and that one has gone.
            ids.truncate(16);
            exits.watch(&ids);
            assert!(!exits.mode().contains("not watched"), "{}", exits.mode());
            assert_eq!(next(&mut exits).await.0, ids[0]);
        });
    }
}

/// A server with threads, of which the main one does not say the last word.
const THREADS: &str = "
import os, sys, threading, time
for _ in range(4): threading.Thread(target=time.sleep, args=(600,)).start()
def end():
    sys.stdin.readline()
    os._exit(4)
threading.Thread(target=end).start()
";

/// Not in a story: the connector can be heard only in the machine's first namespaces.
#[test]
fn the_end_of_somebody_elses_child_is_told_with_its_status() {
    run(async {
        let mut exits = Exits::new();
        if !exits.mode().contains("and the process connector") {
            let why = format!("no process connector here: {}", exits.mode());
            return machine::pass_over("the end of somebody else's child", &why);
        }
        let threads =
            format!("exec 3<&0; python3 -c '{THREADS}' <&3 & echo $!; wait $!; exec sleep 600");
        for (script, expected) in [
            (threads.as_str(), Ended::Exited(4)),
            (
                "sleep 600 & echo $!; wait $!; exec sleep 600",
                Ended::Killed(9),
            ),
            (
                "exec 3<&0; (read line <&3; exit 3) & echo $!; wait $!; exec sleep 600",
                Ended::Exited(3),
            ),
            (
                "exec 3<&0; (read line <&3; exit 0) & echo $!; wait $!; exec sleep 600",
                Ended::Exited(0),
            ),
        ] {
            let mut shell = Ending::spawn("sh", &["-c", script]);
            let child = id(shell.says());
            exits.watch(&[child]);
            match expected {
                Ended::Killed(_) => kill(child.pid),
                _ => shell.0.stdin.take().unwrap().write_all(b"\n").unwrap(),
            }
            assert_eq!(next(&mut exits).await, (child, Known::Seen(expected)));
        }
    });
}

/// Eats memory until it is killed.
const GLUTTON: &str = "
echo $$ > \"$1/cgroup.procs\" && read line && exec python3 -c '
held = []
while True: held.append(bytearray(1 << 20))
'";

#[test]
fn who_is_killed_because_memory_ran_out_is_told_apart() {
    const NAME: &str = "who is killed because memory ran out";
    let place = format!("devdoctor-test-{}", std::process::id());
    let tries = [
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
        ("/sys/fs/cgroup", "memory.max"),
    ];
    let Some(folder) = tries.iter().find_map(|(root, limit)| {
        let folder = Path::new(root).join(&place);
        std::fs::create_dir(&folder).ok()?;
        let limited = std::fs::write(folder.join(limit), "33554432").is_ok();
        if !limited {
            let _ = std::fs::remove_dir(&folder);
        }
        limited.then_some(folder)
    }) else {
        return machine::pass_over(NAME, "no cgroup with a limit can be made");
    };
    // The older kind would swap first.
    let _ = std::fs::write(folder.join("memory.swappiness"), "0");
    let _ = std::fs::write(folder.join("memory.swap.max"), "0");
    let ended = run(async {
        let words = ["-c", GLUTTON, "sh", folder.to_str().unwrap()];
        let mut glutton = Ending::spawn("sh", &words);
        let id = glutton.id();
        let began = Instant::now();
        let procs = folder.join("cgroup.procs");
        while !std::fs::read_to_string(&procs)
            .unwrap()
            .contains(&id.pid.to_string())
        {
            assert!(began.elapsed() < SOON, "it does not come into its cgroup");
            std::thread::sleep(Duration::from_millis(2));
        }
        let mut exits = Exits::new();
        exits.watch(&[id]);
        glutton.0.stdin.take().unwrap().write_all(b"\n").unwrap();
        next(&mut exits).await
    });
    let began = Instant::now();
    while std::fs::remove_dir(&folder).is_err() && began.elapsed() < SOON {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(ended.1, Known::Seen(Ended::OutOfMemory));
}
