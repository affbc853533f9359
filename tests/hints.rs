//! Hints of project files and of the host, for real: the limits of inotify, git, and the
//! kernel's announcements of addresses. What changes a limit or an address plays in
//! namespaces of its own.

#![cfg(target_os = "linux")]

#[path = "support/machine.rs"]
mod machine;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use devdoctor::sources::{host, projects};
use machine::{pass_over, run, which};
use tokio::runtime::Runtime;

/// Longer than any machine needs, however busy it is.
const LONG: Duration = Duration::from_secs(20);
/// Long enough for a second hint to come, if there is one.
const A_WHILE: Duration = Duration::from_millis(1500);
/// Says to this binary that it runs inside of namespaces of its own.
const INSIDE: &str = "DEVDOCTOR_HINTS_INSIDE";

/// Runs the test of this name again inside of new namespaces; whether this is the inside.
fn inside(name: &str, namespaces: &[&str]) -> bool {
    if std::env::var(INSIDE).is_ok_and(|inside| inside == name) {
        return true;
    }
    let unshare = |program: &Path| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user"]);
        command.args(namespaces).arg(program).stdin(Stdio::null());
        command
    };
    match unshare(Path::new("true")).output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            pass_over(name, &format!("no namespaces here: {why}"));
            return false;
        }
        Err(error) => {
            pass_over(name, &format!("unshare: {error}"));
            return false;
        }
    }
    let output = unshare(&std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, name)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let erred = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{erred}");
    false
}

/// A folder of this test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("devdoctor-hints-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path.canonicalize().unwrap())
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

/// A project that is read and watched, as the daemon does it.
struct Watched {
    folder: Folder,
    watch: projects::Watch,
    runtime: Runtime,
}

impl Watched {
    fn new(folder: Folder) -> Self {
        let root = folder.0.display().to_string();
        let read = projects::read(&root, LONG);
        assert!(read.claims.is_seen());
        let mut watched = Watched {
            folder,
            watch: projects::Watch::new(),
            runtime: runtime(),
        };
        watched.watch.watch(&BTreeMap::from([(root, read.folders)]));
        let began = Instant::now();
        loop {
            watched.folder.file(".env", "SETTLE=1\n");
            if watched.next(Duration::from_secs(3)).is_some() {
                break;
            }
            assert!(began.elapsed() < LONG, "nothing is told");
        }
        while watched.next(A_WHILE).is_some() {}
        watched
    }

    fn next(&mut self, within: Duration) -> Option<Vec<String>> {
        let next = async { tokio::time::timeout(within, self.watch.next()).await };
        self.runtime.block_on(next).ok()
    }

    #[track_caller]
    fn told_once(&mut self) {
        let root = self.folder.0.display().to_string();
        assert_eq!(self.next(LONG), Some(vec![root]), "{}", self.watch.mode());
        assert_eq!(self.next(A_WHILE), None, "told twice");
    }
}

