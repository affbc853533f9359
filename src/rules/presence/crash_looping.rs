//! # The server keeps crashing and coming back
//!
//! ## What happened
//!
//! The server that belongs to this port ends soon after each start, and
//! something starts it again. Connections are refused or cut off, and now and
//! then one gets through.
//!
//! ## Why
//!
//! The same error meets it at every start: a missing variable, a database that
//! is not there, a port it cannot have, a syntax error.
//!
//! ## What to do
//!
//! Read what it writes before it ends. To see it undisturbed, stop whoever
//! restarts it and start it once by hand.

use crate::facts::{Departed, Outcome, human_age};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Severity};
use crate::rules::evidence::process_words;
use crate::rules::{Case, Rule, client, container, evidence, fixes, name, path, presence, process};

/// DD213.
pub static RULE: Rule = Rule {
    code: "DD213",
    name: "crash-looping",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &name::name_not_found::RULE,
        &name::hosts_entry::RULE,
        &path::proxy_in_the_way::RULE,
        &client::remote_refuses::RULE,
        &container::container_restarting::RULE,
        &container::container_exited::RULE,
        &container::localhost_inside_container::RULE,
        &container::host_service_on_loopback::RULE,
        &container::dependency_not_ready::RULE,
        &presence::moved_port::RULE,
        &process::stale_pid_file::RULE,
        &process::reserved_range::RULE,
        &process::port_borrowed::RULE,
        &process::privileged_port::RULE,
        &presence::bound_not_listening::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("crash_looping.rs"),
};

/// So often within the watched stretch of time is no accident.
const LOOP: u32 = 2;
/// What a supervisor's children did is counted for a second or two only, and only
/// where the same command ended soon after its start: there one return is enough.
const WATCHED: u32 = 1;

fn check(case: &Case) -> Option<Finding> {
    let failure = case.failure()?;
    let fails_so = matches!(
        failure.outcome,
        Outcome::Refused | Outcome::Reset | Outcome::Closed
    );
    if !fails_so || !case.on_this_machine() {
        return None;
    }
    let departed = case.departed().filter(|departed| loops(case, departed))?;
    let port = case.port();
    let watcher = departed.watcher.and_then(|id| case.process(id));
    let says = match (departed.port, watcher) {
        (None, Some(watcher)) => format!(
            "{} ends soon after each start and {} starts it again: nobody stays on port {port}",
            departed.name,
            process_words(watcher)
        ),
        _ => format!(
            "{} keeps ending and coming back ({}): port {port} is there only now and then",
            departed.name,
            times(departed)
        ),
    };
    let confidence = match departed.port {
        Some(_) if case.containers_settled() => Confidence::Certain,
        _ => Confidence::Likely,
    };
    let mut finding = Finding::new(confidence, says)
        .because(evidence::probe(failure))
        .because(last_end(departed));
    if let Some(watcher) = watcher {
        finding = finding.because(evidence::process(watcher));
    }
    finding = finding.fix(Fix::read(
        "read what it writes before it ends",
        format!(
            "look at the last lines of {} in its terminal or log",
            departed.name
        ),
    ));
    // Who types into a shell ends what it runs, not the shell.
    if let Some(watcher) = watcher
        && watcher.terminal
    {
        finding = finding.fix(Fix::read(
            format!(
                "stop what {} runs, then start the server once by hand",
                process_words(watcher)
            ),
            "press Ctrl-C in its terminal, then run the server's own command there",
        ));
    } else if let Some(watcher) = watcher
        && !fixes::is_init(watcher)
        && fixes::system_unit(watcher).is_none()
    {
        let pid = watcher.id.pid.to_string();
        finding = finding.fix(Fix::run(
            format!(
                "stop {}, then start the server once by hand",
                process_words(watcher)
            ),
            Safety::Disruptive,
            fixes::on_processes(case, &[watcher], &["kill", &pid]),
        ));
    }
    Some(finding)
}

/// Whether it was seen to come back so often that it is no accident.
fn loops(case: &Case, departed: &Departed) -> bool {
    match departed.port {
        Some(_) => departed.restarts >= LOOP,
        None => departed.watcher.is_some() && departed.restarts >= WATCHED && case.nobody_listens(),
    }
}

fn times(departed: &Departed) -> String {
    match departed.restarts {
        1 => "once".to_owned(),
        many => format!("{many} times"),
    }
}

fn last_end(departed: &Departed) -> Evidence {
    let ago = departed.ago_s.map_or(String::new(), |s| {
        format!(", the last time {} ago", human_age(s))
    });
    let says = format!(
        "{} {}{ago}; it came back {}",
        departed.name,
        departed.ended,
        times(departed)
    );
    Evidence::new(says, presence::exited::seen_in(departed))
}
