//! Starting, ending and looking at the daemon from outside.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::cli::terminal::{Failure, print, style};
use crate::facts::{clean, human_age};
use crate::findings::{DaemonStatus, Status};
use crate::frontends::json;
use crate::ipc::{Call, Client, FolderParams, NoDaemon, Place};
use crate::settings::Settings;
use crate::sources::own;
use crate::sources::service::Service;

/// How long the daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long it may take to come, or to go.
const COMING: Duration = Duration::from_secs(10);
/// How much of the log is printed.
const TAIL: u64 = 16 * 1024;
/// From this size on the log is begun anew at the next start; the old one is kept once.
const LARGE_LOG: u64 = 1024 * 1024;

#[derive(Debug, clap::Args)]
pub struct StartArgs {
    /// Start the daemon itself: what a service says that is over once the daemon runs.
    #[arg(long, hide = true)]
    as_service: bool,
}

#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub struct LogsArgs {
    /// Go on printing what is added.
    #[arg(short, long)]
    follow: bool,
}

fn place() -> Result<Place, Failure> {
    Place::of(|name| std::env::var_os(name)).map_err(Failure::new)
}

/// How the daemon is; nothing if none runs.
fn asked() -> Result<Option<DaemonStatus>, Failure> {
    let mut client = match Client::connect(PATIENCE) {
        Ok(client) => client,
        Err(NoDaemon::NotRunning) => return Ok(None),
        Err(error) => return Err(Failure::new(error)),
    };
    let call = Call::Status(FolderParams { folder: None });
    let status: Status = client.call(call, PATIENCE).map_err(Failure::new)?;
    Ok(status.daemon)
}

/// The daemon as a service of the system.
fn service() -> Result<Service, Failure> {
    let program = std::env::current_exe().map_err(|error| {
        Failure::new(format!("the program's own file cannot be found: {error}"))
    })?;
    Ok(Service {
        program,
        log: place()?.log,
        variable: |name| std::env::var_os(name),
    })
}

/// Has the system start the daemon at every login.
pub fn install() -> Result<u8, Failure> {
    let service = service()?;
    // One that was started by hand would stand in the way of the system's own.
    end()?;
    say(service.install())
}

/// Takes that back.
pub fn uninstall() -> Result<u8, Failure> {
    say(service()?.uninstall())
}

fn say(done: Result<Vec<String>, String>) -> Result<u8, Failure> {
    let done = done.map_err(Failure::new)?;
    for line in &done {
        print(&format!("{}\n", clean(line)))?;
    }
    if done.is_empty() {
        print("there was no service\n")?;
    }
    Ok(0)
}

/// Starts the daemon in the background: the service, if there is one.
pub fn start(args: &StartArgs) -> Result<u8, Failure> {
    if let Some(daemon) = asked()? {
        print(&format!("the daemon runs already (pid {})\n", daemon.pid))?;
        return Ok(0);
    }
    let service = service()?;
    if !args.as_service && service.start().map_err(Failure::new)? {
        let daemon = wait_for_it(|| Ok(()))?;
        print(&format!("the daemon runs (pid {})\n", daemon.pid))?;
        return Ok(0);
    }
    let place = place()?;
    let log = log_file(&place)?;
    let fail = |what: &str, error: &dyn std::fmt::Display| {
        Failure::new(format!("the daemon could not be started: {what}: {error}"))
    };
    let program = &service.program;
    let errors = log.try_clone().map_err(|error| fail("its log", &error))?;
    let mut child = own::daemon_apart(program)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .current_dir("/")
        .spawn()
        .map_err(|error| fail(&program.display().to_string(), &error))?;
    let daemon = wait_for_it(|| match child.try_wait() {
        Ok(Some(status)) => {
            let words = tail(&place).unwrap_or_default();
            Err(Failure::new(format!(
                "the daemon ended at once ({status}); the end of its log:\n{}",
                words.trim_end()
            )))
        }
        _ => Ok(()),
    })?;
    print(&format!("the daemon runs (pid {})\n", daemon.pid))?;
    Ok(0)
}

