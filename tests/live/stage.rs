//! Where a story is played: its namespaces, its files, its servers, and the question.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::machine::{self, pass_over, search_path};

/// The variable that tells the test that it is inside, and which story is played.
const INSIDE: &str = "DEVDOCTOR_STORY";
/// A folder that is private to the story, for everything it needs.
const FOLDER: &str = "/run/story";
/// What `localhost` means unless the story says otherwise.
const HOSTS: &str = "127.0.0.1 localhost\n::1 localhost\n";

/// The first process of a story: it keeps the place alive, and plays the story below it.
const FIRST: &str = "while sleep 1000; do :; done & \"$@\"; exit $?";

/// Defines tests that play a story each.
macro_rules! stories {
    ($($(#[$meta:meta])* fn $name:ident($stage:ident) $body:block)*) => {$(
        $(#[$meta])*
        #[test]
        fn $name() {
            $crate::stage::tell(module_path!(), stringify!($name), |$stage| $body);
        }
    )*};
}
pub(crate) use stories;

/// Variables that servers and files of a project may read: a story sets its own.
const UNSET: &[&str] = &["HOST", "HOSTNAME", "NODE_ENV", "PORT"];

/// Whether this process is inside of a story.
#[allow(dead_code, reason = "not every test that tells stories asks")]
pub fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs the story inside namespaces of its own.
pub fn tell(module: &str, name: &str, story: impl FnOnce(&Stage)) {
    let module = module.split_once("::").map_or(module, |(_, rest)| rest);
    let name = format!("{module}::{name}");
    if std::env::var(INSIDE).is_ok_and(|inside| inside == name) {
        let stage = Stage::set();
        story(&stage);
        return;
    }
    let mut flags = vec![
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
    ];
    if !is_root() {
        flags.extend(["--user", "--map-root-user"]);
    }
    let works = Command::new("unshare").args(&flags).arg("true").output();
    match works {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return pass_over(&name, &format!("no namespaces here: {why}"));
        }
        Err(error) => return pass_over(&name, &format!("unshare: {error}")),
    }
    if !has("ip") {
        return pass_over(&name, "`ip` (iproute2) is not installed");
    }
    let mut command = Command::new("unshare");
    for variable in UNSET {
        command.env_remove(variable);
    }
    let status = command
        .args(&flags)
        .args(["sh", "-c", FIRST, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &name, "--nocapture", "--test-threads=1"])
        .env(INSIDE, &name)
        .env("DEVDOCTOR_LIVE_UID", uid().to_string())
        .status()
        .unwrap();
    assert!(status.success(), "the story {name} failed: see above");
}

fn uid() -> u32 {
    rustix::process::getuid().as_raw()
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether a program is installed.
pub fn has(program: &str) -> bool {
    machine::which(program).is_some()
}

/// Runs a command that must succeed.
pub fn run(line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    machine::run(words[0], &words[1..]);
}

/// Has names looked for in the hosts file, then asked of these servers.
#[allow(
    dead_code,
    reason = "not every test that tells stories asks name servers"
)]
pub fn ask_servers(stage: &Stage, servers: &[&str]) {
    stage.cover("/etc/nsswitch.conf", "passwd: files\nhosts: files dns\n");
    let lines = servers.iter().map(|at| format!("nameserver {at}\n"));
    stage.cover("/etc/resolv.conf", &lines.collect::<String>());
}

/// The stage of one story.
pub struct Stage {
    name: String,
}

/// A server process that ends with the story.
pub struct Server {
    child: Child,
}

