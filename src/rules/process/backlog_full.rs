//! # The server's queue of connections is full
//!
//! ## What happened
//!
//! New connections wait in a queue until the server accepts them. The queue is
//! full, so the system drops every further attempt without an answer.
//!
//! ## Why
//!
//! The server does not accept, or not fast enough: it is stuck (a deadlock, a
//! database that does not answer), or all its workers are busy. A longer queue
//! helps only against short rushes.
//!
//! ## What to do
//!
//! Find out what the server waits for, or start it again. Raise the backlog
//! only if it is healthy and gets more connections at once than it has room for.

use crate::facts::{Outcome, ProcState};
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::process::{
    busy, inherited_socket, out_of_file_descriptors, paused_in_debugger, suspended,
};
use crate::rules::{Case, Rule, container, evidence, fixes};

/// DD404.
pub static RULE: Rule = Rule {
    code: "DD404",
    name: "backlog-full",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_paused::RULE,
        &suspended::RULE,
        &out_of_file_descriptors::RULE,
        &busy::RULE,
        &paused_in_debugger::RULE,
        &inherited_socket::RULE,
    ],
    settle: 5,
    check,
    source: include_str!("backlog_full.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let (probe, listener) = case.accepted(&[Outcome::Silent, Outcome::TimedOut])?;
    let queue = *listener.queue.seen()?;
    if queue.waiting <= queue.limit {
        return None;
    }
    let own = case
        .probes()
        .filter(|probe| listener.covers(probe.to.ip()) == Some(true))
        .count();
    let dropped = probe.outcome == Outcome::TimedOut;
    // Our own attempts alone fill a queue that has room for one.
    if !dropped && usize::try_from(queue.waiting).is_ok_and(|waiting| waiting <= own) {
        return None;
    }
    let holders = case.holders(listener);
    // Every other reason not to accept must have been looked for.
    let excluded = !holders.is_empty()
        && holders.iter().all(|process| {
            process.fds.is_seen()
                && process.cpu.is_seen()
                && !matches!(process.state, ProcState::Stopped | ProcState::Traced)
        });
    let confidence = if dropped && excluded {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    let who = evidence::owner_words(case, listener);
    let says = format!(
        "{who} does not accept: {} connections wait on port {} with room for {}, and more are \
         dropped",
        queue.waiting,
        case.port(),
        queue.limit
    );
    let mut finding = Finding::new(confidence, says)
        .because(evidence::probe(probe))
        .because_all(evidence::queue(listener))
        .because(evidence::listener(case, listener));
    let owner = holders.first();
    if let Some(owner) = owner {
        finding = finding.because(evidence::process(owner));
    }
    finding = finding.fix(Fix::read(
        "find out what it waits for",
        "read the last lines it wrote, and check the databases and services it calls",
    ));
    if let Some(end) = owner.and_then(|owner| fixes::end(case, owner)) {
        finding = finding.fix(end);
    }
    Some(finding)
}
