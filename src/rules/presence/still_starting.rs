//! # The server is still starting
//!
//! ## What happened
//!
//! The connection was refused: nobody listens on the port. The process that should
//! be there was started a moment ago and does not listen yet.
//!
//! ## Why
//!
//! Before it listens, a server loads its code, compiles, connects to its database
//! and runs its migrations. That takes seconds, on a cold cache a minute.
//!
//! ## What to do
//!
//! Wait until it listens. If it takes much longer than usual, read what it writes.

use crate::facts::human_age;
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::evidence::{process_words, service_name};
use crate::rules::{Case, Rule, container, evidence, presence, process};

/// DD204.
pub static RULE: Rule = Rule {
    code: "DD204",
    name: "still-starting",
    severity: Severity::Error,
    since: "0.1.0",
    unless: super::unless![
        container::engine_down::RULE,
        presence::moved_port::RULE,
        presence::crash_looping::RULE,
        presence::unix_socket_only::RULE,
        presence::udp_only::RULE,
        presence::other_namespace::RULE,
        presence::exited::RULE,
        presence::other_port::RULE,
        presence::alive_not_listening::RULE,
        process::reserved_range::RULE,
        process::port_borrowed::RULE,
        process::privileged_port::RULE,
        presence::bound_not_listening::RULE,
        presence::service_stopped::RULE
    ],
    settle: 30,
    check,
    source: include_str!("still_starting.rs"),
};

/// So young, every server may still be starting, whatever it does.
const NEW: u64 = 10;

fn check(case: &Case) -> Option<Finding> {
    let refused = presence::refused(case)?;
    let starting = |process: &&_| super::is_starting(case, process);
    let process = case.waiting().into_iter().find(starting)?;
    let busy = case.busy_percent(process).is_some_and(|p| p >= super::BUSY);
    let age = human_age(process.age_s);
    let meant = case.meant_by(process);
    let name = match &meant {
        Some(one) => format!("{} (pid {})", service_name(one), process.id.pid),
        None => process_words(process),
    };
    let says = match busy {
        true => format!("{name} was started {age} ago, is at work, and does not listen yet"),
        false => format!("{name} was started {age} ago, and does not listen yet"),
    };
    let confidence = if busy || process.age_s < NEW {
        Confidence::Likely
    } else {
        Confidence::Possible
    };
    Some(
        Finding::new(confidence, says)
            .because_all(case.probes_that(refused.outcome).map(evidence::probe))
            .because(evidence::nobody_listens(case))
            .because_all(meant.map(|one| evidence::expects(case, &one)))
            .because(evidence::process(process))
            .because_all(super::at_work(case, process))
            .fix(Fix::safe(
                "wait until it answers",
                ["devdoctor", "wait", &case.target.input],
            )),
    )
}
