//! # A leftover child holds the port of a server that has ended
//!
//! ## What happened
//!
//! The connection was made, and nobody takes it: the server that opened the port
//! has ended, and a program that it had started still holds the socket. That
//! program is no server and never calls `accept`. The system makes the connections
//! all the same, and a new server is told that the port is taken.
//!
//! ## Why
//!
//! A process that is started inherits the open files of whoever starts it, unless
//! they are marked close-on-exec. Build tools, browsers and background shells that
//! a server starts outlive it, and hold its socket without knowing of it.
//!
//! ## What to do
//!
//! End that program: the port is free then. In the server, open the socket with
//! close-on-exec (`SOCK_CLOEXEC`), or start the child without its files.

use crate::facts::{Listener, Outcome, Probe, ProcState, Process};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::evidence::{name_of, process_words};
use crate::rules::{Case, Rule, container, evidence, fixes, process};

/// DD406.
pub static RULE: Rule = Rule {
    code: "DD406",
    name: "inherited-socket",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_paused::RULE,
        &process::suspended::RULE,
        &process::paused_in_debugger::RULE,
    ],
    settle: 10,
    check,
    source: include_str!("inherited_socket.rs"),
};

/// Programs that developers' servers start and that never take a connection themselves.
const TOOLS: &[&str] = &[
    "awk",
    "cat",
    "chrome",
    "chromium",
    "cp",
    "curl",
    "esbuild",
    "find",
    "firefox",
    "fish",
    "fswatch",
    "gcc",
    "git",
    "grep",
    "inotifywait",
    "less",
    "ld",
    "make",
    "more",
    "nano",
    "notify-send",
    "open",
    "ping",
    "rsync",
    "rustc",
    "script",
    "sed",
    "sleep",
    "swc",
    "tail",
    "tar",
    "tee",
    "timeout",
    "top",
    "tsc",
    "vi",
    "vim",
    "watch",
    "wget",
    "xargs",
    "xdg-open",
    "yes",
];

/// Shells hold what they were given, and wait for what they have started.
const SHELLS: &[&str] = &["ash", "bash", "dash", "ksh", "sh", "zsh"];

fn check(case: &Case) -> Option<Finding> {
    let (probe, listener) =
        case.accepted(&[Outcome::Silent, Outcome::Connected, Outcome::TimedOut])?;
    // Whoever takes connections leaves none to wait.
    let waiting = listener.queue.seen()?.waiting;
    let holders = case.holders(listener);
    let top = *holders.first()?;
    let all_seen = super::are_all(listener, &holders);
    let idle =
        |process: &&Process| matches!(process.state, ProcState::Sleeping | ProcState::Blocked);
    if waiting == 0
        || !all_seen
        || !holders.iter().all(idle)
        || !holders.iter().all(|process| is_no_server(case, process))
        || !is_alone(case, top)
    {
        return None;
    }
    // The innermost one has a name that tells more than that of a shell above it.
    let who = *holders.last()?;
    Some(tell(case, probe, listener, &holders, who))
}

fn tell(
    case: &Case,
    probe: &Probe,
    listener: &Listener,
    holders: &[&Process],
    who: &Process,
) -> Finding {
    let port = case.port();
    let says = format!(
        "{} holds port {port} and takes no connections: it is no server, and has the socket \
         from one that has ended",
        process_words(who)
    );
    let top = holders.first().copied().unwrap_or(who);
    let orphan = Evidence::new(
        format!(
            "the parent of pid {} has ended: it is pid {} now, which adopts orphans",
            top.id.pid, top.parent
        ),
        Seen::Process {
            pid: top.id.pid,
            what: "parent".to_owned(),
        },
    );
    let mut argv = fixes::on_processes(case, holders, &["kill"]);
    argv.extend(fixes::pids(holders.iter().map(|process| process.id)));
    Finding::new(Confidence::Likely, says)
        .because(evidence::probe(probe))
        .because(evidence::listener(case, listener))
        .because_all(evidence::queue(listener))
        .because(evidence::process(who))
        .because(orphan)
        .fix(Fix::run(
            format!(
                "end {}, which frees the port, then start the server",
                name_of(who)
            ),
            Safety::Disruptive,
            argv,
        ))
}

/// Whether a process is a program that takes no connections.
fn is_no_server(case: &Case, process: &Process) -> bool {
    let exe = process.exe.seen().map(String::as_str);
    let program = exe.and_then(|exe| exe.rsplit('/').next());
    let names = [Some(process.comm.as_str()), program];
    let is = |list: &[&str]| {
        let mut names = names.iter().flatten();
        names.any(|name| list.contains(name))
    };
    case.framework(process).is_none() && (is(TOOLS) || is(SHELLS))
}

/// Whether whoever started the process is gone.
fn is_alone(case: &Case, process: &Process) -> bool {
    process.parent <= 1
        || case
            .process_by_pid(process.parent)
            .is_some_and(fixes::is_init)
}
