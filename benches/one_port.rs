//! Who owns port 3000? Side by side: devdoctor, ss, lsof and netstat2.
//!
//!     cargo bench --bench one_port              # two to four minutes
//!     cargo bench --bench one_port -- --quick   # half a minute, rougher
//!
//! The devdoctor that is measured is the one that is shipped: the benchmark has it built
//! by `cargo build --release`, which leaves out what only tests need.
//!
//! Every tool is run as a process of its own, one after the other, round after
//! round; the time is from starting it to its end, and the median is shown. Each
//! tool's answer is checked first: it must name the server's pid.
//!
//! The load is made by this program, started again as its own helpers. They end
//! when their standard input does, so also when the benchmark is killed.

#[cfg(unix)]
#[path = "one_port/load.rs"]
mod load;
#[cfg(unix)]
#[path = "one_port/tools.rs"]
mod tools;

#[cfg(unix)]
fn main() -> std::io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if let ["--hold", rest @ ..] = &args[..] {
        return load::hold(rest);
    }
    if let ["--netstat2", port] = &args[..] {
        return tools::netstat2(port);
    }
    // `cargo bench` says so; `cargo test --all-targets` does not, and would wait.
    if !args.contains(&"--bench") {
        println!("Not measured: this is run by `cargo bench --bench one_port`.");
        return Ok(());
    }
    bench::run(args.contains(&"--quick"))
}

#[cfg(not(unix))]
fn main() {
    println!("This benchmark compares with ss and lsof: it runs on Unix only.");
}

#[cfg(unix)]
mod bench {
    use std::io;
    use std::time::{Duration, Instant};

    use super::load::{Load, Server};
    use super::tools::{Tool, shipped};

    /// The port of the question.
    const PORT: u16 = 3000;

    /// What a machine carries while it is asked.
    struct Scenario {
        name: &'static str,
        listeners: usize,
        processes: usize,
        connections: usize,
        descriptors: usize,
        /// Whether the server is older than all that, and not younger.
        server_first: bool,
    }

    /// A developer's machine at rest has some two hundred processes; a bare virtual
    /// machine has fewer than half of them.
    const AT_REST: Scenario = Scenario {
        name: "at rest: 200 processes, 10 listeners",
        listeners: 10,
        processes: 120,
        connections: 0,
        descriptors: 0,
        server_first: false,
    };

    const SCENARIOS: &[Scenario] = &[
        AT_REST,
        Scenario {
            name: "1,000 listeners",
            listeners: 1_000,
            ..AT_REST
        },
        Scenario {
            name: "2,000 processes",
            processes: 2_000,
            ..AT_REST
        },
        Scenario {
            name: "2,000 processes, all started after the server",
            processes: 2_000,
            server_first: true,
            ..AT_REST
        },
        Scenario {
            name: "one process with 19,000 descriptors",
            descriptors: 19_000,
            ..AT_REST
        },
        Scenario {
            name: "20,000 connections",
            connections: 20_000,
            ..AT_REST
        },
        Scenario {
            name: "50,000 connections",
            connections: 50_000,
            ..AT_REST
        },
        Scenario {
            name: "all of these at once",
            listeners: 1_000,
            processes: 2_000,
            connections: 50_000,
            descriptors: 19_000,
            ..AT_REST
        },
    ];

    pub fn run(quick: bool) -> io::Result<()> {
        let devdoctor = shipped()?;
        let limit = super::load::raise_descriptor_limit()?;
        for (at, scenario) in SCENARIOS.iter().enumerate() {
            // The order matters to a search that begins with the newest process.
            let before = scenario
                .server_first
                .then(|| Server::start(PORT))
                .transpose()?;
            let load = Load::put(
                limit,
                scenario.listeners,
                scenario.processes,
                scenario.connections,
                scenario.descriptors,
            )?;
            let server = before.map_or_else(|| Server::start(PORT), Ok)?;
            let tools = Tool::all(&devdoctor, PORT, server.pid());
            for tool in &tools {
                tool.check()?;
            }
            if at == 0 {
                println!("| this machine with | {} |", titles(&tools));
                println!("|---|{}", "---:|".repeat(tools.len()));
            }
            println!(
                "| {} | {} |",
                scenario.name,
                cells(&measure(&tools, quick)?)
            );
            drop((load, server));
        }
        Ok(())
    }

    fn titles(tools: &[Tool]) -> String {
        let titles: Vec<_> = tools.iter().map(|tool| tool.title.as_str()).collect();
        titles.join(" | ")
    }

    /// The median time of each tool; none for one that is not installed.
    fn measure(tools: &[Tool], quick: bool) -> io::Result<Vec<Option<Duration>>> {
        let (rounds, budget) = if quick {
            (15, Duration::from_secs(3))
        } else {
            (100, Duration::from_secs(20))
        };
        let least = 5;
        let mut times = vec![Vec::new(); tools.len()];
        let start = Instant::now();
        for round in 0..rounds {
            if round >= least && start.elapsed() > budget {
                break;
            }
            for (tool, times) in tools.iter().zip(&mut times) {
                times.extend(tool.time()?);
            }
        }
        Ok(times
            .into_iter()
            .map(|mut times| {
                times.sort_unstable();
                times.get(times.len() / 2).copied()
            })
            .collect())
    }

    /// The times, and how many times that of the first they are.
    fn cells(medians: &[Option<Duration>]) -> String {
        let first = medians.first().copied().flatten();
        let cells: Vec<_> = medians
            .iter()
            .enumerate()
            .map(|(at, median)| match (median, first) {
                (None, _) => "–".to_owned(),
                (Some(time), Some(first)) if at > 0 => {
                    let ratio = time.as_secs_f64() / first.as_secs_f64();
                    let digits = usize::from(ratio < 10.0);
                    format!("{} ({ratio:.digits$}×)", show(*time))
                }
                (Some(time), _) => format!("**{}**", show(*time)),
            })
            .collect();
        cells.join(" | ")
    }

    fn show(time: Duration) -> String {
        let ms = time.as_secs_f64() * 1000.0;
        let digits = if ms < 10.0 {
            2
        } else {
            usize::from(ms < 100.0)
        };
        format!("{ms:.digits$} ms")
    }
}
