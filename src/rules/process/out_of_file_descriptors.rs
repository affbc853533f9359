//! # The server has no file descriptor left
//!
//! ## What happened
//!
//! The connection was made, and the server cannot take it: every connection
//! needs a file descriptor, and the process has used up all that its limit
//! allows. The system goes on queueing connections in its place.
//!
//! ## Why
//!
//! The limit is low (256 on macOS, 1024 in many shells), many files are watched
//! or many connections are open; or the program leaks descriptors and would use
//! up any limit in time.
//!
//! ## What to do
//!
//! Raise the limit and start the server again. If the number of descriptors
//! grows until it fails, look at what they are: that is a leak.

use crate::facts::{Outcome, Process};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::process::suspended;
use crate::rules::{Case, Rule, evidence, fixes};

/// DD405.
pub static RULE: Rule = Rule {
    code: "DD405",
    name: "out-of-file-descriptors",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[&suspended::RULE],
    settle: 2,
    check,
    source: include_str!("out_of_file_descriptors.rs"),
};

/// With so few left, one connection more may already be too many.
const NEARLY: u64 = 2;

fn check(case: &Case) -> Option<Finding> {
    let (probe, listener) = case.accepted(&[
        Outcome::Silent,
        Outcome::TimedOut,
        Outcome::Connected,
        Outcome::Reset,
        Outcome::Closed,
    ])?;
    let holders = case.holders(listener);
    let left = |process: &Process| {
        let fds = process.fds.seen()?;
        Some((fds.limit.saturating_sub(fds.open), *fds))
    };
    // Whoever of the holders has room can accept.
    let full = *holders.first()?;
    let (room, fds) = left(full)?;
    if holders
        .iter()
        .any(|process| left(process).is_some_and(|(room, _)| room > NEARLY))
    {
        return None;
    }
    let waiting = listener.queue.seen().map(|queue| queue.waiting);
    let stands_still = matches!(probe.outcome, Outcome::Silent | Outcome::TimedOut);
    let confidence = match (room, waiting) {
        (0, Some(1..)) if stands_still => Confidence::Certain,
        // Node accepts and closes at once what it has no descriptor for: nobody waits then.
        (0, _) => Confidence::Likely,
        (_, Some(1..)) => Confidence::Likely,
        _ => return None,
    };
    let says = format!(
        "{} has {} of {} file descriptors open and cannot accept another connection",
        evidence::process_words(full),
        fds.open,
        fds.limit
    );
    let pid = full.id.pid.to_string();
    let mut finding = Finding::new(confidence, says)
        .because(evidence::probe(probe))
        .because(Evidence::new(
            format!(
                "pid {} has {} descriptors open, its limit is {}",
                full.id.pid, fds.open, fds.limit
            ),
            Seen::Process {
                pid: full.id.pid,
                what: "fd, limits".to_owned(),
            },
        ))
        .because(evidence::listener(case, listener))
        .because_all(
            waiting
                .filter(|n| *n > 0)
                .and_then(|_| evidence::queue(listener)),
        );
    if case.facts.host.os == "linux" {
        let soft = format!("--nofile={}:", fds.limit.saturating_mul(4).max(4096));
        finding = finding
            .fix(Fix::run(
                "give it room now, up to its hard limit",
                Safety::Safe,
                fixes::on_processes(case, &[full], &["prlimit", "--pid", &pid, &soft]),
            ))
            .fix(Fix::run(
                "see what it has open",
                Safety::Safe,
                fixes::on_processes(case, &[full], &["ls", "-l", &format!("/proc/{pid}/fd")]),
            ));
    } else {
        finding = finding.fix(Fix::run(
            "see what it has open",
            Safety::Safe,
            fixes::on_processes(case, &[full], &["lsof", "-nP", "-p", &pid]),
        ));
    }
    Some(finding.fix(Fix::read(
        "for good",
        "run `ulimit -n 65536` in the shell before you start it; if the number keeps growing, \
         the program leaks descriptors",
    )))
}