impl Server {
    /// Its pid.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops it, and waits until all of it stands still.
    pub fn stop(&self) {
        run(&format!("kill -STOP {}", self.pid()));
        let stands = |task: fs::DirEntry| {
            fs::read_to_string(task.path().join("stat"))
                .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|s| s.starts_with(" T")))
        };
        let tasks = format!("/proc/{}/task", self.pid());
        while !fs::read_dir(&tasks).unwrap().flatten().all(stands) {
            std::thread::yield_now();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Stage {
    /// Sets the stage: loopback is up, nothing of the machine's own engines, proxies
    /// and settings is in sight.
    fn set() -> Self {
        run("mount --make-rprivate /");
        run("mount -t tmpfs tmpfs /run");
        // Elsewhere the two are folders of their own.
        if !fs::symlink_metadata("/var/run").is_ok_and(|meta| meta.is_symlink()) {
            run("mount -t tmpfs tmpfs /var/run");
        }
        run("ip link set lo up");
        let stage = Stage {
            name: std::env::var(INSIDE).unwrap(),
        };
        for folder in ["home", "work"] {
            fs::create_dir_all(stage.folder().join(folder)).unwrap();
        }
        stage.cover("/etc/hosts", HOSTS);
        stage.cover(
            "/etc/nsswitch.conf",
            "passwd: files\ngroup: files\nhosts: files\n",
        );
        stage
    }

    /// A folder that nobody else sees.
    pub fn folder(&self) -> PathBuf {
        PathBuf::from(FOLDER)
    }

    /// The folder in which devdoctor is asked, unless the story says otherwise.
    pub fn work(&self) -> PathBuf {
        self.folder().join("work")
    }

    /// Puts another text in the place of a file, for this story only.
    pub fn cover(&self, file: &str, text: &str) {
        if !Path::new(file).exists() {
            return;
        }
        let cover = self.folder().join(file.replace('/', "_"));
        fs::create_dir_all(self.folder()).unwrap();
        fs::write(&cover, text).unwrap();
        run(&format!("mount --bind {} {file}", cover.display()));
    }

    /// Whether the programs are installed; says so if not.
    pub fn needs(&self, programs: &[&str]) -> bool {
        match programs.iter().find(|program| !has(program)) {
            Some(program) => {
                pass_over(&self.name, &format!("`{program}` is not installed"));
                false
            }
            None => true,
        }
    }

    /// Whether the story runs with the machine's real root, who may become other users.
    pub fn needs_root(&self) -> bool {
        let root = std::env::var("DEVDOCTOR_LIVE_UID").is_ok_and(|uid| uid == "0");
        if !root {
            pass_over(&self.name, "only root can become another user");
        }
        root
    }

    /// Says why the story is not played.
    pub fn pass_over(&self, why: &str) {
        pass_over(&self.name, why);
    }

    /// Gives the machine a network with an address of its own.
    pub fn lan(&self, address: &str) {
        run("ip link add lan0 type veth peer name lan1");
        run(&format!("ip addr add {address} dev lan0 nodad"));
        run("ip link set lan0 up");
        run("ip link set lan1 up");
    }

    /// Starts a server that plays this part (see `acts.rs`), and waits until it is ready.
    pub fn server(&self, part: &str) -> Server {
        self.server_by(part, &[])
    }

    /// The same, started by another program: `["prlimit", "--nofile=16"]`.
    pub fn server_by(&self, part: &str, by: &[&str]) -> Server {
        let exe = std::env::current_exe().unwrap();
        let mut words: Vec<OsString> = by.iter().map(Into::into).collect();
        words.push(exe.into());
        // The part stands on the command line too: two servers are two commands.
        words.extend(["--exact", "act", part, "--nocapture"].map(Into::into));
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .env("PATH", search_path())
            .env(crate::acts::PART, part)
            .current_dir(self.work());
        ready(&mut command, crate::acts::READY)
    }

    /// Starts any program and waits until it has written this.
    pub fn program(&self, words: &[&str], folder: &Path, writes: &str) -> Server {
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .env("PATH", search_path())
            .current_dir(folder);
        ready(&mut command, writes)
    }

    /// Makes a project folder: one with a `package.json`.
    pub fn project(&self, name: &str) -> PathBuf {
        let folder = self.folder().join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("package.json"), "{ \"name\": \"story\" }\n").unwrap();
        folder
    }

    /// Asks the real binary.
    pub fn why(&self, target: &str) -> Answer {
        self.ask(Ask::new(target))
    }

    /// Asks the real binary, in a way of its own.
    pub fn ask(&self, ask: Ask) -> Answer {
        let mut words: Vec<String> = ask.by.clone();
        words.push(env!("CARGO_BIN_EXE_devdoctor").to_owned());
        words.extend(["why".to_owned(), "--json".to_owned(), ask.target.clone()]);
        if words.len() > 4 {
            // Another user must be able to reach the binary.
            let cover = self.folder().join("devdoctor");
            if !cover.exists() {
                fs::write(&cover, "").unwrap();
                run(&format!(
                    "mount --bind {} {}",
                    env!("CARGO_BIN_EXE_devdoctor"),
                    cover.display()
                ));
            }
            let at = ask.by.len();
            words[at] = cover.display().to_string();
        }
        words.extend(ask.flags.clone());
        let folder = ask.folder.clone().unwrap_or_else(|| self.work());
        for open in [self.folder(), folder.clone()] {
            fs::set_permissions(open, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let began = Instant::now();
        let output = Command::new(&words[0])
            .args(&words[1..])
            .env_clear()
            .env("PATH", search_path())
            .env("HOME", self.folder().join("home"))
            .envs(ask.vars.clone())
            .current_dir(folder)
            .output()
            .unwrap_or_else(|error| panic!("{words:?}: {error}"));
        let took = began.elapsed();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let json = serde_json::from_str(&text).unwrap_or_else(|error| {
            panic!(
                "{words:?} printed no JSON ({error}):\n{text}\n{}",
                String::from_utf8_lossy(&output.stderr)
            )
        });
        Answer {
            json,
            code: output.status.code(),
            took,
        }
    }
}

/// Starts a command and waits until it has written a line with this in it.
fn ready(command: &mut Command, writes: &str) -> Server {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let came = lines.any(|line| line.is_ok_and(|line| line.contains(writes)));
    assert!(came, "{command:?} ended before it was ready");
    // Whoever writes to a pipe that nobody holds ends.
    std::thread::spawn(move || lines.for_each(drop));
    Server { child }
}

/// One way to ask.
pub struct Ask {
    target: String,
    by: Vec<String>,
    folder: Option<PathBuf>,
    vars: Vec<(String, String)>,
    flags: Vec<String>,
}

impl Ask {
    /// About this target, as the story's own user.
    pub fn new(target: &str) -> Self {
        Ask {
            target: target.to_owned(),
            by: Vec::new(),
            folder: None,
            vars: Vec::new(),
            flags: Vec::new(),
        }
    }

    /// By another program: `setpriv --reuid 1000 …`.
    pub fn by(mut self, line: &str) -> Self {
        self.by = line.split_whitespace().map(str::to_owned).collect();
        self
    }

    /// As an ordinary user.
    pub fn by_another_user(self) -> Self {
        self.by("setpriv --reuid 65534 --regid 65534 --clear-groups --")
    }

    /// In this folder.
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// With this flag of `why`.
    pub fn flag(mut self, flag: &str) -> Self {
        self.flags.push(flag.to_owned());
        self
    }

    /// With this variable set.
    pub fn var(mut self, name: &str, value: &str) -> Self {
        self.vars.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What the binary said.
pub struct Answer {
    /// The report.
    pub json: Value,
    /// The exit code.
    pub code: Option<i32>,
    /// How long it took, from the outside.
    pub took: Duration,
}

impl Answer {
    /// The codes of the findings, the first first.
    pub fn codes(&self) -> Vec<&str> {
        let findings = self.json["findings"].as_array();
        findings
            .into_iter()
            .flatten()
            .filter_map(|finding| finding["code"].as_str())
            .collect()
    }

    /// The first finding is this one.
    #[track_caller]
    pub fn names(&self, code: &str) -> &Self {
        assert_eq!(self.codes().first(), Some(&code), "{}", self.shown());
        self
    }

    /// The first finding is this one, and the exit code says that there is a problem.
    #[track_caller]
    pub fn finds(&self, code: &str) -> &Self {
        let expected = if code == "DD990" { 3 } else { 1 };
        self.names(code).exits(expected)
    }

    /// The exit code is this.
    #[track_caller]
    pub fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{}", self.shown());
        self
    }

    /// The verdict is this.
    #[track_caller]
    pub fn verdict(&self, word: &str) -> &Self {
        assert_eq!(self.json["verdict"], word, "{}", self.shown());
        self
    }

    /// The first finding's severity, confidence or sentence is, or contains, this.
    #[track_caller]
    pub fn first(&self, field: &str, contains: &str) -> &Self {
        let value = &self.json["findings"][0][field];
        let found = value.as_str().is_some_and(|text| text.contains(contains));
        assert!(found, "{field} is {value}\n{}", self.shown());
        self
    }

    /// Some fix of the first finding runs exactly this.
    #[track_caller]
    pub fn fix(&self, command: &str) -> &Self {
        let words: Vec<&str> = command.split(' ').collect();
        let fixes = self.json["findings"][0]["fixes"].as_array().unwrap();
        let there = fixes
            .iter()
            .any(|fix| fix["run"].as_array().is_some_and(|run| *run == words));
        assert!(there, "no fix runs `{command}`\n{}", self.shown());
        self
    }

    /// Nothing is wrong.
    #[track_caller]
    pub fn is_well(&self) -> &Self {
        assert!(self.codes().is_empty(), "{}", self.shown());
        self.verdict("reachable").exits(0)
    }

    /// Among the parts that could not be seen is this one.
    #[track_caller]
    pub fn misses(&self, part: &str) -> &Self {
        let unseen = self.json["unseen"].as_array().unwrap();
        let there = unseen
            .iter()
            .any(|gap| gap["part"].as_str().is_some_and(|p| p.contains(part)));
        assert!(there, "{part} is not said to be unseen\n{}", self.shown());
        self
    }

    /// The answer came in time.
    #[track_caller]
    pub fn within(&self, budget: Duration) -> &Self {
        assert!(self.took < budget, "took {:?}\n{}", self.took, self.shown());
        self
    }

    fn shown(&self) -> String {
        serde_json::to_string_pretty(&self.json).unwrap()
    }
}
