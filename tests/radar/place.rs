//! Where the radar listens: a network namespace with a neighbour, and no privilege.

use std::fs;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use devdoctor::sources::radar::{Heard, Radar};
use rustix::process::geteuid;

use super::machine::{pass_over, search_path, which};

/// How long anything may take.
pub const LONG: Duration = Duration::from_secs(20);
/// The variable that tells the test that it is inside.
const INSIDE: &str = "DEVDOCTOR_RADAR";
/// The user that root becomes.
const NOBODY: &str = "65534";

/// This machine is 10.9.0.1, the neighbour 10.9.0.2. The firewalls of both drop what goes
/// to port 4003; ours resets 4001 and answers 4002 by ICMP. The neighbour knocks at our
/// ports 1998 and 2000 all the time. Then the words that follow are run, as the first
/// process with the right to do so little.
const SETTING: &str = r#"
set -e
ip link set lo up
unshare --net sleep 1000 &
neighbour=$!
while [ "$(readlink /proc/$neighbour/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do
    sleep 0.01
done
ip link add us type veth peer name them netns $neighbour
ip address add 10.9.0.1/24 dev us
ip address add fd09::1/64 dev us nodad
ip link set us up
there="nsenter --net --target $neighbour"
$there ip link set lo up
$there ip address add 10.9.0.2/24 dev them
$there ip address add fd09::2/64 dev them nodad
$there ip link set them up
echo 1 >/proc/sys/net/ipv4/tcp_syn_retries
nft -f - <<'RULES'
table inet ours {
    chain in {
        type filter hook input priority 0
        tcp dport 4001 reject with tcp reset
        tcp dport 4002 reject
        tcp dport 4003 drop
    }
}
RULES
$there nft -f - <<'RULES'
table inet theirs {
    chain in {
        type filter hook input priority 0
        tcp dport 4003 drop
    }
}
RULES
$there bash -c '
    while sleep 0.05; do
        for port in 1998 2000; do (: </dev/tcp/10.9.0.1/$port) 2>/dev/null; done
    done' &
"$@"
"#;

/// Defines tests that play in a place of their own.
macro_rules! in_a_place {
    ($($(#[$meta:meta])* fn $name:ident() $body:block)*) => {$(
        $(#[$meta])*
        #[test]
        fn $name() {
            $crate::place::enter(stringify!($name), || $body);
        }
    )*};
}
pub(crate) use in_a_place;

/// Runs the test inside a place of its own.
pub fn enter(name: &str, test: impl FnOnce()) {
    if std::env::var(INSIDE).is_ok_and(|inside| inside == name) {
        return test();
    }
    for program in ["ip", "nft", "nsenter", "setpriv", "unshare"] {
        if which(program).is_none() {
            return pass_over(name, &format!("`{program}` is not installed"));
        }
    }
    let mut flags = vec![
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
    ];
    let mut without = vec![
        "setpriv",
        "--inh-caps=-all",
        "--bounding-set=-all",
        "--no-new-privs",
    ];
    if !geteuid().is_root() {
        flags.extend(["--user", "--map-root-user"]);
    } else if nobody_may_run_this() {
        without.extend(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]);
    }
    let works = Command::new("unshare").args(&flags).arg("true").output();
    if let Some(why) = match works {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Some(error.to_string()),
    } {
        return pass_over(name, &format!("no namespaces here: {why}"));
    }
    let status = Command::new("unshare")
        .args(&flags)
        .args(["sh", "-c", SETTING, "sh"])
        .args(without)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(INSIDE, name)
        .env("PATH", search_path())
        .status()
        .unwrap();
    assert!(status.success(), "{name} failed: see above");
}

/// Whether another user may run this test: the folders above it may be private.
fn nobody_may_run_this() -> bool {
    Command::new("setpriv")
        .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--"])
        .arg(std::env::current_exe().unwrap())
        .arg("--list")
        .output()
        .is_ok_and(|output| output.status.success())
}

/// What the daemon has: one thread that waits for everything.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// A radar in a thread that does nothing else.
pub struct Listening {
    thread: i32,
    heard: Receiver<(Heard, Instant)>,
}

impl Listening {
    pub fn start() -> Self {
        let (ready, is_ready) = channel();
        let (tell, heard) = channel();
        thread::spawn(move || listen(&ready, &tell));
        let thread = is_ready.recv_timeout(LONG).unwrap();
        let listening = Listening { thread, heard };
        listening.settles();
        listening
    }

    /// The next thing it hears, and when.
    #[track_caller]
    pub fn hears(&self) -> (Heard, Instant) {
        self.heard.recv_timeout(LONG).unwrap()
    }

    /// Waits until its rest after what it heard is over.
    pub fn rests(&self) {
        thread::sleep(Duration::from_millis(25));
        self.settles();
    }

    /// How often its thread gave up the processor to wait.
    pub fn switches(&self) -> u64 {
        let status = format!("/proc/self/task/{}/status", self.thread);
        number(
            &fs::read_to_string(status).unwrap(),
            "voluntary_ctxt_switches:",
        )
    }

    /// Does this, of which the radar must not notice anything at all; a refusal that
    /// follows must be the first thing that it hears.
    #[track_caller]
    pub fn sleeps_through(&self, what: &str, act: impl FnOnce()) {
        self.settles();
        let before = self.switches();
        act();
        // The kernel announces from a queue of its own, some microseconds later.
        thread::sleep(Duration::from_millis(60));
        let woken = self.switches() - before;
        let mark = super::at("127.0.0.1:65535");
        super::dial(mark);
        super::assert_refused(&self.hears().0, mark);
        assert_eq!(woken, 0, "woken by {what}");
        self.settles();
    }

    /// Waits until the thread sleeps and goes on to.
    fn settles(&self) {
        let deadline = Instant::now() + LONG;
        let mut last = self.switches();
        loop {
            thread::sleep(Duration::from_millis(60));
            let now = self.switches();
            if now == last {
                return;
            }
            assert!(Instant::now() < deadline, "the radar does not come to rest");
            last = now;
        }
    }
}

fn listen(ready: &Sender<i32>, tell: &Sender<(Heard, Instant)>) {
    let thread = rustix::thread::gettid().as_raw_nonzero().get();
    runtime().block_on(async {
        let mut radar = Radar::new();
        ready.send(thread).unwrap();
        loop {
            let heard = radar.next().await;
            if tell.send((heard, Instant::now())).is_err() {
                return;
            }
        }
    });
}

/// Whether anybody in this place is in a destroy group.
pub fn announcements_are_asked_for() -> bool {
    const SOCK_DIAG: &str = "4";
    let table = fs::read_to_string("/proc/net/netlink").unwrap();
    table.lines().any(|line| {
        let mut words = line.split_whitespace().skip(1);
        words.next() == Some(SOCK_DIAG)
            && words
                .nth(1)
                .is_some_and(|groups| !groups.trim_matches('0').is_empty())
    })
}

/// A counter of TCP in this place.
pub fn tcp_counter(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/net/snmp").unwrap();
    let mut rows = text.lines().filter_map(|line| line.strip_prefix("Tcp:"));
    let names = rows.next().unwrap().split_whitespace();
    let mut values = rows.next().unwrap().split_whitespace();
    let at = names.into_iter().position(|other| other == name).unwrap();
    values.nth(at).unwrap().parse().unwrap()
}

/// The memory of this process, in bytes.
pub fn resident() -> u64 {
    number(&fs::read_to_string("/proc/self/status").unwrap(), "VmRSS:") * 1024
}

fn number(text: &str, name: &str) -> u64 {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
