//! What it costs to keep the sockets fresh: `cargo bench --bench refresh`, a minute or two.
//!
//! A `Watch` is refreshed beside `netstat2` polled in the same process, round after
//! round: warm (at once again) and cold (after a sleep of 200 ms, as in a daemon that
//! looks five times a second). Printed are medians of the wall clock and of the
//! processor time of this process, the kernel's part in it. Most of what a cold look
//! takes longer is the machine's waking up.
//!
//! The load is made by this program, started again as its own helpers. They end when
//! their standard input does, so also when the benchmark is killed.

#[cfg(unix)]
#[allow(dead_code, reason = "a part of it is used")]
#[path = "one_port/load.rs"]
mod load;

#[cfg(unix)]
fn main() -> std::io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if let ["--hold", rest @ ..] = &args[..] {
        return load::hold(rest);
    }
    // `cargo bench` says so; `cargo test --all-targets` does not, and would wait.
    if !args.contains(&"--bench") {
        println!("Not measured: this is run by `cargo bench --bench refresh`.");
        return Ok(());
    }
    bench::run()
}

#[cfg(not(unix))]
fn main() {
    println!("This benchmark makes its load with Unix means: it runs on Unix only.");
}

#[cfg(unix)]
mod bench {
    use std::hint::black_box;
    use std::io;
    use std::time::{Duration, Instant};

    use devdoctor::sources::sockets::Watch;
    use netstat2::{AddressFamilyFlags, ProtocolFlags, get_sockets_info};
    use rustix::time::{ClockId, clock_gettime};

    use super::load::{Load, raise_descriptor_limit};

    /// Between two cold looks.
    const SLEEP: Duration = Duration::from_millis(200);
    /// How many looks of each kind, and for how long at most.
    const COLD: usize = 25;
    const WARM: usize = 300;
    const AT_MOST: Duration = Duration::from_secs(8);

    /// What a machine carries while it is watched, beside what is there anyway.
    const SCENARIOS: &[(&str, usize, usize)] = &[
        ("10 listeners", 10, 0),
        ("50 listeners", 50, 0),
        ("50 listeners, 20,000 connections", 50, 20_000),
        ("1,000 listeners", 1_000, 0),
        ("1,000 listeners, 20,000 connections", 1_000, 20_000),
    ];

    /// What one look took.
    #[derive(Clone, Copy)]
    struct Cost {
        wall: Duration,
        cpu: Duration,
    }

    pub fn run() -> io::Result<()> {
        let limit = raise_descriptor_limit()?;
        println!(
            "{:<38} {:<10} {:>10} {:>10} {:>10} {:>10} {:>10}",
            "", "", "cold wall", "cold cpu", "warm wall", "warm cpu", "first"
        );
        for &(name, listeners, connections) in SCENARIOS {
            let _load = Load::put(limit, listeners, 0, connections, 0)?;
            measure(name);
        }
        Ok(())
    }

    fn measure(name: &str) {
        let mut watch = Watch::new();
        let first = cost(&mut || drop(black_box(watch.refresh())));
        // Whoever is new is looked at once more; that is not what is measured here.
        std::thread::sleep(Duration::from_secs(3));
        let seen = watch.refresh();
        assert_eq!(seen.by, "sock_diag", "another way than the one to measure");
        let families = AddressFamilyFlags::IPV4 | AddressFamilyFlags::IPV6;
        let mut refresh = || drop(black_box(watch.refresh()));
        let mut netstat2 = || drop(black_box(get_sockets_info(families, ProtocolFlags::TCP)));

        let mut cold: [Vec<Cost>; 2] = Default::default();
        let began = Instant::now();
        for _ in 0..COLD {
            std::thread::sleep(SLEEP);
            cold[0].push(cost(&mut refresh));
            if began.elapsed() < AT_MOST * 2 {
                std::thread::sleep(SLEEP);
                cold[1].push(cost(&mut netstat2));
            }
        }
        let warm = [many(&mut refresh), many(&mut netstat2)];
        let count = seen.listeners.items().len();
        for (at, (way, first)) in [("Watch", Some(first)), ("netstat2", None)]
            .into_iter()
            .enumerate()
        {
            let title = if at == 0 {
                name
            } else {
                &format!("  ({count} seen in all)")
            };
            let [cold, warm] = [&cold[at], &warm[at]];
            println!(
                "{title:<38} {way:<10} {:>10} {:>10} {:>10} {:>10} {:>10}",
                median(cold, |cost| cost.wall),
                median(cold, |cost| cost.cpu),
                median(warm, |cost| cost.wall),
                median(warm, |cost| cost.cpu),
                first.map_or_else(String::new, |first| micros(first.wall)),
            );
        }
    }

    fn many(look: &mut dyn FnMut()) -> Vec<Cost> {
        let began = Instant::now();
        let mut costs = Vec::with_capacity(WARM);
        while costs.len() < WARM && began.elapsed() < AT_MOST {
            costs.push(cost(look));
        }
        costs
    }

    fn cost(look: &mut dyn FnMut()) -> Cost {
        let (wall, cpu) = (Instant::now(), processor());
        look();
        Cost {
            wall: wall.elapsed(),
            cpu: processor().saturating_sub(cpu),
        }
    }

    /// Processor time of this process so far.
    fn processor() -> Duration {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
    }

    fn median(costs: &[Cost], of: impl Fn(&Cost) -> Duration) -> String {
        let mut times: Vec<Duration> = costs.iter().map(of).collect();
        times.sort_unstable();
        times
            .get(times.len() / 2)
            .map_or_else(String::new, |&time| micros(time))
    }

    fn micros(time: Duration) -> String {
        format!("{:.1} us", time.as_secs_f64() * 1e6)
    }
}
