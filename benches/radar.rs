//! What the refusal radar costs a server that opens and closes connections as fast as it
//! can: `cargo bench --bench radar`, best where nothing else happens:
//! `unshare --user --map-root-user --net sh -c 'ip link set lo up; cargo bench --bench radar'`.
//!
//! The ways to listen take turns, second by second, so that a busy moment of the machine
//! falls on all of them. Each is compared with the second before it, in which nobody
//! listened; printed are medians. A number after `--` is the rounds (default 20).

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use devdoctor::sources::radar::Radar;
use socket2::{Domain, Socket, Type};

const ROUNDS: usize = 20;
const SLICE: Duration = Duration::from_secs(1);

/// Connections a second, by way to listen: each with the seconds before it.
#[derive(Default)]
struct Seconds(Vec<(f64, f64)>);

fn main() -> io::Result<()> {
    let rounds = std::env::args()
        .find_map(|word| word.parse().ok())
        .unwrap_or(ROUNDS);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let at = listener.local_addr()?;
    let (done, end) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| serve(&listener, &end));
        scope.spawn(|| dial(at, &done, &end));
        measure(rounds, &done);
        end.store(true, Ordering::Relaxed);
        // Whoever waits in `accept` or `connect` comes out of it.
        drop(std::net::TcpStream::connect(at));
    });
    Ok(())
}

fn measure(rounds: usize, done: &AtomicU64) {
    let second = || {
        let (began, before) = (Instant::now(), done.load(Ordering::Relaxed));
        thread::sleep(SLICE);
        let more = done.load(Ordering::Relaxed) - before;
        more as f64 / began.elapsed().as_secs_f64()
    };
    second();
    let mut filtered = Seconds::default();
    let mut first = Seconds::default();
    let mut adapted = Seconds::default();
    let mut mode = String::new();
    for _ in 0..rounds {
        let alone = second();
        let radar = Radar::new();
        filtered.0.push((alone, second()));
        drop(radar);

        let alone = second();
        let mut radar = Radar::new();
        first.0.push((alone, second()));
        radar.adapt();
        mode = radar.mode();

        let alone = second();
        radar.adapt();
        adapted.0.push((alone, second()));
    }
    println!("the radar, at last: {mode}\n");
    println!(
        "{:<44} {:>14} {:>8} {:>12}",
        "", "connections/s", "tax", "per socket"
    );
    let alone = Seconds(
        filtered
            .0
            .iter()
            .map(|&(alone, _)| (alone, alone))
            .collect(),
    );
    alone.print("nobody listens");
    filtered.print("announced, and filtered by the kernel");
    first.print("adaptive: its first second under load");
    adapted.print("adaptive: from then on");
}

impl Seconds {
    fn print(&self, name: &str) {
        let rate = median(self.0.iter().map(|&(_, rate)| rate));
        let tax = median(self.0.iter().map(|&(alone, rate)| 1.0 - rate / alone));
        // A connection is two sockets.
        let cost = median(
            self.0
                .iter()
                .map(|&(alone, rate)| (1.0 / rate - 1.0 / alone) / 2.0),
        );
        println!(
            "{name:<44} {rate:>14.0} {:>6.2} % {:>9.2} µs",
            tax * 100.0,
            cost * 1e6
        );
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Takes connections and closes them.
fn serve(listener: &TcpListener, end: &AtomicBool) {
    while !end.load(Ordering::Relaxed) {
        drop(listener.accept());
    }
}

/// Opens connections and closes them, by a reset: there are not ports enough for so many
/// that would have to wait for a minute.
fn dial(at: SocketAddr, done: &AtomicU64, end: &AtomicBool) {
    while !end.load(Ordering::Relaxed) {
        let connected = Socket::new(Domain::IPV4, Type::STREAM, None).and_then(|socket| {
            socket.set_linger(Some(Duration::ZERO))?;
            socket.connect(&at.into())
        });
        if connected.is_ok() {
            done.fetch_add(1, Ordering::Relaxed);
        }
    }
}
