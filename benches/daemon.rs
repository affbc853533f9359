//! What the daemon costs while nobody asks it anything, beside netstat2 polled as often.
//!
//!     cargo bench --bench daemon                  # four minutes
//!     cargo bench --bench daemon -- --news 25     # rounds: how soon a port is known
//!     cargo bench --bench daemon -- --soak 60     # minutes: servers come and go all the time
//!
//! The daemon that is measured is the one that is shipped. Processor time is the kernel's
//! count of nanoseconds, of all its threads; memory is what is resident.

#[cfg(target_os = "linux")]
#[path = "one_port/load.rs"]
#[allow(dead_code, reason = "another benchmark needs the rest")]
mod load;
#[cfg(target_os = "linux")]
#[path = "one_port/tools.rs"]
#[allow(dead_code, reason = "another benchmark needs the rest")]
mod tools;

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if let ["--hold", rest @ ..] = &args[..] {
        return load::hold(rest);
    }
    if !args.contains(&"--bench") {
        println!("Not measured: this is run by `cargo bench --bench daemon`.");
        return Ok(());
    }
    let number = |flag: &str| -> Option<u64> {
        let value = args.iter().skip_while(|arg| **arg != flag).nth(1)?;
        value.parse().ok()
    };
    match (number("--soak"), number("--news")) {
        (Some(minutes), _) => bench::soak(minutes),
        (None, Some(rounds)) => bench::news(rounds),
        (None, None) => bench::rest(),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("This benchmark reads /proc: it runs on Linux only.");
}

#[cfg(target_os = "linux")]
mod bench {
    use std::fs;
    use std::io::{self, BufRead, BufReader};
    use std::net::{Ipv4Addr, TcpListener};
    use std::path::PathBuf;
    use std::process::{Child, Command, Stdio};
    use std::sync::mpsc::channel;
    use std::time::{Duration, Instant};

    use netstat2::{AddressFamilyFlags, ProtocolFlags, get_sockets_info};

    use super::load::{Load, Server, raise_descriptor_limit};
    use super::tools::shipped;

    /// For how long each is measured.
    const OVER: Duration = Duration::from_secs(20);
    /// How long the daemon is left alone before: what it does at its start is not its rest.
    const SETTLE: Duration = Duration::from_secs(8);
    /// How long it takes until a daemon that nobody watches looks seldom.
    const QUIET: Duration = Duration::from_secs(70);
    /// How often netstat2 is polled: as often as the daemon looks as a rule.
    const POLL: Duration = Duration::from_millis(200);

    /// A daemon with a home of its own.
    struct Daemon {
        program: String,
        folder: PathBuf,
        child: Child,
    }