/// A monorepo of so many packages.
fn packages(name: &str, count: usize) -> Folder {
    let folder = Folder::new(name);
    folder.file("package.json", r#"{"workspaces": ["packages/*"]}"#);
    for number in 0..count {
        let text = format!(r#"{{"name": "p{number}"}}"#);
        folder.file(&format!("packages/p{number}/package.json"), &text);
    }
    folder
}

#[test]
fn beyond_the_limit_of_watches_folders_are_polled() {
    if !inside("beyond_the_limit_of_watches_folders_are_polled", &[]) {
        return;
    }
    fs::write("/proc/sys/user/max_inotify_watches", "5").unwrap();
    let mut watched = Watched::new(packages("watches", 20));
    // The root, `packages`, and the 20 in it.
    let mode = "watching 5, polling 17: the limit of inotify watches is reached";
    assert_eq!(watched.watch.mode(), mode);
    for number in [0, 1, 9, 19] {
        let text = format!(r#"{{"name": "q{number}"}}"#);
        let path = format!("packages/p{number}/package.json");
        watched.folder.file(&path, &text);
        watched.told_once();
    }
    // What matters to nobody is not told by polling either.
    for number in 0..20 {
        watched.folder.file(&format!("packages/p{number}/x.o"), "");
    }
    assert_eq!(watched.next(Duration::from_secs(5)), None);
    // A file that comes, and one that goes.
    watched.folder.file("packages/p19/.env", "PORT=4000\n");
    watched.told_once();
    fs::remove_file(watched.folder.0.join("packages/p19/.env")).unwrap();
    watched.told_once();
    // A folder that goes, and comes back.
    let (there, away) = ("packages/p19", "gone");
    let path = |name: &str| watched.folder.0.join(name);
    let (there, away) = (path(there), path(away));
    fs::rename(&there, &away).unwrap();
    assert!(watched.next(LONG).is_some());
    while watched.next(A_WHILE).is_some() {}
    fs::rename(&away, &there).unwrap();
    assert!(watched.next(LONG).is_some());
}

#[test]
fn without_any_inotify_everything_is_polled() {
    if !inside("without_any_inotify_everything_is_polled", &[]) {
        return;
    }
    fs::write("/proc/sys/user/max_inotify_instances", "0").unwrap();
    let mut watched = Watched::new(packages("instances", 3));
    let mode = watched.watch.mode();
    let wanted = "watching 0, polling 5: the system gives no watcher (";
    assert!(mode.starts_with(wanted), "{mode}");
    watched.folder.file("packages/p2/package.json", "{}");
    watched.told_once();
}

#[test]
fn a_checkout_is_one_hint() {
    if which("git").is_none() {
        return pass_over("a_checkout_is_one_hint", "it needs git");
    }
    let folder = packages("git", 200);
    let root = folder.0.display().to_string();
    let git = |args: &[&str]| {
        let own = ["-C", &root, "-c", "user.name=t", "-c", "user.email=t@t"];
        run("git", &[&own[..], args].concat());
    };
    folder.file(".gitignore", ".env\n");
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "one"]);
    git(&["checkout", "-qb", "other"]);
    for number in 0..200 {
        let path = format!("packages/p{number}/package.json");
        folder.file(&path, &format!(r#"{{"name": "other{number}"}}"#));
    }
    git(&["commit", "-qam", "two"]);
    let mut watched = Watched::new(folder);
    git(&["checkout", "-q", "main"]);
    watched.told_once();
    git(&["checkout", "-q", "other"]);
    watched.told_once();
    // A look at it changes nothing.
    git(&["status", "--short"]);
    git(&["log", "-1"]);
    assert_eq!(watched.next(A_WHILE), None);
}

#[test]
fn ten_thousand_files_of_a_build_wake_nobody() {
    let mut watched = Watched::new(packages("build", 2));
    for folder in ["target/debug", "packages/p0/node_modules/x", ".git/objects"] {
        fs::create_dir_all(watched.folder.0.join(folder)).unwrap();
    }
    for number in 0..10_000 {
        watched.folder.file(&format!("target/debug/{number}.o"), "");
    }
    let module = "packages/p0/node_modules/x/package.json";
    watched.folder.file(module, "{}");
    watched.folder.file(".git/objects/package.json", "{}");
    assert_eq!(watched.next(A_WHILE), None);
    // A folder that devdoctor does not know by its name is let go when it gets busy.
    fs::create_dir(watched.folder.0.join("dist")).unwrap();
    for number in 0..10_000 {
        watched.folder.file(&format!("dist/{number}.js"), "");
    }
    assert_eq!(watched.next(A_WHILE), None);
    watched.folder.file("packages/p1/package.json", "{}");
    watched.told_once();
}

/// The next hint of the host.
fn host_hint(runtime: &Runtime, watch: &mut host::Watch, within: Duration) -> bool {
    let next = async { tokio::time::timeout(within, watch.next()).await };
    runtime.block_on(next).is_ok()
}

#[test]
fn addresses_that_come_and_go_are_told() {
    let name = "addresses_that_come_and_go_are_told";
    if which("ip").is_none() {
        return pass_over(name, "it needs `ip` (iproute2)");
    }
    if !inside(name, &["--net"]) {
        return;
    }
    let runtime = runtime();
    let mut watch = host::Watch::new();
    while host_hint(&runtime, &mut watch, A_WHILE) {}
    let changes: &[&[&str]] = &[
        &["link", "set", "lo", "up"],
        &["addr", "add", "10.9.8.7/24", "dev", "lo"],
        &["-6", "addr", "add", "fd00::7/64", "dev", "lo"],
        &["addr", "del", "10.9.8.7/24", "dev", "lo"],
        &["link", "set", "lo", "down"],
    ];
    for change in changes {
        let began = Instant::now();
        run("ip", change);
        assert!(host_hint(&runtime, &mut watch, LONG), "{change:?}");
        println!("{change:?}: {} ms", began.elapsed().as_millis());
        while host_hint(&runtime, &mut watch, A_WHILE) {}
    }
    // Very many, more than the kernel keeps for us, are few hints, and none is the last.
    let batch = std::env::temp_dir().join(format!("devdoctor-ip-{}", std::process::id()));
    let mut lines = String::from("link set lo up\n");
    for number in 0..4000 {
        let (high, low) = (number / 250, number % 250 + 1);
        lines.push_str(&format!("addr add 10.{high}.1.{low}/32 dev lo\n"));
    }
    fs::write(&batch, lines).unwrap();
    let began = Instant::now();
    run("ip", &["-batch", batch.to_str().unwrap()]);
    let _ = fs::remove_file(&batch);
    let mut hints = 0;
    while host_hint(&runtime, &mut watch, A_WHILE) {
        hints += 1;
    }
    let seconds = began.elapsed().as_secs();
    assert!(hints >= 1 && hints <= seconds + 1, "{hints} in {seconds} s");
    run("ip", &["addr", "flush", "dev", "lo"]);
    assert!(host_hint(&runtime, &mut watch, LONG));
}

#[test]
fn a_hosts_file_that_is_mounted_over_another_is_told() {
    let name = "a_hosts_file_that_is_mounted_over_another_is_told";
    if !inside(name, &["--mount"]) {
        return;
    }
    let folder = Folder::new("hosts");
    folder.file("hosts", "127.0.0.1 localhost\n");
    let hosts = folder.0.join("hosts");
    run("mount", &["--bind", hosts.to_str().unwrap(), "/etc/hosts"]);
    let runtime = runtime();
    let mut watch = host::Watch::new();
    let began = Instant::now();
    loop {
        fs::write("/etc/hosts", "127.0.0.1 localhost\n").unwrap();
        if host_hint(&runtime, &mut watch, Duration::from_secs(1)) {
            break;
        }
        assert!(began.elapsed() < LONG, "nothing is told");
    }
    while host_hint(&runtime, &mut watch, A_WHILE) {}
    fs::write("/etc/hosts", "127.0.0.1 localhost shop\n").unwrap();
    assert!(host_hint(&runtime, &mut watch, LONG));
    run("umount", &["/etc/hosts"]);
}
