//! # The server stands at a breakpoint
//!
//! ## What happened
//!
//! The connection was made, and then nothing happens: a debugger holds the process,
//! or is attached to it and has most likely stopped it.
//!
//! ## Why
//!
//! A breakpoint was reached, perhaps by this very request; or the debugger stopped
//! the program when it was attached, and nobody has told it to go on. A debugger
//! that was forgotten in another window holds the server just as well. With gdb,
//! lldb and delve the whole process stands still, and the system says so. Node,
//! Python and Java stop inside of their runtime: from outside only the debugger's
//! connection is seen.
//!
//! ## What to do
//!
//! Let it go on in the debugger (F5 or F8 in most, `continue` in gdb and lldb), or
//! detach the debugger.

use crate::facts::{Connection, ConnectionState, Listener, Outcome, Probe, ProcState, Process};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::evidence::process_words;
use crate::rules::{Case, Rule, container, evidence, process};

/// DD402.
pub static RULE: Rule = Rule {
    code: "DD402",
    name: "paused-in-debugger",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_paused::RULE,
        &process::suspended::RULE,
    ],
    settle: 10,
    check,
    source: include_str!("paused_in_debugger.rs"),
};

/// From this share of a core on, in percent, a process does not stand still.
const AT_WORK: u64 = 20;

fn check(case: &Case) -> Option<Finding> {
    let (probe, listener) =
        case.accepted(&[Outcome::Silent, Outcome::Connected, Outcome::TimedOut])?;
    traced(case, probe, listener).or_else(|| inside_its_runtime(case, probe, listener))
}

/// The system itself says that a debugger has stopped the process.
fn traced(case: &Case, probe: &Probe, listener: &Listener) -> Option<Finding> {
    let holders = case.holders(listener);
    let first = holders
        .iter()
        .copied()
        .find(|process| process.state == ProcState::Traced)?;
    let stands =
        |process: &&Process| matches!(process.state, ProcState::Traced | ProcState::Stopped);
    if !holders.iter().all(stands) {
        return None;
    }
    let confidence = super::sureness(case, probe, listener, &holders, first);
    let debugger = match first.tracer {
        None | Some(0) => "a debugger".to_owned(),
        Some(pid) => match case.process_by_pid(pid) {
            Some(tracer) => process_words(tracer),
            None => format!("a debugger (pid {pid})"),
        },
    };
    let says = format!(
        "{} holds port {} and is paused in {debugger}: it accepts connections and runs no code",
        process_words(first),
        case.port()
    );
    let state = Evidence::new(
        format!("pid {} is stopped by its tracer (state t)", first.id.pid),
        Seen::Process {
            pid: first.id.pid,
            what: "state, tracer".to_owned(),
        },
    );
    let tracer = first.tracer.and_then(|pid| case.process_by_pid(pid));
    Some(
        Finding::new(confidence, says)
            .because(evidence::probe(probe))
            .because(evidence::listener(case, listener))
            .because(state)
            .because_all(tracer.map(evidence::process))
            .because_all(evidence::queue(listener))
            .fix(Fix::read(
                format!("let it go on in {debugger}"),
                "type `continue` there, or `detach` to leave it running without a debugger",
            )),
    )
}

/// A debugger is connected to the runtime of a process that does nothing.
fn inside_its_runtime(case: &Case, probe: &Probe, listener: &Listener) -> Option<Finding> {
    if probe.outcome == Outcome::Connected {
        return None;
    }
    let holders = case.holders(listener);
    let connections = case.facts.connections.items().iter();
    let (debugger, owner) = connections
        .filter(|one| one.state == ConnectionState::Established && one.at.port() != case.port())
        .find_map(|one| Some((one, held_by(one, &holders)?)))?;
    let works = |process: &&Process| {
        process
            .cpu
            .seen()
            .is_none_or(|cpu| cpu.percent() >= AT_WORK)
    };
    let full = |process: &&Process| process.fds.seen().is_some_and(|fds| fds.open >= fds.limit);
    if holders
        .iter()
        .any(|process| works(process) || full(process))
    {
        return None;
    }
    // Who waits for a database takes the next connection; who stands still does not.
    let stands = listener.queue.seen().is_some_and(|queue| queue.waiting > 0);
    let (confidence, does) = match stands {
        true => (Confidence::Likely, "stands at a breakpoint"),
        false => (Confidence::Possible, "may stand at a breakpoint"),
    };
    let at = debugger.at;
    let says = format!(
        "{} says nothing on port {} and {does}: a debugger is attached to it on port {}",
        process_words(owner),
        case.port(),
        at.port()
    );
    let attached = Evidence::new(
        format!("a debugger is connected to pid {} at {at}", owner.id.pid),
        Seen::Socket { at },
    );
    Some(
        Finding::new(confidence, says)
            .because(evidence::probe(probe))
            .because(evidence::listener(case, listener))
            .because(attached)
            .because(evidence::process(owner))
            .because_all(evidence::queue(listener).filter(|_| stands))
            .fix(Fix::read(
                "let it go on in the debugger",
                "press F5 (VS Code, JetBrains: F9; Chrome: F8) in the debugger that is attached, \
                 or detach it",
            )),
    )
}

/// Which of these processes holds a socket.
fn held_by<'a>(socket: &Connection, holders: &[&'a Process]) -> Option<&'a Process> {
    let ids = socket.owners.seen()?;
    holders
        .iter()
        .copied()
        .find(|process| ids.contains(&process.id))
}
