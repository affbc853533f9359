//! # The server of this project was not started
//!
//! ## What happened
//!
//! The connection was refused: nobody listens on the port. A file of the project
//! says which server should be there, and no process or container runs it.
//!
//! ## Why
//!
//! It was not started yet, or its terminal was closed, or the machine was
//! restarted since. A compose service may also have been left out of the last
//! `docker compose up`.
//!
//! ## What to do
//!
//! Start it with the command that is given, and read its first lines: if it takes
//! another port, it says so there.

use crate::facts::{Process, Runs};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::case::Expected;
use crate::rules::evidence::service_name;
use crate::rules::{Case, Rule, container, evidence, fixes, presence, process};

/// DD202.
pub static RULE: Rule = Rule {
    code: "DD202",
    name: "not-started",
    severity: Severity::Error,
    since: "0.1.0",
    unless: super::unless![
        presence::moved_port::RULE,
        presence::other_port::RULE,
        presence::alive_not_listening::RULE,
        presence::still_starting::RULE,
        container::engine_down::RULE,
        presence::crash_looping::RULE,
        presence::unix_socket_only::RULE,
        presence::udp_only::RULE,
        presence::other_namespace::RULE,
        presence::exited::RULE,
        process::reserved_range::RULE,
        process::port_borrowed::RULE,
        process::privileged_port::RULE,
        presence::bound_not_listening::RULE,
        presence::service_stopped::RULE
    ],
    settle: 2,
    check,
    source: include_str!("not_started.rs"),
};

/// So many alternatives are named, and can be started; a project with more has not made up
/// its mind.
const MOST: usize = 3;

fn check(case: &Case) -> Option<Finding> {
    let refused = presence::refused(case)?;
    let mut expected = case.expected();
    expected.retain(|one| one.service.is_on());
    // What runs several servers at once may have lost this one.
    let only_others = |process: &Process| {
        let wraps = case.framework(process).is_none_or(|row| row.watcher);
        wraps && case.serves(process)
    };
    let runs = |one: &Expected| {
        let processes = case.service_processes(one);
        processes.iter().any(|process| !only_others(process))
            || !case.service_containers(one).is_empty()
    };
    if expected.is_empty() || expected.iter().any(runs) {
        return None;
    }
    let certain = case.absence_is_settled() && expected.iter().all(|one| one.by.certain);
    let confidence = if certain {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    let mut names: Vec<&str> = expected.iter().map(service_name).collect();
    names.dedup();
    let more = names.len().saturating_sub(MOST);
    names.truncate(MOST);
    let port = case.port();
    let says = match (&names[..], more) {
        ([one], _) => format!("{one} should have port {port}, and is not running"),
        (_, 0) => format!(
            "{} should have port {port}, and none of them is running",
            names.join(" or ")
        ),
        _ => format!(
            "{} or {more} more should have port {port}, and none of them is running",
            names.join(" or ")
        ),
    };
    let finding = Finding::new(confidence, says)
        .because_all(case.probes_that(refused.outcome).map(evidence::probe))
        .because(evidence::nobody_listens(case))
        .because_all(expected.iter().map(|one| evidence::expects(case, one)))
        .because_all(nobody_runs(case, &expected));
    let starts = expected.iter().take(MOST);
    let starts = starts.filter_map(|one| fixes::start(case, one));
    let finding = starts.fold(finding, Finding::fix);
    if finding.fixes.is_empty() {
        return Some(finding.fix(Fix::read(
            format!("start {}", names.join(" or ")),
            "start it where you usually do, then open the address it prints",
        )));
    }
    Some(finding)
}

/// What was looked through for the services, and in vain.
fn nobody_runs(case: &Case, expected: &[Expected]) -> Vec<Evidence> {
    let any = |kind: Runs| expected.iter().find(|one| one.service.runs == kind);
    let mut out = Vec::new();
    if let Some(one) = any(Runs::Process)
        && let Some(list) = case.facts.project_processes.seen()
    {
        let (root, name) = (&one.project.root, service_name(one));
        let says = match list.len() {
            0 => format!("no process runs in {root}"),
            1 => format!("the one process in {root} does not run {name}"),
            many => format!("none of the {many} processes in {root} runs {name}"),
        };
        out.push(Evidence::new(says, kernel("processes")));
    }
    if let Some(one) = any(Runs::Container)
        && let Some(list) = case.facts.containers.seen()
    {
        let name = service_name(one);
        let says = match list.len() {
            0 => "the container engine has no container".to_owned(),
            1 => format!("the one container there is does not run {name}"),
            many => format!("none of the {many} containers runs {name}"),
        };
        out.push(Evidence::new(says, kernel("containers")));
    }
    out
}

fn kernel(what: &str) -> Seen {
    Seen::Kernel {
        what: what.to_owned(),
    }
}
