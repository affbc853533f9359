//! # The server runs, and not where the project's files say
//!
//! ## What happened
//!
//! The project's files give a service one port or address, and its running
//! process or container has another. What the files point to, as a proxy or a
//! bookmark does, misses it.
//!
//! ## Why
//!
//! The port was taken when the server started, so it took the next one; a flag or a
//! variable of its terminal is stronger than the file; or the file was changed
//! after the server had started. What runs is the fact, the file a wish.
//!
//! ## What to do
//!
//! Open the server where it is, or start it again so that it is where the file says.

use crate::facts::{Container, Listener, Process, Scope, Taken};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, ServiceState, Severity};
use crate::rules::evidence::{self, name_of, process_words};
use crate::rules::survey::{row, row_of};
use crate::rules::{Case, PortStanding, Rule, Standing, Survey, container, fixes};

use super::survey;

/// DD802.
pub static RULE: Rule = Rule {
    code: "DD802",
    name: "config-drift",
    severity: Severity::Warning,
    since: "0.1.0",
    unless: &[&container::not_recreated::RULE],
    settle: 5,
    check,
    source: include_str!("config_drift.rs"),
};

/// Where the asked port is the one that the file says, or the one that was taken.
fn check(case: &Case) -> Option<Finding> {
    let survey = survey(case)?;
    let asked = Some(case.port());
    let standings = survey.standings();
    let mut drifts = standings.iter().flat_map(drifted);
    let (standing, port) =
        drifts.find(|(_, port)| port.wants.port == asked || actual(port) == asked)?;
    let finding = of(&survey, standing, port)?;
    // It was found all the same.
    let found = actual(port) == asked && port.wants.port != asked;
    Some(match found {
        true => finding.severity(Severity::Info),
        false => finding,
    })
}

pub(in crate::rules) fn all(survey: &Survey) -> Vec<Finding> {
    let standings = survey.standings();
    let drifts = standings.iter().flat_map(drifted);
    drifts
        .filter_map(|(standing, port)| of(survey, standing, port))
        .collect()
}

fn drifted<'s, 'a>(
    standing: &'s Standing<'a>,
) -> impl Iterator<Item = (&'s Standing<'a>, &'s PortStanding<'a>)> {
    let ports = standing.ports.iter();
    let elsewhere = ports.filter(|port| port.state == ServiceState::Elsewhere);
    elsewhere.map(move |port| (standing, port))
}

/// The port that it has in truth.
fn actual(port: &PortStanding) -> Option<u16> {
    let own = port.own.map(|listener| listener.at.port());
    own.or(port.published.map(|(_, port)| port))
}

fn of<'a>(
    survey: &Survey<'a>,
    standing: &Standing<'a>,
    port: &PortStanding<'a>,
) -> Option<Finding> {
    match (port.own, port.published) {
        (Some(listener), _) => Some(process(survey, standing, port, listener)),
        (None, Some((container, at))) => Some(published(survey, standing, port, container, at)),
        (None, None) => None,
    }
}

