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

use crate::facts::{Container, Listener, Origin, Scope, Taken, human_age};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, ServiceState, Severity};
use crate::rules::case::join;
use crate::rules::evidence::{self, process_words};
use crate::rules::{Case, PortStanding, Rule, Standing, Survey, container, presence, process};

use super::survey;

/// DD802.
pub static RULE: Rule = Rule {
    code: "DD802",
    name: "config-drift",
    severity: Severity::Warning,
    since: "0.1.0",
    // These say both already.
    unless: &[
        &container::published_elsewhere::RULE,
        &container::not_recreated::RULE,
        &process::port_taken::RULE,
        &presence::moved_port::RULE,
        &presence::other_port::RULE,
    ],
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
        (Some(listener), _) => Some(moved(survey, standing, port, listener)),
        (None, Some((container, at))) => Some(published(survey, standing, port, container, at)),
        (None, None) => None,
    }
}

fn moved<'a>(
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
    let set = owner.and_then(|owner| evidence::sets_port(owner, at.port()));
    let mut finding = Finding::new(Confidence::Likely, says)
        .at(address.map_or(&wants.origin, |(origin, _)| origin))
        .because(told)
        .because(survey.listens(listener))
        .because_all(owner.map(evidence::process))
        .because_all(set.as_ref().map(|(_, evidence)| evidence.clone()));
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
    let origin = address.map_or(&wants.origin, |(origin, _)| origin);
    let changed = owner.and_then(|owner| {
        let age = *survey.claims.changed_s.get(&origin.file)?;
        // What was saved and started in the same moment tells nothing.
        (age + SAME_MOMENT < owner.age_s).then_some((age, owner.age_s))
    });
    if let Some((age, since)) = changed {
        let says = format!(
            "was changed {} ago, and {who} was started {} ago",
            human_age(age),
            human_age(since)
        );
        finding = finding.because(survey.in_file(&whole(origin), &says));
    }
    let moves = service.row().is_some_and(|row| {
        matches!(
            row.taken,
            Some(Taken::NextPort | Taken::RandomPort | Taken::Asks)
        )
    });
    finding.fix(match (set, holder) {
        (Some((by, _)), _) => Fix::read(
            "have the file and the command say the same",
            format!("{who} has its port as {by}, which is stronger than {place}: change either"),
        ),
        (None, Some(holder)) => {
            let other = survey
                .case
                .owner(holder)
                .map_or_else(|| format!("who listens on {}", holder.at), process_words);
            let because = match moves {
                true => format!(", and {name} takes another one while that is taken"),
                false => String::new(),
            };
            Fix::read(
                format!("have {name} take its own port"),
                format!(
                    "{other} has the port of {name}{because}: if it is not needed, end it in the \
                     terminal it was started in, then start {name} again"
                ),
            )
        }
        (None, None) => Fix::read(
            format!("start {name} again"),
            format!("end {who} where it was started and start it again: it then reads its files"),
        ),
    })
}

/// How many seconds may lie between two things that happened together.
const SAME_MOMENT: u64 = 2;

/// The file of a place as a whole.
fn whole(origin: &Origin) -> Origin {
    Origin {
        file: origin.file.clone(),
        ..Origin::default()
    }
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
    // What was made of other files, too, is as those say.
    let file = join(&survey.project.root, &service.origin.file);
    let compose = container.compose.as_ref();
    let others = compose.is_some_and(|c| c.config_files.iter().any(|other| *other != file));
    let (confidence, severity) = match others {
        true => (Confidence::Possible, Severity::Info),
        false => (Confidence::Likely, Severity::Warning),
    };
    let finding = Finding::new(confidence, says)
        .severity(severity)
        .at(&wants.origin)
        .because(survey.says(service, wants))
        .because(container_says);
    container::recreate(&survey.case, container, "let")
        .filter(|_| !others)
        .into_iter()
        .fold(finding, Finding::fix)
}
