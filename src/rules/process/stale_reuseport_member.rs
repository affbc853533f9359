//! # Some connections go to a server that is stopped
//!
//! ## What happened
//!
//! Several sockets listen on the very same address and port, and the system spreads
//! the connections over them. One of them belongs to a process that takes none.
//! Connections that fall to it hang; the others are answered.
//!
//! ## Why
//!
//! Servers with several workers, and some that restart without a pause, share a
//! port with `SO_REUSEPORT`. An old copy that was stopped (Ctrl-Z, a debugger) or
//! hangs stays a member of the group, and the system does not notice. It looks like
//! an unstable network.
//!
//! ## What to do
//!
//! End the member that takes no connections, or let it go on. The others keep the
//! port.

use crate::facts::{Listener, Outcome, Probe, ProcState, Process};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::evidence::process_words;
use crate::rules::{Case, Rule, container, evidence, fixes};

/// DD416.
pub static RULE: Rule = Rule {
    code: "DD416",
    name: "stale-reuseport-member",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[&container::container_paused::RULE],
    settle: 5,
    check,
    source: include_str!("stale_reuseport_member.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let (probe, group) = case.probes().find_map(|probe| {
        let first = case.listener_for(probe.to.ip())?;
        let group: Vec<&Listener> = case
            .listeners()
            .filter(|other| other.at == first.at && other.interface == first.interface)
            .collect();
        (group.len() > 1).then_some((probe, group))
    })?;
    let hangs = matches!(probe.outcome, Outcome::Silent | Outcome::TimedOut);
    let stopped: Vec<&Listener> = group
        .iter()
        .copied()
        .filter(|one| is_stopped(case, one))
        .collect();
    let idle = |one: &&Listener| one.queue.seen().is_some_and(|queue| queue.waiting > 0);
    // Without a member that is stopped, one that lets connections wait while others take
    // theirs.
    let deaf: Vec<&Listener> = match stopped.is_empty() && hangs {
        true => group.iter().copied().filter(idle).collect(),
        false => stopped.clone(),
    };
    if deaf.is_empty() || stopped.is_empty() && deaf.len() == group.len() {
        return None;
    }
    let owner = deaf.iter().find_map(|one| case.owner(one))?;
    Some(tell(case, probe, &group, &deaf, owner, !stopped.is_empty()))
}

fn tell(
    case: &Case,
    probe: &Probe,
    group: &[&Listener],
    deaf: &[&Listener],
    owner: &Process,
    is_stopped: bool,
) -> Finding {
    let (port, all) = (case.port(), group.len());
    let does = match is_stopped {
        true => "is stopped",
        false => "takes no connections",
    };
    let who = process_words(owner);
    let says = match deaf.len() {
        1 => format!(
            "{who} is one of {all} servers that share port {port} and {does}: connections that \
             fall to it hang"
        ),
        some => format!(
            "{some} of {all} servers that share port {port}, {who} first, take no connections: \
             those that fall to them hang"
        ),
    };
    let confidence = match is_stopped {
        true => Confidence::Certain,
        false => Confidence::Likely,
    };
    let severity = match Case::content(probe) {
        // This time another one took it.
        true => Severity::Warning,
        false => Severity::Error,
    };
    let holders: Vec<&Process> = deaf.iter().flat_map(|one| case.holders(one)).collect();
    let mut finding = Finding::new(confidence, says)
        .severity(severity)
        .because(evidence::probe(probe))
        .because_all(group.iter().map(|one| evidence::listener(case, one)));
    if is_stopped {
        finding = finding.because_all(holders.iter().map(|process| {
            Evidence::new(
                format!("pid {} is {}", process.id.pid, state_words(process)),
                Seen::Process {
                    pid: process.id.pid,
                    what: "state".to_owned(),
                },
            )
        }));
    }
    finding = finding.because_all(deaf.iter().filter_map(|one| evidence::queue(one)));
    let on = |signal: &[&str]| {
        let mut argv = fixes::on_processes(case, &holders, signal);
        argv.extend(fixes::pids(holders.iter().map(|process| process.id)));
        argv
    };
    let by_signal = holders.iter().all(|p| p.state == ProcState::Stopped);
    if is_stopped && by_signal {
        finding = finding.fix(Fix::run(
            "let it go on",
            Safety::Safe,
            on(&["kill", "-CONT"]),
        ));
    }
    let end = match holders.as_slice() {
        [one] => fixes::end(case, one).is_some(),
        _ => false,
    };
    if !end {
        return finding;
    }
    // One that is stopped does not hear a plain request to end.
    let kill: &[&str] = match is_stopped {
        true => &["kill", "-KILL"],
        false => &["kill"],
    };
    finding.fix(Fix::run(
        format!("or end {who}: the others keep the port"),
        Safety::Disruptive,
        on(kill),
    ))
}

/// Whether every process that holds the socket stands still, and all of them were seen.
fn is_stopped(case: &Case, listener: &Listener) -> bool {
    let holders = case.holders(listener);
    let all_seen = super::are_all(listener, &holders);
    let stands =
        |process: &&Process| matches!(process.state, ProcState::Stopped | ProcState::Traced);
    all_seen && !holders.is_empty() && holders.iter().all(stands)
}

fn state_words(process: &Process) -> &'static str {
    match process.state {
        ProcState::Traced => "stopped by a debugger (state t)",
        _ => "stopped by a signal (state T)",
    }
}
