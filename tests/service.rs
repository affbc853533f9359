//! The daemon as a service: the files in `config/` as the tools that read them see them,
//! and a real systemd of a user, in a world of its own, that runs the real daemon.

#![cfg(target_os = "linux")]

#[path = "support/machine.rs"]
mod machine;

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use devdoctor::sources::service::Service;
use machine::{pass_over, which};

/// Longer than any machine needs, however busy it is.
const LONG: Duration = Duration::from_secs(30);
/// Says to this binary that it runs in the world of a systemd, and where its files are.
const WORLD: &str = "DEVDOCTOR_SERVICE_WORLD";
/// The program's folder: whatever means something in a desktop's file.
const DESK: &str = "it's of \"$HOME\" & `so on`";
/// The same for a unit.
const APPS: &str = "it's 5%h of \"$HOME\" \\n";
/// Nobody: not root, and with nothing of its own.
const NOBODY: u32 = 65534;
/// Where Debian and its children keep it.
const SYSTEMD: [&str; 2] = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"];

fn config(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("config")
        .join(name)
}

/// A folder of this test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("dd-service-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Folder(path.canonicalize().unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn systemd_has_nothing_to_say_about_the_units() {
    if which("systemd-analyze").is_none() {
        let name = "systemd_has_nothing_to_say_about_the_units";
        return pass_over(name, "it needs systemd-analyze (systemd)");
    }
    let folder = Folder::new("verify");
    let runtime = folder.0.join("runtime");
    fs::create_dir(&runtime).unwrap();
    fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700)).unwrap();
    for name in ["devdoctor.service", "devdoctor.socket"] {
        let text = fs::read_to_string(config(name)).unwrap();
        // It must be there.
        let text = text.replace("/usr/bin/devdoctor", env!("CARGO_BIN_EXE_devdoctor"));
        fs::write(folder.0.join(name), text).unwrap();
    }
    for name in ["devdoctor.service", "devdoctor.socket"] {
        verify(&folder.0.join(name), &runtime);
    }
}

/// Has systemd read a unit, which it must do without a word.
#[track_caller]
fn verify(unit: &Path, runtime: &Path) {
    let output = Command::new("systemd-analyze")
        .args(["verify", "--user", "--man=no"])
        .arg(unit)
        .env("XDG_RUNTIME_DIR", runtime)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    // What it does not know is only told.
    assert_eq!(String::from_utf8_lossy(&said), "", "{}", unit.display());
    assert!(output.status.success());
}

fn python(script: &str, file: &str) {
    if which("python3").is_none() {
        return pass_over(file, "it needs python3");
    }
    let output = Command::new("python3")
        .args(["-c", script])
        .arg(config(file))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn the_agent_of_launchd_is_what_it_says() {
    python(
        "
import plistlib, sys
agent = plistlib.load(open(sys.argv[1], 'rb'))
assert agent['Label'] == 'dev.devdoctor.daemon', agent
assert agent['ProgramArguments'] == ['/usr/bin/devdoctor', 'daemon', 'run'], agent
assert agent['RunAtLoad'] is True, agent
assert agent['KeepAlive'] == {'SuccessfulExit': False}, agent
assert agent['Umask'] == 0o77, agent
assert agent['StandardErrorPath'] == '/var/log/devdoctor.log', agent
",
        "dev.devdoctor.daemon.plist",
    );
}

#[test]
fn the_task_of_windows_is_what_it_says() {
    python(
        "
import sys
from xml.etree import ElementTree
# As it is handed over.
text = open(sys.argv[1], encoding='utf-8').read()
task = ElementTree.fromstring(text.encode('utf-16'))
space = '{http://schemas.microsoft.com/windows/2004/02/mit/task}'
find = lambda path: task.find('/'.join(space + part for part in path.split('/'))).text
assert find('Actions/Exec/Command') == '/usr/bin/devdoctor'
assert find('Actions/Exec/Arguments') == 'daemon start --as-service'
assert find('Triggers/LogonTrigger/UserId') == find('Principals/Principal/UserId')
assert find('Principals/Principal/RunLevel') == 'LeastPrivilege'
assert find('Settings/ExecutionTimeLimit') == 'PT0S'
",
        "devdoctor-task.xml",
    );
}

/// Makes a place where a systemd of a user believes that the machine was started by one,
/// and leaves this process's rights there.
const SCRIPT: &str = r#"
set -eu
mount -t tmpfs tmpfs /run/systemd
mkdir -p /run/systemd/system
for place in $DEVDOCTOR_CGROUPS; do
    mkdir -p "$place"
    chown -R 65534:65534 "$place"
    echo $$ >"$place/cgroup.procs"
done
exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
"#;

/// The cgroup folders that a systemd works with: of version 1, version 2, or both.
fn cgroups(name: &str) -> Vec<PathBuf> {
    let places = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"];
    let mut tops: Vec<PathBuf> = places.iter().map(PathBuf::from).collect();
    tops.retain(|top| top.join("cgroup.procs").exists());
    if tops.is_empty() {
        tops.push(PathBuf::from("/sys/fs/cgroup"));
    }
    tops.into_iter().map(|top| top.join(name)).collect()
}

/// Removes cgroups with all that are in them: nobody is in them any more.
fn remove_cgroups(places: &[PathBuf]) {
    for place in places {
        for entry in fs::read_dir(place).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                remove_cgroups(&[entry.path()]);
            }
        }
        let _ = fs::remove_dir(place);
    }
}

