//! # The server is busy and does not take connections
//!
//! ## What happened
//!
//! The connection was made and waits in the server's queue. The process that
//! should take it uses a whole processor core and never gets to it.
//!
//! ## Why
//!
//! An endless loop, a regular expression that explodes, a big synchronous task,
//! a garbage collector at its limit. A server with one thread for everything
//! (Node, asyncio) takes no connection while that goes on.
//!
//! ## What to do
//!
//! Look at what it is doing before you end it: a stack trace of the running
//! process names the line.

use crate::facts::{Outcome, ProcState, Process};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::process::{
    inherited_socket, out_of_file_descriptors, paused_in_debugger, suspended,
};
use crate::rules::{Case, Rule, evidence, fixes};

/// DD403.
pub static RULE: Rule = Rule {
    code: "DD403",
    name: "busy",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &suspended::RULE,
        &out_of_file_descriptors::RULE,
        &paused_in_debugger::RULE,
        &inherited_socket::RULE,
    ],
    settle: 5,
    check,
    source: include_str!("busy.rs"),
};

/// From this share of a core on, in percent, a process does nothing else.
const WHOLE_CORE: u64 = 80;
/// From this share on it may be one that wants a whole core and has to share it.
const SHARED_CORE: u64 = 10;

fn check(case: &Case) -> Option<Finding> {
    let (probe, listener) = case.accepted(&[Outcome::Silent, Outcome::TimedOut])?;
    listener.queue.seen().filter(|queue| queue.waiting > 0)?;
    let holders = case.holders(listener);
    let share = |process: &Process| process.cpu.seen().map_or(0, |cpu| cpu.percent());
    // In a program with many threads, the first one may sleep while another spins.
    let spins = |process: &Process| {
        let running = process.state == ProcState::Running;
        share(process) >= if running { SHARED_CORE } else { WHOLE_CORE }
    };
    let busy = holders.iter().copied().find(|process| spins(process))?;
    // Another holder that sits idle would have taken the connection.
    let alone = holders
        .iter()
        .all(|process| process.id == busy.id || spins(process));
    let percent = share(busy);
    let confidence = if percent >= WHOLE_CORE && alone && busy.fds.is_seen() {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    let over = busy.cpu.seen()?.over_ms;
    let says = format!(
        "{} is busy ({percent} % of a core) and does not take connections on port {}",
        evidence::process_words(busy),
        case.port()
    );
    let mut finding = Finding::new(confidence, says)
        .because(evidence::probe(probe))
        .because(Evidence::new(
            format!(
                "pid {} used {percent} % of a core for {over} ms",
                busy.id.pid
            ),
            Seen::Process {
                pid: busy.id.pid,
                what: "state, cpu time".to_owned(),
            },
        ))
        .because_all(evidence::queue(listener))
        .because(evidence::listener(case, listener));
    if let Some(look) = stack_of(case, busy) {
        finding = finding.fix(look);
    }
    if let Some(end) = fixes::end(case, busy) {
        finding = finding.fix(end);
    }
    Some(finding)
}

/// How to see what a process is doing, by what it runs on.
fn stack_of(case: &Case, process: &Process) -> Option<Fix> {
    let exe = process.exe.seen()?;
    let program = exe.rsplit('/').next().unwrap_or(exe);
    let pid = process.id.pid.to_string();
    let run = |title: &str, command: &[&str]| {
        Some(Fix::run(
            title,
            Safety::Safe,
            fixes::on_processes(case, &[process], command),
        ))
    };
    match program {
        "node" => run(
            "open its debugger on port 9229, then chrome://inspect",
            &["kill", "-USR1", &pid],
        ),
        "java" => run("print its stacks", &["jstack", &pid]),
        name if name.starts_with("python") => run(
            "print its stacks (pip install py-spy)",
            &["py-spy", "dump", "--pid", &pid],
        ),
        name if name.starts_with("ruby") => run(
            "print its stacks (gem install rbspy)",
            &["rbspy", "snapshot", "--pid", &pid],
        ),
        _ if case.facts.host.os == "linux" => {
            run("see where it spends its time", &["perf", "top", "-p", &pid])
        }
        _ => None,
    }
}
