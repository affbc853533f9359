//! Family 8 project: the files against each other and against reality.
//!
//! Every rule here answers two questions: what is wrong in the whole project
//! ([`ASKED`]), and what of it matters for one port.

pub mod config_drift;
pub mod proxy_target_drift;
pub mod setting_ignored;
pub mod unreadable_config;
pub mod wanted_twice;

use super::{Case, Rule, Survey};
use crate::facts::{Expectation, Proto, Service};
use crate::findings::{Edit, Finding, Fix};

/// Everything that one rule finds in a whole project.
pub type Ask = fn(&Survey) -> Vec<Finding>;

/// The rules that are asked about a whole project.
pub static ASKED: &[(&Rule, Ask)] = &[
    (&unreadable_config::RULE, unreadable_config::all),
    (&wanted_twice::RULE, wanted_twice::all),
    (&config_drift::RULE, config_drift::all),
    (&setting_ignored::RULE, setting_ignored::all),
    (&proxy_target_drift::RULE, proxy_target_drift::all),
];

/// The user's project, where the question is about this machine.
fn survey<'a>(case: &Case<'a>) -> Option<Survey<'a>> {
    if !case.on_this_machine() {
        return None;
    }
    Survey::of(case.facts)
}

/// Whether the asked port fails a client, on some address.
fn fails(case: &Case) -> bool {
    case.probes().any(|probe| !Case::content(probe))
}

/// `a`, `a and b`, `a, b and c`.
fn join(list: &[String]) -> String {
    match list {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// The next port above that nothing in the project wants and nobody has.
fn free_port(survey: &Survey, above: u16) -> Option<u16> {
    let wanted = |port: u16| {
        let mut services = survey.claims.services.iter();
        services.any(|service| service.expects.iter().any(|e| e.port == Some(port)))
    };
    let pointed = |port: u16| survey.claims.pointers.iter().any(|p| p.port == port);
    (above.checked_add(1)?..=above.saturating_add(100)).find(|port| {
        !wanted(*port) && !pointed(*port) && survey.on(*port, Proto::Tcp).next().is_none()
    })
}

/// Have the service take this port: the edit of what sets it now, or else its
/// framework's own way.
fn take_port(service: &Service, wants: Option<&Expectation>, port: u16) -> Fix {
    let name = &service.name;
    let title = format!("have {name} take port {port}");
    if let Some(wants) = wants
        && let Some(to) = replaced(wants, port)
    {
        let edit = Edit {
            file: wants.origin.file.clone(),
            line: wants.origin.line,
            column: Some(wants.origin.column).filter(|column| *column > 0),
            from: wants.written.clone(),
            to,
        };
        return Fix::edit(title, edit);
    }
    let row = super::survey::row(service);
    let flag = row.and_then(|row| row.take_port(port));
    let key = row.and_then(|row| Some((row.keys.port.first()?, row.config.first()?)));
    let command = service.start.join(" ");
    let text = match (flag, key) {
        (Some(flag), Some((key, file))) => {
            format!("set {key} to {port} in {file}, or add `{flag}` to its command")
        }
        (Some(flag), None) if command.is_empty() => format!("add `{flag}` to its command"),
        (Some(flag), None) => format!("add `{flag}` to its command, `{command}`"),
        (None, Some((key, file))) => format!("set {key} to {port} in {file}"),
        (None, None) => match row.and_then(|row| row.port_variables.first()) {
            Some(variable) => format!("start it with {variable}={port} in its environment"),
            None => format!("start {name} with port {port}"),
        },
    };
    Fix::read(title, text)
}

/// What stands there with another port in it; nothing where the port itself does not
/// stand there once.
fn replaced(wants: &Expectation, port: u16) -> Option<String> {
    let old = wants.port?.to_string();
    let written = &wants.written;
    if wants.origin.line == 0 {
        return None;
    }
    let digit = |at: Option<char>| at.is_some_and(|c| c.is_ascii_digit());
    let whole = |at: &usize| {
        let (before, after) = (&written[..*at], &written[*at + old.len()..]);
        // A port of a range moves with the others, and only a person knows where to.
        let range = before.ends_with('-') && digit(before.chars().rev().nth(1))
            || after.starts_with('-') && digit(after.chars().nth(1));
        !digit(before.chars().next_back()) && !digit(after.chars().next()) && !range
    };
    let at = written
        .match_indices(&old)
        .map(|(at, _)| at)
        .find(|at| whole(at))?;
    let (before, after) = (&written[..at], &written[at + old.len()..]);
    Some(format!("{before}{port}{after}"))
}
