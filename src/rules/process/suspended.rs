//! # The server is stopped
//!
//! ## What happened
//!
//! The connection was made, and then nothing happens: the process that holds
//! the port is stopped. It still owns its socket, and the system goes on
//! accepting connections for it, but it runs no code.
//!
//! ## Why
//!
//! Usually Ctrl-Z was pressed in its terminal; or it was sent to the background
//! and stopped when it wanted to read from the terminal; or something sent it
//! SIGSTOP.
//!
//! ## What to do
//!
//! Type `fg` in the terminal that it was started from, or send it SIGCONT.

use crate::facts::{Outcome, ProcState};
use crate::findings::{Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::{Case, Rule, container, evidence, fixes};

/// DD401.
pub static RULE: Rule = Rule {
    code: "DD401",
    name: "suspended",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[&container::container_paused::RULE],
    settle: 2,
    check,
    source: include_str!("suspended.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let (probe, listener) =
        case.accepted(&[Outcome::Silent, Outcome::Connected, Outcome::TimedOut])?;
    let holders = case.holders(listener);
    let first = *holders.first()?;
    if !holders.iter().all(|p| p.state == ProcState::Stopped) {
        return None;
    }
    let confidence = super::sureness(case, probe, listener, &holders, first);
    let port = case.port();
    let says = format!(
        "{} holds port {port} and is stopped: it accepts connections and runs no code",
        evidence::process_words(first)
    );
    let mut finding = Finding::new(confidence, says)
        .because(evidence::probe(probe))
        .because(evidence::listener(case, listener));
    for process in &holders {
        finding = finding.because(Evidence::new(
            format!("pid {} is stopped by a signal (state T)", process.id.pid),
            Seen::Process {
                pid: process.id.pid,
                what: "state".to_owned(),
            },
        ));
    }
    let finding = finding.because_all(evidence::queue(listener));
    let mut argv = fixes::on_processes(case, &holders, &["kill", "-CONT"]);
    argv.extend(fixes::pids(holders.iter().map(|process| process.id)));
    let finding = finding.fix(Fix::run("let it go on", Safety::Safe, argv));
    Some(if first.terminal {
        finding.fix(Fix::read(
            "or bring it back to its terminal",
            "type `fg` in the terminal it was started from: it can then read keys again",
        ))
    } else {
        finding
    })
}