/// Waits until the daemon answers, or this says why it will not.
fn wait_for_it(mut lives: impl FnMut() -> Result<(), Failure>) -> Result<DaemonStatus, Failure> {
    let began = Instant::now();
    while began.elapsed() < COMING {
        if let Some(daemon) = asked().ok().flatten() {
            return Ok(daemon);
        }
        lives()?;
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(Failure::new(
        "the daemon was started and does not answer; see `devdoctor daemon logs`",
    ))
}

/// The log, ready to be added to.
fn log_file(place: &Place) -> Result<File, Failure> {
    let fail = |error: std::io::Error| {
        Failure::new(format!(
            "the log {} cannot be written: {error}\nto run without one: devdoctor daemon run",
            place.log.display()
        ))
    };
    std::fs::create_dir_all(&place.state).map_err(fail)?;
    if std::fs::metadata(&place.log).is_ok_and(|meta| meta.len() > LARGE_LOG) {
        let old = place.log.with_extension("log.old");
        std::fs::rename(&place.log, old).map_err(fail)?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(&place.log)
        .map_err(fail)
}

/// Ends the daemon, and the service that would start it again.
pub fn stop() -> Result<u8, Failure> {
    let service = service()?.stop().map_err(Failure::new)?;
    print(match end()? || service {
        true => "the daemon has ended\n",
        false => "no daemon runs\n",
    })?;
    Ok(0)
}

/// Tells the daemon to end and waits until it has; whether there was one.
fn end() -> Result<bool, Failure> {
    let mut client = match Client::connect(PATIENCE) {
        Ok(client) => client,
        Err(NoDaemon::NotRunning) => return Ok(false),
        Err(error) => return Err(Failure::new(error)),
    };
    client
        .call::<bool>(Call::Shutdown, PATIENCE)
        .map_err(Failure::new)?;
    let began = Instant::now();
    while began.elapsed() < COMING {
        if matches!(Client::connect(PATIENCE), Err(NoDaemon::NotRunning)) {
            return Ok(true);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(Failure::new(
        "the daemon was told to end and still answers; see `devdoctor daemon logs`",
    ))
}

/// Says how the daemon is.
pub fn status(args: &StatusArgs, settings: &Settings) -> Result<u8, Failure> {
    let daemon = asked()?;
    if args.json {
        print(&json::object(&daemon)?)?;
    } else {
        let style = style(settings, false);
        match &daemon {
            None => print(&format!("{}\n", clean(&NoDaemon::NotRunning.to_string())))?,
            Some(daemon) => print(&words(daemon, &style))?,
        }
    }
    Ok(if daemon.is_some() { 0 } else { 3 })
}

fn words(daemon: &DaemonStatus, style: &crate::frontends::style::Style) -> String {
    let mut out = format!(
        "devdoctor {} runs (pid {}), since {}\n",
        clean(&daemon.version),
        daemon.pid,
        human_age(daemon.uptime_s)
    );
    let used = format!(
        "{} s of processor time, {:.1} MB of memory",
        daemon.cpu_ms as f64 / 1000.0,
        daemon.resident as f64 / 1e6
    );
    let sockets = format!("{}, {} times a second", daemon.sockets, daemon.rate_hz);
    let lines = [
        ("sockets", &sockets),
        ("refusals", &daemon.radar),
        ("ends", &daemon.ends),
        ("containers", &daemon.containers),
        ("files", &daemon.files),
        ("notifications", &daemon.notifications),
        ("used", &used),
    ];
    for (what, how) in lines {
        let what = style.dim(&format!("{what:<14}"));
        out.push_str(&format!("  {what} {}\n", clean(how)));
    }
    for project in &daemon.projects {
        let what = style.dim(&format!("{:<14}", "project"));
        out.push_str(&format!("  {what} {}\n", clean(project)));
    }
    for note in &daemon.notes {
        out.push_str(&format!("  note: {}\n", clean(note)));
    }
    out
}

/// Prints the end of the log.
pub fn logs(args: &LogsArgs) -> Result<u8, Failure> {
    let place = place()?;
    let words = tail(&place).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::new(format!(
            "there is no log at {}: a daemon that `devdoctor daemon start` started writes it; \
             that of a system service is in its journal: journalctl --user -u devdoctor",
            place.log.display()
        )),
        _ => Failure::new(format!("{}: {error}", place.log.display())),
    })?;
    print(&words)?;
    if !args.follow {
        return Ok(0);
    }
    let fail = |error: std::io::Error| Failure::new(format!("{}: {error}", place.log.display()));
    let mut at = std::fs::metadata(&place.log).map_err(fail)?.len();
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let now = std::fs::metadata(&place.log).map_err(fail)?.len();
        if now < at {
            at = 0;
        }
        if now > at {
            print(&read(&place, at).map_err(fail)?)?;
            at = now;
        }
    }
}

/// The end of the log, from the beginning of a line.
fn tail(place: &Place) -> std::io::Result<String> {
    let length = std::fs::metadata(&place.log)?.len();
    let from = length.saturating_sub(TAIL);
    let text = read(place, from)?;
    Ok(match (from, text.split_once('\n')) {
        (1.., Some((_, rest))) => rest.to_owned(),
        _ => text,
    })
}

/// The log from this byte on, without what a terminal would obey.
fn read(place: &Place, from: u64) -> std::io::Result<String> {
    let mut file = File::open(&place.log)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(4 * LARGE_LOG).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.split_inclusive('\n').map(line).collect())
}

fn line(line: &str) -> String {
    match line.strip_suffix('\n') {
        Some(words) => clean(words) + "\n",
        None => clean(line),
    }
}
