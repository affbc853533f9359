//! A real engine in a world of its own: network, mount and process namespaces, its
//! own `dockerd`, an image made from the machine's static busybox. Nothing outside
//! is touched, and everything ends with the world's first process.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::machine::{pass_over, run, which};

/// The address of the world that is no loopback.
pub const LAN: &str = "192.168.50.10";
/// The image: busybox, with a web page in `/www`.
pub const IMAGE: &str = "devdoctor/web:1";
/// Says to a test binary that it runs inside such a world, and where its files are.
const FOLDER: &str = "DEVDOCTOR_DOCKER_WORLD";

/// What this machine lacks for a world, if anything.
pub fn lacks() -> Option<String> {
    if !rustix::process::getuid().is_root() {
        return Some("root".to_owned());
    }
    let programs = [
        "unshare", "mount", "ip", "iptables", "dockerd", "docker", "tar", "setpriv", "busybox",
    ];
    programs
        .into_iter()
        .find(|program| which(program).is_none())
        .map(|program| format!("the program `{program}`"))
}

/// Runs the test `inside` of this binary in a new world.
pub fn enter(inside: &str, dockerd: &[&str]) {
    if let Some(what) = lacks() {
        return pass_over(inside, &format!("it needs {what}"));
    }
    let story = inside.rsplit(':').next().unwrap_or(inside);
    let name = format!("dd-{}-{story}-{}", std::process::id(), dockerd.len());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let output = Command::new("unshare")
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child"])
        .args(["--mount-proc", "--propagation", "private"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", inside, "--nocapture"])
        .env(FOLDER, &folder)
        .env("DEVDOCTOR_DOCKERD", dockerd.join(" "))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let log = std::fs::read_to_string(folder.join("dockerd.log")).unwrap_or_default();
    let _ = std::fs::remove_dir_all(&folder);
    let told = String::from_utf8_lossy(&output.stdout);
    let erred = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{told}\n{erred}\n--- end of dockerd's log\n{}",
        log.lines().rev().take(15).collect::<Vec<_>>().join("\n")
    );
    print!("{told}");
}

/// The inside of a world, with its engine running.
pub struct World {
    folder: PathBuf,
    dockerd: Child,
}

impl World {
    /// Makes this process's namespaces habitable and starts the engine; nothing if
    /// this process is in no such world.
    pub fn begin() -> Option<World> {
        let folder = PathBuf::from(std::env::var_os(FOLDER)?);
        run("ip", &["link", "set", "lo", "up"]);
        run(
            "ip",
            &[
                "link", "add", "lan0", "type", "veth", "peer", "name", "lan1",
            ],
        );
        run("ip", &["addr", "add", &format!("{LAN}/24"), "dev", "lan0"]);
        run("ip", &["link", "set", "lan0", "up"]);
        run("ip", &["link", "set", "lan1", "up"]);
        std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap();
        // `localhost` means the same on every machine that runs this.
        let hosts = folder.join("hosts");
        std::fs::write(&hosts, "127.0.0.1 localhost\n").unwrap();
        run("mount", &["--bind", hosts.to_str().unwrap(), "/etc/hosts"]);
        // Not the binary of the build: another user must be able to run it.
        let devdoctor = folder.join("devdoctor");
        std::fs::copy(env!("CARGO_BIN_EXE_devdoctor"), &devdoctor).unwrap();
        let dockerd = start_dockerd(&folder);
        let mut world = World { folder, dockerd };
        world.wait_until("the engine answers", |world| {
            world.try_docker(&["version"]).status.success()
        });
        world.import_image();
        Some(world)
    }

    fn import_image(&mut self) {
        let root = self.folder.join("image");
        for folder in ["bin", "www", "proc", "tmp"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        std::fs::write(root.join("www/index.html"), "hello\n").unwrap();
        std::fs::copy(which("busybox").unwrap(), root.join("bin/busybox")).unwrap();
        for name in ["sh", "httpd", "sleep", "cat", "echo", "wget"] {
            let _ = std::os::unix::fs::symlink("busybox", root.join("bin").join(name));
        }
        let tarball = self.folder.join("image.tar");
        let (root, tarball) = (root.to_str().unwrap(), tarball.to_str().unwrap());
        run("tar", &["-C", root, "-cf", tarball, "."]);
        self.docker(&["import", tarball, IMAGE]);
    }

    /// `unix://…` of the world's engine.
    pub fn endpoint(&self) -> String {
        format!("unix://{}", self.folder.join("docker.sock").display())
    }

    /// Lets everybody, or only root, talk to the engine.
    pub fn permit(&self, everybody: bool) {
        use std::os::unix::fs::PermissionsExt;
        let mode = if everybody { 0o666 } else { 0o600 };
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(self.folder.join("docker.sock"), permissions).unwrap();
    }

    /// The world's own folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn try_docker(&self, args: &[&str]) -> Output {
        Command::new("docker")
            .args(args)
            .env("DOCKER_HOST", self.endpoint())
            .env("DOCKER_CONFIG", self.folder.join("config"))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs `docker` and gives what it printed.
    pub fn docker(&self, args: &[&str]) -> String {
        let output = self.try_docker(args);
        assert!(
            output.status.success(),
            "docker {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Runs a container with these options and this command.
    pub fn run(&self, name: &str, options: &[&str], command: &[&str]) {
        let args = [
            &["run", "-d", "--name", name][..],
            options,
            &[IMAGE],
            command,
        ];
        self.docker(&args.concat());
    }

    /// Runs a container that the engine makes and cannot start.
    pub fn run_in_vain(&self, name: &str, options: &[&str], command: &[&str]) {
        let args = [
            &["run", "-d", "--name", name][..],
            options,
            &[IMAGE],
            command,
        ];
        assert!(!self.try_docker(&args.concat()).status.success());
    }

    /// What the engine says of a container.
    pub fn inspect(&self, name: &str, format: &str) -> String {
        self.docker(&["inspect", "--format", format, name])
    }

    /// Waits for something that happens by itself.
    pub fn wait_until(&mut self, what: &str, done: impl Fn(&World) -> bool) {
        let began = Instant::now();
        while !done(self) {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "waited in vain: {what}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// `devdoctor why TARGET --json`, with the time limits that a user has.
    pub fn ask_in_haste(&self, target: &str, docker_host: &str) -> Answer {
        let mut devdoctor = Command::new(self.folder.join("devdoctor"));
        devdoctor
            .env_remove("DEVDOCTOR_TIMEOUTS_ENGINES")
            .env_remove("DEVDOCTOR_TIMEOUTS_WHOLE");
        self.asked_by(devdoctor, target, docker_host)
    }

    /// `devdoctor why TARGET --json`, with the engine that `docker_host` names.
    ///
    /// Here and below the engine has all the time it needs: the machine may be busy,
    /// and what is asked is who is right, not who is fast.
    pub fn ask(&self, target: &str, docker_host: &str) -> Answer {
        self.asked_by(
            Command::new(self.folder.join("devdoctor")),
            target,
            docker_host,
        )
    }

    /// The same, asked by somebody who stands in a folder of the world.
    pub fn ask_in(&self, folder: &str, target: &str) -> Answer {
        let mut devdoctor = Command::new(self.folder.join("devdoctor"));
        devdoctor.current_dir(self.folder.join(folder));
        self.asked_by(devdoctor, target, &self.endpoint())
    }

    /// The same, asked by somebody whose tools talk to another engine than this world's,
    /// which stands where engines stand unless told otherwise.
    pub fn ask_with_engine(&self, folder: &str, target: &str, docker_host: &str) -> Answer {
        let mut devdoctor = Command::new(self.folder.join("devdoctor"));
        devdoctor
            .current_dir(self.folder.join(folder))
            .env("XDG_RUNTIME_DIR", &self.folder);
        self.asked_by(devdoctor, target, docker_host)
    }

    /// The same, asked from inside a container, with these options of `docker run`.
    pub fn ask_inside(&self, options: &[&str], target: &str) -> Answer {
        let program = self.folder.join("devdoctor").display().to_string();
        let program = format!("{program}:/devdoctor:ro");
        let mounts = [
            "/usr:/usr:ro",
            "/usr/lib:/lib:ro",
            "/usr/lib64:/lib64:ro",
            &program,
        ];
        let mut args = vec!["run", "--rm"];
        for mount in &mounts {
            args.extend(["-v", mount]);
        }
        args.extend_from_slice(options);
        args.extend([IMAGE, "/devdoctor", "why", target, "--json"]);
        let began = Instant::now();
        let output = self.try_docker(&args);
        Answer::read(target, began, &output)
    }

    /// Runs the compose tool in a folder of the world.
    pub fn compose(&self, tool: &[PathBuf], folder: &str, args: &[&str]) {
        let output = Command::new(&tool[0])
            .args(&tool[1..])
            .args(args)
            .env("DOCKER_HOST", self.endpoint())
            .env("DOCKER_CONFIG", self.folder.join("config"))
            .current_dir(self.folder.join(folder))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "compose {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// The same, asked by a user who is nobody.
    pub fn ask_as_nobody(&self, target: &str, docker_host: &str) -> Answer {
        let mut setpriv = Command::new("setpriv");
        setpriv
            .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
            .arg(self.folder.join("devdoctor"));
        self.asked_by(setpriv, target, docker_host)
    }

    /// The same, asked from where the containers' processes cannot be seen, as on a
    /// machine whose engine lives in a virtual machine.
    pub fn ask_from_afar(&self, target: &str, docker_host: &str) -> Answer {
        let mut unshare = Command::new("unshare");
        unshare
            .args(["--pid", "--fork", "--mount-proc"])
            .arg(self.folder.join("devdoctor"));
        self.asked_by(unshare, target, docker_host)
    }

    fn asked_by(&self, mut command: Command, target: &str, docker_host: &str) -> Answer {
        let hasty = command.get_envs().any(|(_, value)| value.is_none());
        if !hasty {
            command
                .env("DEVDOCTOR_TIMEOUTS_ENGINES", "15s")
                .env("DEVDOCTOR_TIMEOUTS_PROJECTS", "15s")
                .env("DEVDOCTOR_TIMEOUTS_WHOLE", "20s");
        }
        if command.get_current_dir().is_none() {
            command.current_dir(&self.folder);
        }
        let began = Instant::now();
        let output = command
            .args(["why", target, "--json"])
            .env("DOCKER_HOST", docker_host)
            .env("DOCKER_CONFIG", self.folder.join("config"))
            .env("HOME", &self.folder)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Answer::read(target, began, &output)
    }

    /// `devdoctor ports FILTER --json`.
    pub fn ports(&self, filter: &str) -> Value {
        let output = Command::new(self.folder.join("devdoctor"))
            .args(["ports", filter, "--json"])
            .env("DOCKER_HOST", self.endpoint())
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Sends a signal to the engine.
    pub fn signal_engine(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.dockerd.id().cast_signed());
        rustix::process::kill_process(pid.unwrap(), signal).unwrap();
    }

    /// Waits for the end of the engine and starts it again.
    pub fn start_engine_again(&mut self) {
        let _ = self.dockerd.wait();
        // Nobody here takes the leave of a killed engine's helper: it would be waited for.
        let _ = std::fs::remove_file(self.folder.join("exec/containerd/containerd.pid"));
        self.dockerd = start_dockerd(&self.folder);
        self.wait_until("the engine answers again", |world| {
            world.try_docker(&["version"]).status.success()
        });
    }

    /// Ends the engine, its containers first: a paused one cannot be killed, and a world
    /// ends only with its last process.
    pub fn end_engine(&mut self) {
        if !matches!(self.dockerd.try_wait(), Ok(None)) {
            return;
        }
        let all = self.try_docker(&["ps", "-aq"]);
        let all = String::from_utf8_lossy(&all.stdout);
        let ids: Vec<_> = all.split_whitespace().collect();
        if !ids.is_empty() {
            self.try_docker(&[&["rm", "-f"][..], &ids].concat());
        }
        if let Some(pid) = rustix::process::Pid::from_raw(self.dockerd.id().cast_signed()) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.dockerd.wait();
    }
}

/// Starts the engine of the world in this folder.
fn start_dockerd(folder: &Path) -> Child {
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("dockerd.log"))
        .unwrap();
    let flags = std::env::var("DEVDOCTOR_DOCKERD").unwrap_or_default();
    let place = |name: &str| folder.join(name).display().to_string();
    Command::new(which("dockerd").unwrap())
        .args(["--data-root", &place("data"), "--exec-root", &place("exec")])
        .args(["--pidfile", &place("pid")])
        .args(["--host", &format!("unix://{}", place("docker.sock"))])
        .args(flags.split_whitespace())
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

impl Drop for World {
    fn drop(&mut self) {
        self.end_engine();
    }
}

/// What devdoctor said.
pub struct Answer {
    /// How long the whole command took.
    pub took: Duration,
    /// Its exit code.
    pub exit: Option<i32>,
    /// Its report.
    pub report: Value,
}

impl Answer {
    fn read(target: &str, began: Instant, output: &Output) -> Answer {
        let told = String::from_utf8_lossy(&output.stdout);
        Answer {
            took: began.elapsed(),
            exit: output.status.code(),
            report: serde_json::from_str(&told).unwrap_or_else(|error| {
                panic!(
                    "why {target}: {error}: {told}\n{}",
                    String::from_utf8_lossy(&output.stderr)
                )
            }),
        }
    }

    /// The code of the first finding, or nothing.
    pub fn first(&self) -> Option<&str> {
        self.report["findings"][0]["code"].as_str()
    }

    /// The gap of a part that could not be seen.
    pub fn gap(&self, part: &str) -> Option<&str> {
        let unseen = self.report["unseen"].as_array()?;
        unseen.iter().find(|line| line["part"] == part)?["gap"].as_str()
    }
}