#[test]
fn a_systemd_of_a_user_runs_the_daemon() {
    let name = "a_systemd_of_a_user_runs_the_daemon";
    if !rustix::process::getuid().is_root() {
        return pass_over(name, "it needs root");
    }
    let programs = [
        "unshare",
        "mount",
        "setpriv",
        "systemctl",
        "systemd-analyze",
        "bash",
        "gio",
    ];
    for program in programs {
        if which(program).is_none() {
            return pass_over(name, &format!("it needs the program `{program}`"));
        }
    }
    let systemd = SYSTEMD.iter().find(|path| Path::new(path).is_file());
    if systemd.is_none() {
        return pass_over(name, "it needs systemd");
    }
    let folder = Folder::new("world");
    let own = |name: &str| folder.0.join(name);
    // Another user must be able to run them.
    for name in [APPS, DESK] {
        fs::create_dir(own(name)).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_devdoctor"), own(name).join("devdoctor")).unwrap();
    }
    fs::copy(std::env::current_exe().unwrap(), own("test")).unwrap();
    for name in ["home", "runtime"] {
        fs::create_dir(own(name)).unwrap();
        chown(own(name), Some(NOBODY), Some(NOBODY)).unwrap();
        fs::set_permissions(own(name), fs::Permissions::from_mode(0o700)).unwrap();
    }
    let groups = cgroups(&format!("devdoctor-test-{}", std::process::id()));
    let in_words: Vec<_> = groups.iter().map(|path| path.to_str().unwrap()).collect();
    let output = Command::new("unshare")
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child"])
        .args(["--mount-proc", "--propagation", "private"])
        .args(["bash", "-c", SCRIPT, "bash"])
        .arg(own("test"))
        .args(["--exact", "world", "--nocapture"])
        .env_clear()
        .env("PATH", machine::search_path())
        .env("DEVDOCTOR_CGROUPS", in_words.join(" "))
        .env(WORLD, &folder.0)
        .env("HOME", own("home"))
        .env("XDG_RUNTIME_DIR", own("runtime"))
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let began = Instant::now();
    while groups.iter().any(|place| place.exists()) && began.elapsed() < LONG {
        remove_cgroups(&groups);
        std::thread::sleep(Duration::from_millis(20));
    }
    let log = fs::read_to_string(own("runtime/systemd.log")).unwrap_or_default();
    let told = String::from_utf8_lossy(&output.stdout);
    let erred = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{erred}\n--- log\n{log}");
    print!("{told}");
}

fn systemctl(args: &[&str]) -> Output {
    Command::new("systemctl")
        .arg("--user")
        .args(args)
        .output()
        .unwrap()
}

/// What `systemctl` prints.
fn told(args: &[&str]) -> String {
    String::from_utf8_lossy(&systemctl(args).stdout)
        .trim()
        .to_owned()
}

#[track_caller]
fn until(what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < LONG, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn state(unit: &str) -> String {
    told(&["show", "--property=ActiveState", "--value", unit])
}

/// Everything below a folder.
fn all_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        found.push(entry.path());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(all_below(&entry.path()));
        }
    }
    found
}

/// The manager, which ends with the world at the latest.
struct Manager(Child);

