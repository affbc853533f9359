//! What the refusal radar costs a server that opens and closes connections as fast as it
//! can: `cargo bench --bench radar`, best where nothing else happens:
//! `unshare --user --map-root-user --net sh -c 'ip link set lo up; cargo bench --bench radar'`.
//!
//! One thread opens, accepts and closes. What is measured is the processor's time that
//! takes, its own and that of the kernel's workers, who announce what was closed: other
//! than the time by the clock, it hardly depends on what else the machine does. The ways
//! to listen take turns, a part of a second each; each is compared with the turn before
//! it, in which nobody listened. Printed are medians. A number after `--` is the rounds.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use devdoctor::sources::radar::Radar;
use socket2::Socket;

const ROUNDS: usize = 100;
const TURN: Duration = Duration::from_millis(200);
/// For how long a load must last to be told apart from a moment's.
const MINUTE: f64 = 60.0;

/// Nanoseconds of the processor a connection, of the server and of the kernel's workers.
#[derive(Clone, Copy)]
struct Cost {
    server: f64,
    workers: f64,
}

impl Cost {
    fn sum(self) -> f64 {
        self.server + self.workers
    }
}

fn main() -> io::Result<()> {
    let rounds = std::env::args()
        .find_map(|word| word.parse().ok())
        .unwrap_or(ROUNDS);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    // A radar that has found out that this machine is busy.
    let mut adaptive = Radar::new();
    let mut tries = 0;
    while !adaptive.mode().starts_with("counts") && tries < 10 {
        turn(&listener, Duration::from_secs(1), || ())?;
        adaptive.adapt();
        tries += 1;
    }
    println!("adaptive: {}\n", adaptive.mode());
    let (mut filtered, mut adapted) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let alone = turn(&listener, TURN, || ())?;
        let radar = Radar::new();
        filtered.push((alone, turn(&listener, TURN, || ())?));
        drop(radar);

        let alone = turn(&listener, TURN, || ())?;
        adapted.push((alone, turn(&listener, TURN, || adaptive.adapt())?));
    }
    let alone: Vec<_> = filtered.iter().map(|&(alone, _)| (alone, alone)).collect();
    println!(
        "{:<40} {:>9} {:>9} {:>9}",
        "a connection", "server", "workers", "tax"
    );
    print("nobody listens", &alone);
    let always = print("announced, and filtered by the kernel", &filtered);
    let rest = print("adaptive, after its first second", &adapted);
    let minute = (always + (MINUTE - 1.0) * rest) / MINUTE;
    println!(
        "{:<40} {:>29.2} %",
        "adaptive, over a minute of such load",
        minute * 100.0
    );
    let before = used("thread-self");
    (0..ROUNDS).for_each(|_| adaptive.adapt());
    let look = (used("thread-self") - before) / ROUNDS as f64;
    println!(
        "a look at the counters, once a second: {:.1} µs",
        look / 1e3
    );
    Ok(())
}

fn print(name: &str, turns: &[(Cost, Cost)]) -> f64 {
    let server = median(turns.iter().map(|(_, cost)| cost.server));
    let workers = median(turns.iter().map(|(_, cost)| cost.workers));
    let tax = median(
        turns
            .iter()
            .map(|(alone, cost)| cost.sum() / alone.sum() - 1.0),
    );
    println!(
        "{name:<40} {:>6.2} µs {:>6.2} µs {:>7.2} %",
        server / 1e3,
        workers / 1e3,
        tax * 100.0
    );
    tax
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Opens connections and closes them, for so long; once in it does what the daemon does
/// once a second, in its due share.
fn turn(listener: &TcpListener, long: Duration, mut each: impl FnMut()) -> io::Result<Cost> {
    let at = listener.local_addr()?;
    let workers = workers();
    let (began, server, before) = (Instant::now(), used("thread-self"), workers_used(&workers));
    let mut connections = 0_u32;
    while began.elapsed() < long {
        for _ in 0..50 {
            let client = Socket::from(TcpStream::connect(at)?);
            let accepted = listener.accept()?;
            // By a reset: there are not ports enough for so many that would have to wait
            // for a minute.
            client.set_linger(Some(Duration::ZERO))?;
            drop((client, accepted));
            connections += 1;
        }
    }
    let reading = used("thread-self");
    each();
    let each = (used("thread-self") - reading) * long.as_secs_f64();
    Ok(Cost {
        server: (reading - server + each) / f64::from(connections),
        workers: (workers_used(&workers) - before) / f64::from(connections),
    })
}

/// The kernel's worker threads.
fn workers() -> Vec<String> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = all.filter_map(|entry| entry.file_name().into_string().ok());
    let is_worker = |pid: &String| {
        fs::read_to_string(format!("/proc/{pid}/comm"))
            .is_ok_and(|name| name.starts_with("kworker"))
    };
    names.filter(is_worker).collect()
}

fn workers_used(workers: &[String]) -> f64 {
    workers.iter().map(|pid| used(pid)).sum()
}

/// Nanoseconds of the processor that this task has used.
fn used(task: &str) -> f64 {
    fs::read_to_string(format!("/proc/{task}/schedstat"))
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or(0.0)
}
