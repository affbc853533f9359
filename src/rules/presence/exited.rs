//! # The server has ended
//!
//! ## What happened
//!
//! The connection was refused: nobody listens on the port. The server that
//! belongs here did run, and has ended; what started or watches it may still be
//! there and wait.
//!
//! ## Why
//!
//! It crashed at its start (a syntax error, a missing variable, a database that
//! is not there), was killed, or the system ran out of memory. A watcher such as
//! `nodemon` then waits for the next change of a file before it tries again.
//!
//! ## What to do
//!
//! Read the last lines in the terminal of the server or its watcher, mend what
//! they say, and start it again.

use crate::facts::{Departed, Outcome, Probe, ProcState, Process, human_age};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::evidence::{name_of, process_words};
use crate::rules::{Case, Rule, container, evidence, presence};

/// DD203.
pub static RULE: Rule = Rule {
    code: "DD203",
    name: "exited",
    severity: Severity::Error,
    since: "0.1.0",
    unless: super::unless![
        presence::moved_port::RULE,
        container::engine_down::RULE,
        presence::crash_looping::RULE,
        presence::udp_only::RULE,
        presence::unix_socket_only::RULE,
        presence::other_namespace::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("exited.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    if !case.on_this_machine() || !case.nobody_listens() {
        return None;
    }
    let departed = case.departed();
    // Who had this very port may have ended with our connection in its hands.
    let failure = case
        .cut_off()
        .filter(|_| departed.is_some_and(had_a_port))
        .or_else(|| case.probe_that(Outcome::Refused))?;
    if let Some(departed) = departed {
        return Some(around(case, failure, of_departed(case, departed)));
    }
    let zombie = case.every_process().find(|process| {
        process.state == ProcState::Zombie
            && case.framework(process).is_some_and(|row| row.dev_server)
            && case
                .project()
                .is_some_and(|project| process.project.as_ref() == Some(&project.root))
    })?;
    Some(around(case, failure, of_zombie(case, zombie)))
}

fn had_a_port(departed: &Departed) -> bool {
    departed.port.is_some()
}

/// The facts that both kinds stand on.
fn around(case: &Case, failure: &Probe, finding: Finding) -> Finding {
    finding
        .because(evidence::probe(failure))
        .because(evidence::nobody_listens(case))
}

fn of_departed(case: &Case, departed: &Departed) -> Finding {
    let port = case.port();
    let watcher = departed.watcher.and_then(|id| case.process(id));
    let ago = departed
        .ago_s
        .map_or(String::new(), |s| format!(" {} ago", human_age(s)));
    // A watcher is named in the place of its server, of which nothing is left.
    let (says, ended) = match (departed.port, departed.watcher) {
        // What ended before our eyes goes by its own name.
        (None, Some(_)) if !waits(departed) => {
            let by = watcher.map_or("what ran it".to_owned(), process_words);
            let ended = format!("{} {}{ago}", departed.name, departed.ended);
            (format!("{ended}, and {by} has not started it again"), ended)
        }
        (None, Some(id)) => {
            let who = format!("{} (pid {})", departed.name, id.pid);
            (
                format!("{who} runs in this project, and {}{ago}", departed.ended),
                format!("under {who}, {}{ago}", departed.ended),
            )
        }
        _ => {
            let ended = format!("{} {}{ago}", departed.name, departed.ended);
            (format!("{ended}, and it had port {port}"), ended)
        }
    };
    let confidence = match departed.port {
        Some(_) if case.containers_settled() => Confidence::Certain,
        _ => Confidence::Likely,
    };
    let mut finding = Finding::new(confidence, says).because(Evidence::new(
        ended,
        match departed.watcher {
            Some(id) => Seen::Process {
                pid: id.pid,
                what: departed.seen_in.clone(),
            },
            None => Seen::Kernel {
                what: departed.seen_in.clone(),
            },
        },
    ));
    if let Some(watcher) = watcher {
        finding = finding.because(evidence::process(watcher));
    }
    if waits(departed) {
        let place = match watcher.map(|watcher| watcher.terminal) {
            Some(false) => "where it writes: its log, or the terminal it was started in",
            Some(true) | None => "in its terminal",
        };
        finding = finding.fix(Fix::read(
            format!("read what {} wrote last, {place}", departed.name),
            match departed.name.as_str() {
                "nodemon" => "mend what it says; type `rs` there to start it at once",
                _ => "mend what it says, then save a file: the watcher starts it again",
            },
        ));
    } else {
        finding = finding.fix(Fix::read(
            "start it again, in a terminal where you see what it writes",
            format!(
                "start {} again and read its last lines if it ends",
                departed.name
            ),
        ));
    }
    if departed.ended.contains("memory") && case.facts.host.os == "linux" {
        finding = finding.fix(Fix::safe(
            "see what the kernel says of it",
            ["journalctl", "-k", "-n", "50", "--no-pager"],
        ));
    }
    finding
}

/// Whether it is the watcher that is told of, which waits for a file to change.
fn waits(departed: &Departed) -> bool {
    departed.watcher.is_some() && departed.ended.starts_with("its ")
}

fn of_zombie(case: &Case, zombie: &Process) -> Finding {
    let parent = case.process_by_pid(zombie.parent);
    let says = match parent {
        Some(parent) => format!(
            "{} has ended, and {} has not noticed yet",
            process_words(zombie),
            process_words(parent)
        ),
        None => format!("{} has ended", process_words(zombie)),
    };
    Finding::new(Confidence::Likely, says)
        .because(Evidence::new(
            format!(
                "pid {} has ended and was not collected (state Z)",
                zombie.id.pid
            ),
            Seen::Process {
                pid: zombie.id.pid,
                what: "state".to_owned(),
            },
        ))
        .fix(Fix::read(
            "start it again, in a terminal where you see what it writes",
            format!(
                "start {} again and read its last lines if it ends",
                name_of(zombie)
            ),
        ))
}