impl Manager {
    fn start(folder: &Path) -> Self {
        let log = fs::File::create(folder.join("runtime/systemd.log")).unwrap();
        let systemd = SYSTEMD.iter().find(|path| Path::new(path).is_file());
        let child = Command::new(systemd.unwrap())
            .arg("--user")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let manager = Manager(child);
        until("systemd answers", || {
            matches!(&*told(&["is-system-running"]), "running" | "degraded")
        });
        manager
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn plain(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

fn on_a_desktop(name: &str) -> Option<OsString> {
    match name {
        "XDG_CURRENT_DESKTOP" => Some("GNOME".into()),
        name => std::env::var_os(name),
    }
}

/// What the test above runs in its world.
#[test]
fn world() {
    let Some(folder) = std::env::var_os(WORLD).map(PathBuf::from) else {
        return;
    };
    let program = folder.join(APPS).join("devdoctor");
    let says = |words: &[&str]| Command::new(&program).args(words).output().unwrap();
    let status = || says(&["daemon", "status"]);
    let service = Service {
        program: program.clone(),
        log: folder.join("home/daemon.log"),
        variable: plain,
    };
    let config = folder.join("home/.config");

    // Nobody answers: it is said what to do, and nothing is left.
    let why = service.install().unwrap_err();
    assert!(why.contains("devdoctor daemon start"), "{why}");
    assert_eq!(all_below(&config), Vec::<PathBuf>::new());
    assert_eq!(service.uninstall().unwrap(), Vec::<String>::new());
    let desktop = Service {
        program: folder.join(DESK).join("devdoctor"),
        variable: on_a_desktop,
        ..service.clone()
    };
    let done = desktop.install().unwrap().join("\n");
    assert!(done.contains("at the next login"), "{done}");
    let entry = config.join("autostart/devdoctor.desktop");
    // As a desktop does at the login.
    let launched = Command::new("gio").arg("launch").arg(&entry).output();
    let launched = launched.unwrap();
    let text = fs::read_to_string(&entry).unwrap();
    assert!(launched.status.success(), "{launched:?}\n{text}");
    until("the desktop has started it", || status().status.success());
    assert!(says(&["daemon", "stop"]).status.success());

    let manager = Manager::start(&folder);
    let installed = says(&["daemon", "install"]);
    assert!(installed.status.success(), "{installed:?}");
    print!("{}", String::from_utf8_lossy(&installed.stdout));
    for unit in ["devdoctor.service", "devdoctor.socket"] {
        verify(
            &config.join("systemd/user").join(unit),
            &folder.join("runtime"),
        );
    }
    // The desktop would start a second one.
    assert!(!config.join("autostart/devdoctor.desktop").exists());
    for unit in ["devdoctor.service", "devdoctor.socket"] {
        assert_eq!(state(unit), "active", "{unit}");
        assert_eq!(told(&["is-enabled", unit]), "enabled");
        let bad = told(&["show", "--property=LoadError", "--value", unit]);
        assert_eq!(bad, "", "{unit}");
    }
    let socket = folder.join("runtime/devdoctor/daemon.sock");
    let mode = fs::metadata(&socket).unwrap().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(status().status.success(), "{:?}", status());

    // Killed, it comes back.
    let pid = || told(&["show", "--property=MainPID", "--value", "devdoctor.service"]);
    let first = pid();
    systemctl(&["kill", "--signal=KILL", "devdoctor.service"]);
    until("it comes back", || {
        state("devdoctor.service") == "active" && pid() != first
    });
    assert!(status().status.success(), "{:?}", status());

    // Stopped, it stays so, whoever asks; its socket alone starts it again.
    assert!(service.stop().unwrap());
    until("it ends", || state("devdoctor.service") == "inactive");
    assert!(!status().status.success());
    assert_eq!(state("devdoctor.service"), "inactive");
    assert!(systemctl(&["start", "devdoctor.socket"]).status.success());
    assert!(status().status.success(), "{:?}", status());
    assert_eq!(state("devdoctor.service"), "active");
    assert!(service.stop().unwrap());
    assert!(service.start().unwrap());
    assert_eq!(state("devdoctor.service"), "active");

    // Once more, as after an update.
    let before = pid();
    service.install().unwrap();
    assert_ne!(pid(), before);
    assert!(status().status.success(), "{:?}", status());

    let uninstalled = says(&["daemon", "uninstall"]);
    assert!(uninstalled.status.success(), "{uninstalled:?}");
    print!("{}", String::from_utf8_lossy(&uninstalled.stdout));
    assert_eq!(all_below(&config), Vec::<PathBuf>::new());
    let named = |place: &str| {
        let mut all = all_below(&folder.join(place));
        all.retain(|path| path.to_string_lossy().contains("devdoctor."));
        all
    };
    assert_eq!(named("home"), Vec::<PathBuf>::new());
    assert_eq!(named("runtime"), Vec::<PathBuf>::new());
    assert!(!socket.exists());
    for unit in ["devdoctor.service", "devdoctor.socket"] {
        assert_eq!(
            told(&["show", "--property=LoadState", "--value", unit]),
            "not-found"
        );
    }
    assert!(!status().status.success());
    assert_eq!(service.uninstall().unwrap(), Vec::<String>::new());
    assert!(!service.start().unwrap());

    // The manager is gone when it is to be uninstalled: the files go all the same.
    service.install().unwrap();
    // A bus that outlives its manager is asked for it in vain, for half a minute.
    systemctl(&["stop", "dbus.socket", "dbus.service"]);
    drop(manager);
    service.uninstall().unwrap();
    assert_eq!(all_below(&config), Vec::<PathBuf>::new());
}
