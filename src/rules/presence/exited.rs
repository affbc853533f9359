//! # The server has ended
//!
//! ## What happened
//!
//! The connection was refused: nobody listens on the port. The server that
//! belongs here did run, and has ended, or has closed the port; what started or
//! watches it may still be there and wait.
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
use crate::rules::{Case, Rule, container, evidence, fixes, presence, process};

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
        process::reserved_range::RULE,
        process::port_borrowed::RULE,
        process::privileged_port::RULE,
        presence::bound_not_listening::RULE,
        presence::service_stopped::RULE
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
        if is_elsewhere_now(case, departed) {
            return None;
        }
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

/// Whether its like runs again, on another port: that is the answer then.
fn is_elsewhere_now(case: &Case, departed: &Departed) -> bool {
    let servers = case.own_servers();
    departed.id.is_some() && servers.iter().any(|one| one.owner.name == departed.name)
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
        _ if departed.lives() => {
            let who = match departed.id {
                Some(id) => format!("{} (pid {})", departed.name, id.pid),
                None => departed.name.clone(),
            };
            let says = format!("{who} closed port {port}{ago}, and runs on");
            (says.clone(), says)
        }
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
            let mut says = format!("{ended}, and it had port {port}");
            if let Some(watcher) = watcher.filter(|_| departed.id.is_some()) {
                let by = process_words(watcher);
                says = format!("{says}; {by} has not started it again");
            }
            (says, ended)
        }
    };
    // What is remembered is the answer only where its like does not run elsewhere now.
    let settled = departed.id.is_none() || case.own_servers_are_settled();
    let confidence = match departed.port {
        Some(_) if settled && case.containers_settled() => Confidence::Certain,
        _ => Confidence::Likely,
    };
    let mut finding =
        Finding::new(confidence, says).because(Evidence::new(ended, seen_in(departed)));
    if let Some(watcher) = watcher {
        finding = finding.because(evidence::process(watcher));
    }
    let under = watcher.filter(|_| departed.id.is_some() && !departed.lives());
    if waits(departed) || under.is_some() {
        let name = under.map_or(departed.name.as_str(), name_of);
        let place = match watcher.map(|watcher| watcher.terminal) {
            Some(false) => "where it writes: its log, or the terminal it was started in",
            Some(true) | None => "in its terminal",
        };
        finding = finding.fix(Fix::read(
            format!("read what {name} wrote last, {place}"),
            match name {
                "nodemon" => "mend what it says; type `rs` there to start it at once",
                _ => "mend what it says, then save a file: the watcher starts it again",
            },
        ));
    } else {
        finding = finding.fix(start_again(case, departed));
    }
    if departed.ended.contains("memory") && case.facts.host.os == "linux" {
        finding = finding.fix(Fix::safe(
            "see what the kernel says of it",
            ["journalctl", "-k", "-n", "50", "--no-pager"],
        ));
    }
    finding
}

/// The command that starts it where the project's files tell it, else words.
fn start_again(case: &Case, departed: &Departed) -> Fix {
    let name = &departed.name;
    if departed.lives() {
        let text = format!("end {name} where it was started, then start it anew");
        return Fix::read("start it again", text);
    }
    let title = "start it again, in a terminal where you see what it writes";
    let expected = case.expected();
    let mut on = expected.iter().filter(|one| one.service.is_on());
    let known = match (on.next(), on.next()) {
        (Some(one), None) => fixes::start_as(case, one, title),
        _ => None,
    };
    known.unwrap_or_else(|| {
        let text = format!("start {name} again and read its last lines if it ends");
        Fix::read(title, text)
    })
}

/// Where it was seen to end.
pub(super) fn seen_in(departed: &Departed) -> Seen {
    let what = departed.seen_in.clone();
    match (&departed.container, departed.id.or(departed.watcher)) {
        (Some(name), _) => Seen::Container {
            name: name.clone(),
            what,
        },
        (None, Some(id)) => Seen::Process { pid: id.pid, what },
        (None, None) => Seen::Kernel { what },
    }
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
