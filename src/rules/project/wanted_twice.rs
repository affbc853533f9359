//! # Two services of the project expect the same port
//!
//! ## What happened
//!
//! The project's files give the same port, at the same address, to two services
//! that start together. Only one of them can have it.
//!
//! ## Why
//!
//! A line was copied, or two frameworks have the same default port. Whoever starts
//! first has the port; the other one fails, or takes the next free port without
//! much noise, and what points to it reaches the wrong server.
//!
//! ## What to do
//!
//! Give one of them another port, in the file that is named, and change what points
//! to it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::facts::{Expectation, Proto, Runs, Service};
use crate::findings::{Confidence, Finding, Severity};
use crate::rules::{Case, Rule, Survey, fixes};

use super::{join, some_of, survey};

/// DD801.
pub static RULE: Rule = Rule {
    code: "DD801",
    name: "wanted-twice",
    severity: Severity::Warning,
    since: "0.1.0",
    unless: &[],
    settle: 5,
    check,
    source: include_str!("wanted_twice.rs"),
};

/// A service, and what says that it should have the port.
type Wanted<'a> = (&'a Service, &'a Expectation);

/// Where it is the asked port.
fn check(case: &Case) -> Option<Finding> {
    let survey = survey(case)?;
    let port = (case.port(), Proto::Tcp);
    let wanted = wanted(&survey);
    let clash = clash(wanted.get(&port)?)?;
    Some(of(&survey, case.port(), &clash)).filter(|finding| finding.severity > Severity::Info)
}

pub(in crate::rules) fn all(survey: &Survey) -> Vec<Finding> {
    wanted(survey)
        .iter()
        .filter_map(|((port, _), services)| Some(of(survey, *port, &clash(services)?)))
        .collect()
}

/// Who wants each port, of all that would run.
fn wanted<'a>(survey: &Survey<'a>) -> BTreeMap<(u16, Proto), Vec<Wanted<'a>>> {
    let mut ports: BTreeMap<(u16, Proto), Vec<Wanted>> = BTreeMap::new();
    let services = survey.claims.services.iter();
    for service in services.filter(|service| service.is_on()) {
        for wants in &service.expects {
            if let Some(port) = wants.port {
                let all = ports.entry((port, wants.protocol)).or_default();
                all.push((service, wants));
            }
        }
    }
    ports
}

/// Services that want one port.
struct Clash<'a> {
    services: Vec<Wanted<'a>>,
    /// Whether they are known to start together.
    together: bool,
}

/// Those of these services that are in each other's way.
fn clash<'a>(wanted: &[Wanted<'a>]) -> Option<Clash<'a>> {
    for (demand, together) in [(Company::Together, true), (Company::Perhaps, false)] {
        let meets = |one: &Wanted| {
            let mut others = wanted.iter();
            others.any(|other| company(one.0, other.0) == demand && overlap(*one, *other))
        };
        let services: Vec<Wanted> = wanted.iter().copied().filter(|one| meets(one)).collect();
        if !services.is_empty() {
            return Some(Clash { services, together });
        }
    }
    None
}

/// Whether two services run at the same time.
#[derive(Debug, PartialEq, Eq)]
enum Company {
    /// One thing starts both.
    Together,
    /// They are of different packages, and may be started together.
    Perhaps,
    /// They are one service, or one in place of the other.
    Never,
}

fn company(one: &Service, other: &Service) -> Company {
    if std::ptr::eq(one, other) {
        return Company::Never;
    }
    match (&one.group, &other.group) {
        (Some(a), Some(b)) if a == b => Company::Together,
        (None, None)
            if one.runs == Runs::Process
                && other.runs == Runs::Process
                && one.folder != other.folder =>
        {
            Company::Perhaps
        }
        _ => Company::Never,
    }
}

/// Whether two services would be bound to a common address.
fn overlap(one: Wanted, other: Wanted) -> bool {
    match (address(one), address(other)) {
        (Some(a), Some(b)) if a.is_unspecified() || b.is_unspecified() => {
            // `[::]` takes IPv4 too, on most systems; `0.0.0.0` takes IPv4 only.
            let v4 = |ip: IpAddr| ip.is_ipv4();
            v4(a) == v4(b)
                || (a.is_ipv6() && a.is_unspecified())
                || (b.is_ipv6() && b.is_unspecified())
        }
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

/// The address that a service would be bound to; nothing for a name, or for all.
fn address((service, wants): Wanted) -> Option<IpAddr> {
    let bind = || service.row().and_then(|row| row.bind.as_deref());
    let host = match (&wants.host, service.runs) {
        (Some(host), _) => Some(host.as_str()),
        (None, Runs::Process) => bind(),
        (None, Runs::Container) => None,
    };
    host?.trim_matches(['[', ']']).parse().ok()
}

fn of<'a>(survey: &Survey<'a>, port: u16, clash: &Clash<'a>) -> Finding {
    let mut names: Vec<String> = Vec::new();
    for (service, _) in &clash.services {
        let same = |(other, _): &&Wanted| other.name == service.name;
        let name = match clash.services.iter().filter(same).count() {
            0 | 1 => service.name.clone(),
            _ => format!("{} ({})", service.name, service.origin.file),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let names = join(&some_of(names));
    let sure = clash.services.iter().all(|(_, wants)| wants.certain);
    let (confidence, severity, says) = match clash.together {
        true => (
            if sure {
                Confidence::Certain
            } else {
                Confidence::Likely
            },
            Severity::Warning,
            format!("{names} start together and expect the same port, {port}"),
        ),
        false => (
            Confidence::Possible,
            Severity::Info,
            format!("{names} expect the same port, {port}: they cannot run at the same time"),
        ),
    };
    let mut finding = Finding::new(confidence, says).severity(severity);
    for (service, wants) in &clash.services {
        finding = finding.because(survey.says(service, wants));
    }
    let Some((service, wants)) = clash.services.last() else {
        return finding;
    };
    finding = finding.at(&wants.origin);
    match survey.case.free_port(port) {
        Some(free) => {
            let of = survey.expected(service, wants);
            finding.fix(fixes::set_port(&survey.case, &of, free))
        }
        None => finding,
    }
}
