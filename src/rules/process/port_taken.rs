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

use crate::facts::{Probe, Process, Protocol, Taken, is_below};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::case::Expected;
use crate::rules::evidence::{name_of, process_words, service_name};
use crate::rules::process::system_service_holds_port;
use crate::rules::{Case, Rule, container, evidence, fixes, presence};

/// DD409.
pub static RULE: Rule = Rule {
    code: "DD409",
    name: "port-taken",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_exited::RULE,
        &container::localhost_inside_container::RULE,
        &container::host_service_on_loopback::RULE,
        &container::dependency_not_ready::RULE,
        &container::container_never_started::RULE,
        &presence::moved_port::RULE,
        &system_service_holds_port::RULE,
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
    let expected = case.expected();
    let other = case.told(owner, port);
    let finding = finding
        .because_all(expected.first().map(|one| evidence::expects(case, one)))
        .because_all(other.map(|one| evidence::expects(case, &one)));
    let moves = |one: &Expected| Some(fixes::set_port(case, one, case.free_port(port)?));
    let finding = finding
        .fix_all(other.as_ref().and_then(moves))
        .fix_all(expected.first().and_then(moves));
    if !finding.fixes.is_empty() {
        return Some(finding);
    }
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
    let answers = |probe: &&Probe| {
        Case::content(probe) || probe.greeting.seen().is_some_and(|g| g.http.is_some())
    };
    let probe = case.probes().find(answers)?;
    let listener = case.listener_for(probe.to.ip())?;
    let owner = case.owner(listener)?;
    let other = owner.project.as_ref().or(owner.cwd.seen())?.as_str();
    // A package of the same repository is no other project.
    if case.is_ours(owner) != Some(false) || is_below(own, other) {
        return None;
    }
    let project = owner.project.is_some() && case.dev_server(owner).is_some();
    // The user's own server is on this port too: then it is two servers on one port.
    let ours = |listener| {
        let owner = case.owner(listener);
        owner.is_some_and(|owner| case.is_ours(owner) == Some(true))
    };
    if case.listeners().any(ours) {
        return None;
    }
    let mut expected = case.expected();
    expected.retain(|one| one.service.is_on());
    // Whoever is in no project is a stranger only where a file says who should be here.
    if !project && (expected.is_empty() || case.stranger().is_none()) {
        return None;
    }
    // Where it is known who should be here, nobody else is.
    let mut elsewhere = case.own_servers();
    elsewhere.retain(|one| expected.is_empty() || one.meant.is_some());
    let waiting = case.waiting();
    if expected.is_empty() && elsewhere.is_empty() && case.is_told_of_every_port() {
        return None;
    }
    let port = case.port();
    let known = !(expected.is_empty() && elsewhere.is_empty());
    let confidence = if known {
        Confidence::Likely
    } else {
        Confidence::Possible
    };
    let meant = match expected.first() {
        Some(one) => format!("by {} of this project ({own})", service_name(one)),
        None => format!("by this project ({own})"),
    };
    let says = format!(
        "port {port} is answered by {} of {other}, not {meant}",
        process_words(owner)
    );
    let theirs = case.expected_elsewhere().into_iter();
    let theirs = theirs.filter(|one| is_below(other, &one.project.root));
    let finding = Finding::new(confidence, says)
        .severity(Severity::Warning)
        .because(evidence::probe(probe))
        .because(evidence::listener(case, listener))
        .because(evidence::process(owner))
        .because_all(theirs.take(1).map(|one| evidence::expects(case, &one)))
        .because(Evidence::new(
            format!("you stand in the project {own}"),
            Seen::File {
                file: own.clone(),
                line: None,
            },
        ))
        .because_all(
            expected
                .iter()
                .take(MOST)
                .map(|one| evidence::expects(case, one)),
        )
        .because_all(waiting.first().map(|process| evidence::process(process)))
        .because_all(waiting.first().and_then(|process| deaf(case, process)));
    let mut finding = match elsewhere.first() {
        Some(one) => finding
            .because(evidence::listener(case, one.listener))
            .because_all(one.told.iter().map(|told| evidence::expects(case, told)))
            .fix(fixes::open(
                one.listener,
                format!("open {} of this project", name_of(one.owner)),
            )),
        None => finding,
    };
    finding = finding.fix_all(waiting.first().map(|process| answer(case, process)));
    let free = case.free_port(port);
    finding = match (expected.first(), free) {
        (Some(one), Some(free)) if elsewhere.is_empty() => {
            finding.fix(fixes::set_port(case, one, free))
        }
        _ if elsewhere.is_empty() => finding.fix(Fix::read(
            "start this project's server on a free port",
            format!("give it another port than {port}, and open the address it prints"),
        )),
        _ => finding,
    };
    Some(finding.fix(Fix::read(
        format!("if {} is not needed", process_words(owner)),
        "end it in the terminal it was started in",
    )))
}

/// So many services of the project are told of.
const MOST: usize = 3;

/// What our own server does where it finds its port taken.
fn deaf(case: &Case, process: &Process) -> Option<Evidence> {
    let row = case.framework(process)?;
    let habit = row.when_taken.as_deref()?;
    Some(Evidence::new(
        format!(
            "it listens on no port: where its port is taken, {} {habit}",
            row.server
        ),
        Seen::Process {
            pid: process.id.pid,
            what: "argv".to_owned(),
        },
    ))
}

/// What to do with our own server, which runs and has no port.
fn answer(case: &Case, process: &Process) -> Fix {
    let who = process_words(process);
    match case.framework(process).and_then(|row| row.taken) {
        Some(Taken::Asks) => Fix::read(
            format!("answer what {who} asks in its terminal"),
            "it asks whether it may take another port, and waits for the answer",
        ),
        _ => Fix::read(
            format!("start {} anew, on another port", name_of(process)),
            format!("{who} runs and has no port: end it in its terminal first"),
        ),
    }
}

fn is_database(protocol: Protocol) -> bool {
    matches!(
        protocol,
        Protocol::Postgres | Protocol::Mysql | Protocol::Redis | Protocol::Mongodb | Protocol::Amqp
    )
}