    impl Daemon {
        fn start(program: &str) -> io::Result<Self> {
            let folder = std::env::temp_dir().join(format!("devdoctor-{}", std::process::id()));
            fs::create_dir_all(folder.join("devdoctor"))?;
            for private in [folder.clone(), folder.join("devdoctor")] {
                use std::os::unix::fs::PermissionsExt;
                fs::set_permissions(private, fs::Permissions::from_mode(0o700))?;
            }
            let child = command(program, &folder, &["daemon", "run"]).spawn()?;
            let daemon = Daemon {
                program: program.to_owned(),
                folder,
                child,
            };
            let began = Instant::now();
            while !daemon.says(&["daemon", "status"])?.success() {
                if began.elapsed() > Duration::from_secs(10) {
                    return Err(io::Error::other("the daemon does not answer"));
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            Ok(daemon)
        }

        fn says(&self, words: &[&str]) -> io::Result<std::process::ExitStatus> {
            command(&self.program, &self.folder, words).status()
        }

        /// Somebody who is told of the news.
        fn watcher(&self) -> io::Result<Child> {
            command(&self.program, &self.folder, &["watch", "--json"]).spawn()
        }

        /// Processor time so far.
        fn used(&self) -> io::Result<Duration> {
            used(&format!("/proc/{}", self.child.id()))
        }

        /// Resident memory, in kibibytes.
        fn resident(&self) -> io::Result<u64> {
            let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            let number = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
            number.ok_or_else(|| io::Error::other("no VmRSS"))
        }

        fn descriptors(&self) -> io::Result<usize> {
            Ok(fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
        }
    }

    impl Drop for Daemon {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
            let _ = fs::remove_dir_all(&self.folder);
        }
    }

    fn command(program: &str, folder: &PathBuf, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(words)
            .env_clear()
            .env("XDG_RUNTIME_DIR", folder)
            .env("HOME", folder)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// The processor time of all threads of a process.
    fn used(process: &str) -> io::Result<Duration> {
        let mut sum = 0;
        for task in fs::read_dir(format!("{process}/task"))? {
            let text = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            let first = text.split(' ').next().unwrap_or_default();
            sum += first.parse::<u64>().unwrap_or(0);
        }
        Ok(Duration::from_nanos(sum))
    }

    fn percent(used: Duration, over: Duration) -> String {
        format!("{:.3} %", used.as_secs_f64() / over.as_secs_f64() * 100.0)
    }

    /// The share of one core that the daemon takes.
    fn share(daemon: &Daemon) -> io::Result<String> {
        let (before, began) = (daemon.used()?, Instant::now());
        std::thread::sleep(OVER);
        Ok(percent(daemon.used()? - before, began.elapsed()))
    }

    /// The same of netstat2, polled by this process.
    fn netstat2() -> io::Result<String> {
        let (before, began) = (used("/proc/self")?, Instant::now());
        while began.elapsed() < OVER / 2 {
            let next = Instant::now() + POLL;
            get_sockets_info(
                AddressFamilyFlags::IPV4 | AddressFamilyFlags::IPV6,
                ProtocolFlags::TCP,
            )
            .map_err(io::Error::other)?;
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        Ok(percent(used("/proc/self")? - before, began.elapsed()))
    }

    /// At rest, and under load.
    pub fn rest() -> io::Result<()> {
        let program = shipped()?;
        let limit = raise_descriptor_limit()?;
        println!(
            "| this machine with | daemon, watched (5 Hz) | quiet (1 Hz) | netstat2 at 5 Hz | resident |"
        );
        println!("|---|---:|---:|---:|---:|");
        let loads = [
            ("10 listeners", 10, 100, 0),
            (
                "1,000 listeners, 2,000 processes, 50,000 connections",
                1_000,
                2_000,
                50_000,
            ),
        ];
        for (name, listeners, processes, connections) in loads {
            let load = Load::put(limit, listeners, processes, connections, 0)?;
            let daemon = Daemon::start(&program)?;
            let mut watcher = daemon.watcher()?;
            std::thread::sleep(SETTLE);
            let watched = share(&daemon)?;
            watcher.kill()?;
            watcher.wait()?;
            std::thread::sleep(QUIET);
            let quiet = share(&daemon)?;
            let resident = daemon.resident()?;
            let other = netstat2()?;
            println!("| {name} | {watched} | {quiet} | {other} | {resident} KiB |");
            drop((daemon, load));
        }
        Ok(())
    }

    /// How soon a watcher is told that a port was opened, and that it was closed.
    pub fn news(rounds: u64) -> io::Result<()> {
        let daemon = Daemon::start(&shipped()?)?;
        let shop = daemon.folder.join("shop");
        fs::create_dir_all(&shop)?;
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let package = format!(
            r#"{{ "name": "shop", "scripts": {{ "dev": "vite --port {}" }} }}"#,
            free.port()
        );
        fs::write(shop.join("package.json"), package)?;
        let folder = shop.to_string_lossy().into_owned();
        let mut watcher = command(
            &daemon.program,
            &daemon.folder,
            &["watch", &folder, "--json"],
        )
        .stdout(Stdio::piped())
        .spawn()?;
        let lines = BufReader::new(watcher.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?);
        let (sender, told) = channel();
        std::thread::spawn(move || {
            for _ in lines.lines() {
                let _ = sender.send(Instant::now());
            }
        });
        let wait = |since: Instant| -> io::Result<Duration> {
            let at = told.recv_timeout(Duration::from_secs(10));
            Ok(at.map_err(io::Error::other)?.duration_since(since))
        };
        wait(Instant::now())?;
        let (mut opened, mut closed) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            // Long enough for the daemon to look as seldom as it does as a rule.
            let pause = || {
                std::thread::sleep(Duration::from_millis(3500 + round * 37 % 200));
                while told.try_recv().is_ok() {}
            };
            pause();
            let began = Instant::now();
            let server = TcpListener::bind(free)?;
            opened.push(wait(began)?);
            pause();
            let began = Instant::now();
            drop(server);
            closed.push(wait(began)?);
        }
        println!("| {rounds} times | median | longest |");
        println!("|---|---:|---:|");
        for (what, mut all) in [("a port opened", opened), ("a port closed", closed)] {
            all.sort_unstable();
            let (median, longest) = (all[all.len() / 2], all[all.len() - 1]);
            println!("| {what} | {median:.0?} | {longest:.0?} |");
        }
        watcher.kill()?;
        watcher.wait()?;
        Ok(())
    }

    /// Servers come and go for so many minutes: what is held must not grow.
    pub fn soak(minutes: u64) -> io::Result<()> {
        let program = shipped()?;
        let limit = raise_descriptor_limit()?;
        let daemon = Daemon::start(&program)?;
        let mut watcher = daemon.watcher()?;
        println!("| minute | servers so far | resident | descriptors | processor time |");
        println!("|---:|---:|---:|---:|---:|");
        let (began, mut servers, mut minute) = (Instant::now(), 0, 0);
        while minute <= minutes {
            if began.elapsed() >= Duration::from_secs(60 * minute) {
                println!(
                    "| {minute} | {servers} | {} KiB | {} | {:.2} s |",
                    daemon.resident()?,
                    daemon.descriptors()?,
                    daemon.used()?.as_secs_f64()
                );
                minute += 1;
            }
            let port = 20_000 + u16::try_from(servers % 500).unwrap_or(0);
            let server = Server::start(port)?;
            let load = Load::put(limit, 20, 5, 20, 0)?;
            std::thread::sleep(Duration::from_millis(300));
            drop((server, load));
            std::thread::sleep(Duration::from_millis(200));
            servers += 21;
        }
        watcher.kill()?;
        watcher.wait()?;
        Ok(())
    }
}
