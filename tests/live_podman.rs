//! Podman, for real: its own service, its own forwarders, its own pace.

#![cfg(target_os = "linux")]

#[path = "support/machine.rs"]
mod machine;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use machine::{pass_over, run, search_path, which};
use serde_json::Value;

/// Says to this binary that it runs inside a world of its own, and where its files are.
const FOLDER: &str = "DEVDOCTOR_PODMAN_WORLD";
/// The image: busybox, with a web page in `/www`.
const IMAGE: &str = "localhost/devdoctor/web:1";
/// Limits that a machine without the right to raise them bears, and no systemd.
const CONF: &str = "[containers]
default_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]
[engine]
cgroup_manager = \"cgroupfs\"
events_logger = \"file\"
";

#[test]
fn causes_in_containers_of_podman() {
    let programs = [
        "unshare", "mount", "ip", "iptables", "podman", "runc", "tar", "busybox",
    ];
    let missing = programs
        .into_iter()
        .find(|program| which(program).is_none());
    let lacks = match missing {
        _ if !rustix::process::getuid().is_root() => Some("root".to_owned()),
        Some(program) => Some(format!("the program `{program}`")),
        None => None,
    };
    if let Some(what) = lacks {
        return pass_over("podman", &format!("it needs {what}"));
    }
    let folder = std::env::temp_dir().join(format!("dd-podman-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let output = Command::new("unshare")
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child"])
        .args(["--mount-proc", "--propagation", "private"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "world", "--nocapture"])
        .env(FOLDER, &folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let _ = std::fs::remove_dir_all(&folder);
    let told = String::from_utf8_lossy(&output.stdout);
    let erred = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{erred}");
    print!("{told}");
}

/// What the test above runs in its world; outside of one there is nothing to ask.
#[test]
fn world() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let world = World::begin(PathBuf::from(folder));
    let serve = |at: &'static str| ["/bin/busybox", "httpd", "-f", "-h", "/www", "-p", at];
    world.run("fine", &["-p", "3000:8080"], &serve("8080"));
    world.run("astray", &["-p", "3002:9999"], &serve("8080"));
    world.run("inward", &["-p", "3003:8080"], &serve("127.0.0.1:8080"));
    let fails = ["/bin/busybox", "sh", "-c", "exit 3"];
    world.run("gone", &["-p", "3004:8080"], &fails);
    world.run("hidden", &[], &serve("8090"));
    world.run("elsewhere", &["-p", "3009:8091"], &serve("8091"));
    let began = Instant::now();
    while world.why("http://127.0.0.1:3000").1 != Some(0) {
        assert!(began.elapsed() < Duration::from_secs(20), "no server");
        std::thread::sleep(Duration::from_millis(100));
    }
    for (target, code) in [
        ("http://127.0.0.1:3002", "DD504"),
        ("http://127.0.0.1:3003", "DD503"),
        ("3004", "DD506"),
        ("8090", "DD501"),
        ("8091", "DD502"),
    ] {
        let (report, exit) = world.why(target);
        let first = &report["findings"][0];
        assert_eq!(first["code"], code, "{target}: {report:#}");
        assert_eq!(exit, Some(1), "{target}");
        // Its commands are named, and not another engine's.
        assert!(!first["fixes"].to_string().contains("docker"), "{first:#}");
    }
    let ports = world.devdoctor(&["ports", "3000", "--json"]).0;
    let container = &ports["ports"][0]["container"];
    assert_eq!(container["name"], "fine", "{ports:#}");
    assert_eq!(container["port"], 8080, "{ports:#}");
}

/// The inside of the world, with its service running.
struct World {
    folder: PathBuf,
    service: Child,
}

impl World {
    fn begin(folder: PathBuf) -> World {
        run("mount", &["-t", "tmpfs", "tmpfs", "/run"]);
        run("ip", &["link", "set", "lo", "up"]);
        std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap();
        std::fs::write(folder.join("containers.conf"), CONF).unwrap();
        let service = podman(&folder)
            .args(["system", "service", "-t", "0"])
            .arg(format!("unix://{}", folder.join("podman.sock").display()))
            .spawn()
            .unwrap();
        let world = World { folder, service };
        world.import_image();
        let began = Instant::now();
        while !world.folder.join("podman.sock").exists() {
            assert!(began.elapsed() < Duration::from_secs(20), "no service");
            std::thread::sleep(Duration::from_millis(20));
        }
        world
    }

    fn import_image(&self) {
        let root = self.folder.join("image");
        for folder in ["bin", "www"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        std::fs::write(root.join("www/index.html"), "hello\n").unwrap();
        std::fs::copy(which("busybox").unwrap(), root.join("bin/busybox")).unwrap();
        let tarball = self.folder.join("image.tar");
        let (root, tarball) = (root.to_str().unwrap(), tarball.to_str().unwrap());
        run("tar", &["-C", root, "-cf", tarball, "."]);
        self.podman(&["import", tarball, IMAGE]);
    }

    fn podman(&self, args: &[&str]) {
        let output = podman(&self.folder).args(args).output().unwrap();
        assert!(
            output.status.success(),
            "podman {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn run(&self, name: &str, options: &[&str], command: &[&str]) {
        let args = [
            &["run", "-d", "--name", name][..],
            options,
            &[IMAGE],
            command,
        ];
        self.podman(&args.concat());
    }

    fn why(&self, target: &str) -> (Value, Option<i32>) {
        self.devdoctor(&["why", target, "--json"])
    }

    fn devdoctor(&self, args: &[&str]) -> (Value, Option<i32>) {
        let output = Command::new(env!("CARGO_BIN_EXE_devdoctor"))
            .args(args)
            .env("PATH", search_path())
            .env(
                "CONTAINER_HOST",
                format!("unix://{}", self.folder.join("podman.sock").display()),
            )
            // The machine may be busy, and what is asked is who is right.
            .env("DEVDOCTOR_TIMEOUTS_ENGINES", "10s")
            .env("HOME", &self.folder)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let report =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{args:?}: {error}: {text}"));
        (report, output.status.code())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = podman(&self.folder).args(["rm", "-fa", "-t0"]).output();
        let _ = self.service.kill();
        let _ = self.service.wait();
    }
}

/// `podman` with everything that it keeps in this folder.
fn podman(folder: &Path) -> Command {
    let mut command = Command::new(which("podman").unwrap());
    command
        .arg("--root")
        .arg(folder.join("root"))
        .arg("--runroot")
        .arg(folder.join("run"))
        .args(["--storage-driver", "vfs", "--runtime", "runc"])
        .env("CONTAINERS_CONF", folder.join("containers.conf"))
        .env("PATH", search_path())
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}
