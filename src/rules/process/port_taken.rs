//! # Another program has this port
//!
//! ## What happened
//!
//! Something answers on the port, and it is not what you meant: the process
//! that holds the port belongs to another project, or is another product than
//! the one the address names.
//!
//! ## Why
//!
//! Many servers use the same few port numbers. Whoever starts first has the
//! port; the second one fails, or takes the next free port without much noise.
//!
//! ## What to do
//!
//! Open your own server at the port it printed, or start it on another port. If
//! the other program is not needed, end it where it was started.

use crate::facts::{Framework, Listener, Process, Protocol, Scope, is_below};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::evidence::{name_of, process_words};
use crate::rules::{Case, Rule, container, evidence, presence};

/// DD409.
pub static RULE: Rule = Rule {
    code: "DD409",
    name: "port-taken",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_exited::RULE,
        &container::container_never_started::RULE,
        &presence::moved_port::RULE,
    ],
    settle: 5,
    check,
    source: include_str!("port_taken.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    another_product(case).or_else(|| another_project(case))
}

/// A server of another kind cuts off the client of a database, or leaves it without an
/// answer: the database is not there.
fn another_product(case: &Case) -> Option<Finding> {
    let wanted = case
        .target
        .protocol()
        .filter(|wanted| is_database(*wanted))?;
    let probe = case
        .cut_off()
        .or_else(|| case.probe_that(crate::facts::Outcome::Silent))?;
    let listener = case.listener_for(probe.to.ip())?;
    let owner = case.owner(listener)?;
    if case.framework(owner)?.speaks()? == wanted {
        return None;
    }
    let port = case.port();
    let says = format!(
        "{} holds port {port}, and it is no {} server",
        process_words(owner),
        wanted.title()
    );
    let finding = Finding::new(Confidence::Likely, says)
        .because(evidence::probe(probe))
        .because(evidence::listener(case, listener))
        .because(evidence::process(owner));
    Some(finding.fix(Fix::read(
        format!("start {}", wanted.title()),
        format!(
            "start {} on another port, or give {} another one",
            wanted.title(),
            name_of(owner)
        ),
    )))
}

/// The server of another project answers where the user stands in one of his own.
fn another_project(case: &Case) -> Option<Finding> {
    let own = &case.project()?.root;
    let answers = |probe: &&crate::facts::Probe| {
        Case::content(probe) || probe.greeting.seen().is_some_and(|g| g.http.is_some())
    };
    let probe = case.probes().find(answers)?;
    let listener = case.listener_for(probe.to.ip())?;
    let owner = case.owner(listener)?;
    let other = owner.project.as_deref()?;
    if nested(own, other) {
        return None;
    }
    dev_server(case, owner)?;
    // The user's own server is on this port too: then it is two servers on one port.
    let ours = |listener: &Listener| {
        case.owner(listener)
            .is_some_and(|owner| owner.project.as_deref() == Some(own))
    };
    if case.listeners().any(ours) {
        return None;
    }
    let port = case.port();
    let moved = case
        .facts
        .listeners
        .items()
        .iter()
        .filter(|listener| ours(listener))
        .find_map(|listener| {
            let owner = case.owner(listener)?;
            Some((listener, owner, dev_server(case, owner)?))
        });
    let confidence = match moved {
        Some(_) => Confidence::Likely,
        None => Confidence::Possible,
    };
    let says = format!(
        "port {port} is answered by {} of {other}, not by this project ({own})",
        process_words(owner)
    );
    let mut finding = Finding::new(confidence, says)
        .severity(Severity::Warning)
        .because(evidence::probe(probe))
        .because(evidence::listener(case, listener))
        .because(evidence::process(owner))
        .because(Evidence::new(
            format!("you stand in the project {own}"),
            Seen::File {
                file: own.clone(),
                line: None,
            },
        ));
    if let Some((listener, ours, _)) = moved {
        let there = listener.at.port();
        let host = match listener.scope() {
            Scope::Lan => listener.at.ip().to_string(),
            Scope::Loopback | Scope::All => "localhost".to_owned(),
        };
        finding = finding
            .because(evidence::listener(case, listener))
            .fix(Fix::read(
                format!("open {} of this project", name_of(ours)),
                format!("http://{host}:{there}"),
            ));
    } else {
        finding = finding.fix(Fix::read(
            "start this project's server on a free port",
            format!("give it another port than {port}, and open the address it prints"),
        ));
    }
    Some(finding.fix(Fix::read(
        format!("if {} is not needed", process_words(owner)),
        "end it in the terminal it was started in",
    )))
}

/// The row of a process that is a development server itself.
fn dev_server(case: &Case, process: &Process) -> Option<&'static Framework> {
    case.framework(process)
        .filter(|row| row.dev_server && !row.forwarder && !row.watcher)
}

/// Whether one folder is the other, or below it: parts of one repository.
fn nested(one: &str, other: &str) -> bool {
    is_below(one, other) || is_below(other, one)
}

fn is_database(protocol: Protocol) -> bool {
    matches!(
        protocol,
        Protocol::Postgres | Protocol::Mysql | Protocol::Redis | Protocol::Mongodb | Protocol::Amqp
    )
}
