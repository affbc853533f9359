//! Services of a real systemd of a user, which runs for the story only.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::stage::{Ask, Server, Stage, stories};

/// Longer than any machine needs, however busy it is.
const LONG: Duration = Duration::from_secs(20);
/// Where Debian and its children keep it.
const SYSTEMD: [&str; 2] = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"];
/// Where it has its own socket.
const RUNTIME: &str = "/run/user";

/// A systemd of the story's user.
struct Manager {
    _process: Server,
    groups: Vec<PathBuf>,
}

impl Manager {
    /// Starts it with these units; nothing where that cannot be done here.
    fn start(stage: &Stage, units: &[(&str, &str)]) -> Option<Self> {
        if !stage.needs_root() || !stage.needs(&["systemctl"]) {
            return None;
        }
        let Some(systemd) = SYSTEMD.iter().find(|path| Path::new(path).is_file()) else {
            stage.pass_over("systemd is not installed");
            return None;
        };
        let folder = stage.folder().join("home/.config/systemd/user");
        for folder in [
            &folder,
            Path::new(RUNTIME),
            Path::new("/run/systemd/system"),
        ] {
            fs::create_dir_all(folder).unwrap();
        }
        for (name, text) in units {
            fs::write(folder.join(name), text).unwrap();
        }
        let groups = groups();
        let mut script = String::new();
        for group in &groups {
            let group = group.display();
            script += &format!("mkdir -p {group} && echo $$ >{group}/cgroup.procs && ");
        }
        script += &format!("echo begun && exec {systemd} --user");
        let home = format!("HOME={}", stage.folder().join("home").display());
        let runtime = format!("XDG_RUNTIME_DIR={RUNTIME}");
        let words = ["env", &home, &runtime, "sh", "-c", &script];
        let process = stage.program(&words, &stage.work(), "begun");
        let manager = Manager {
            _process: process,
            groups,
        };
        until("systemd answers", || {
            matches!(
                &*told(stage, &["is-system-running"]),
                "running" | "degraded"
            )
        });
        Some(manager)
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        for group in &self.groups {
            let began = Instant::now();
            while group.exists() && began.elapsed() < LONG {
                end(group);
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// The cgroups that a systemd works with: of version 1, version 2, or both.
fn groups() -> Vec<PathBuf> {
    let name = format!("devdoctor-story-{}", std::process::id());
    let places = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"];
    let mut tops: Vec<PathBuf> = places.iter().map(PathBuf::from).collect();
    tops.retain(|top| top.join("cgroup.procs").exists());
    if tops.is_empty() {
        tops.push(PathBuf::from("/sys/fs/cgroup"));
    }
    // The pid is one of the story's namespace: others have the same.
    let own = format!(
        "{name}-{}",
        fs::metadata("/proc/self/ns/pid").map_or(0, inode)
    );
    tops.into_iter().map(|top| top.join(&own)).collect()
}

fn inode(about: fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(&about)
}

/// Ends everybody in a cgroup, and removes it with all below.
fn end(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            end(&entry.path());
        }
    }
    let members = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    for pid in members.lines().filter(|pid| *pid != "0") {
        let _ = Command::new("kill").args(["-KILL", pid]).output();
    }
    let _ = fs::remove_dir(group);
}

/// What `systemctl --user` prints.
fn told(stage: &Stage, args: &[&str]) -> String {
    let output = Command::new("systemctl")
        .arg("--user")
        .args(args)
        .env("HOME", stage.folder().join("home"))
        .env("XDG_RUNTIME_DIR", RUNTIME)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn state(stage: &Stage, unit: &str) -> String {
    told(stage, &["show", "--property=ActiveState", "--value", unit])
}

#[track_caller]
fn until(what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < LONG, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A question by somebody whose systemd it is.
fn ask(target: &str) -> Ask {
    Ask::new(target).var("XDG_RUNTIME_DIR", RUNTIME)
}

const SOCKET: &str = "[Socket]\nListenStream=127.0.0.1:3000\n";

stories! {
    fn a_service_that_has_failed(stage) {
        let redis = "[Service]\nExecStart=/bin/sh -c 'exit 3'\n";
        let Some(_manager) = Manager::start(stage, &[("redis-server.service", redis)]) else {
            return;
        };
        // It was never started.
        stage
            .ask(ask("redis://127.0.0.1:6379"))
            .finds("DD211")
            .first("says", "redis-server.service, which serves Redis, is installed and does not run")
            .fix("systemctl --user start redis-server");
        told(stage, &["start", "redis-server"]);
        until("it fails", || state(stage, "redis-server") == "failed");
        stage
            .ask(ask("redis://127.0.0.1:6379"))
            .finds("DD211")
            .first("says", "has failed (status 3)")
            .fix("journalctl --user -u redis-server.service -n 20 --no-pager");
        // Another port is none of its business.
        stage.ask(ask("127.0.0.1:6380")).finds("DD201").first("confidence", "certain");
    }

    fn a_socket_that_was_given_up(stage) {
        let web = "[Service]\nExecStart=/bin/false\n";
        let units = [("web.socket", SOCKET), ("web.service", web)];
        let Some(_manager) = Manager::start(stage, &units) else {
            return;
        };
        told(stage, &["start", "web.socket"]);
        until("its service has failed too often", || {
            let _ = std::net::TcpStream::connect("127.0.0.1:3000");
            state(stage, "web.socket") == "failed"
        });
        stage
            .ask(ask("127.0.0.1:3000"))
            .finds("DD211")
            .first("says", "web.socket, which should, has failed")
            .fix("systemctl --user reset-failed web.socket web.service");
    }

    fn a_socket_whose_service_does_not_come_up(stage) {
        let web = "[Service]\nExecStartPre=/bin/sleep 600\nExecStart=/bin/true\n\
                   TimeoutStartSec=infinity\n";
        let units = [("web.socket", SOCKET), ("web.service", web)];
        let Some(_manager) = Manager::start(stage, &units) else {
            return;
        };
        told(stage, &["start", "web.socket"]);
        until("it listens", || state(stage, "web.socket") == "active");
        stage
            .ask(ask("http://127.0.0.1:3000"))
            .finds("DD413")
            .first("says", "systemd holds port 3000 for web.service (web.socket)")
            .fix("systemctl --user stop web.socket");
    }
}