fn process<'a>(
    survey: &Survey<'a>,
    standing: &Standing<'a>,
    port: &PortStanding<'a>,
    listener: &Listener,
) -> Finding {
    let service = standing.service;
    let wants = port.wants;
    let name = &service.name;
    let at = listener.at;
    let same_port = wants.port == Some(at.port());
    let address = wants.host_origin.as_ref().zip(wants.host.as_ref());
    let address = address.filter(|_| same_port);
    let place = survey.place(address.map_or(&wants.origin, |(origin, _)| origin));
    let says = match (address, wants.port) {
        (Some((_, host)), _) => format!(
            "{name} should listen on {host} ({place}) and listens on {} only",
            at.ip()
        ),
        (None, Some(wanted)) => format!(
            "{name} should have port {wanted} ({place}) and has port {}",
            at.port()
        ),
        (None, None) => format!("{name} listens on {at}"),
    };
    let told = match address {
        Some((origin, host)) => {
            survey.in_file(origin, &format!("says that {name} listens on {host}"))
        }
        None => survey.says(service, wants),
    };
    let owner = survey.case.owner(listener);
    let argv = owner.and_then(|owner| flag(owner, at.port()));
    let mut finding = Finding::new(Confidence::Likely, says)
        .at(address.map_or(&wants.origin, |(origin, _)| origin))
        .because(told)
        .because(survey.listens(listener))
        .because_all(owner.map(evidence::process))
        .because_all(argv.as_ref().map(|(_, evidence)| evidence.clone()));
    let holder = wants
        .port
        .filter(|_| !same_port)
        .and_then(|wanted| survey.on(wanted, wants.protocol).next());
    finding = finding.because_all(holder.map(|holder| survey.listens(holder)));
    let host = match listener.scope() {
        Scope::Lan => at.ip().to_string(),
        Scope::Loopback | Scope::All => "localhost".to_owned(),
    };
    if !same_port {
        finding = finding.fix(Fix::read(
            format!("open {name} where it is"),
            format!("http://{host}:{}", at.port()),
        ));
    }
    let who = owner.map_or_else(|| name.clone(), process_words);
    let moves = row(service).is_some_and(|row| {
        matches!(
            row.taken,
            Some(Taken::NextPort | Taken::RandomPort | Taken::Asks)
        )
    });
    finding.fix(match (argv, holder) {
        (Some((flag, _)), _) => Fix::read(
            "have the file and the command say the same",
            format!(
                "the command of {who} says `{flag}`, which is stronger than {place}: change either"
            ),
        ),
        (None, Some(holder)) => {
            let other = survey
                .case
                .owner(holder)
                .map_or_else(|| "whoever has the port".to_owned(), process_words);
            let because = match moves {
                true => ", and it takes another one while that is taken",
                false => "",
            };
            Fix::read(
                format!("have {name} take its own port"),
                format!(
                    "{other} has the port of {name}{because}: if {other} is not needed, end it \
                     in the terminal it was started in, then start {name} again"
                ),
            )
        }
        (None, None) => Fix::read(
            format!("start {name} again"),
            format!("end {who} where it was started and start it again: it then reads its files"),
        ),
    })
}

/// The words of its command that set the port that it has.
fn flag(owner: &Process, port: u16) -> Option<(String, Evidence)> {
    let argv = owner.argv.seen()?;
    let row = row_of(owner)?;
    let port = port.to_string();
    let words = argv.iter().enumerate().find_map(|(at, word)| {
        let flags = row.flags.port.iter();
        flags.into_iter().find_map(|flag| {
            let joined = format!("{flag}={port}");
            let next = argv.get(at + 1) == Some(&port);
            if *word == joined {
                Some(joined)
            } else if word == flag && next {
                Some(format!("{flag} {port}"))
            } else {
                None
            }
        })
    })?;
    let evidence = Evidence::new(
        format!("the command of {} says `{words}`", name_of(owner)),
        Seen::Process {
            pid: owner.id.pid,
            what: "argv".to_owned(),
        },
    );
    Some((words, evidence))
}

fn published<'a>(
    survey: &Survey<'a>,
    standing: &Standing<'a>,
    port: &PortStanding<'a>,
    container: &Container,
    at: u16,
) -> Finding {
    let service = standing.service;
    let wants = port.wants;
    let place = survey.place(&wants.origin);
    let name = &service.name;
    let container_says = Evidence::new(
        format!(
            "{} is published as port {at} of this machine",
            container.name
        ),
        Seen::Container {
            name: container.name.clone(),
            what: "NetworkSettings.Ports".to_owned(),
        },
    );
    let says = match wants.port {
        Some(wanted) if wanted != at => format!(
            "{name} should be published as port {wanted} ({}) and is published as port {at}",
            place
        ),
        _ => format!(
            "{name} should be published at {} ({}) and is published elsewhere",
            wants.host.as_deref().unwrap_or("every address"),
            place
        ),
    };
    let start = fixes::start_as(
        &survey.case,
        &survey.expected(service, wants),
        "let compose make the container anew (a restart is not enough)",
    );
    let finding = Finding::new(Confidence::Likely, says)
        .at(&wants.origin)
        .because(survey.says(service, wants))
        .because(container_says);
    match start {
        Some(fix) => finding.fix(Fix {
            safety: Safety::Disruptive,
            ..fix
        }),
        None => finding,
    }
}
