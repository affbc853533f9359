//! # The server of this project listens on another port
//!
//! ## What happened
//!
//! The connection was refused: nobody listens on the port. A server of this
//! project does run, and listens on another port.
//!
//! ## Why
//!
//! Something gave it that port: a flag of its command, `PORT` in the environment
//! of the terminal, a configuration file, or the framework's own default, which
//! differs from one framework and version to the next.
//!
//! ## What to do
//!
//! Open the port it listens on. If it is to have the other one, change what sets
//! it and start the server anew.

use crate::facts::SetBy;
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::case::OwnServer;
use crate::rules::evidence::{name_of, process_words, service_name};
use crate::rules::{Case, Rule, container, evidence, fixes, presence, process};

/// DD206.
pub static RULE: Rule = Rule {
    code: "DD206",
    name: "other-port",
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
        process::reserved_range::RULE,
        process::port_borrowed::RULE,
        process::privileged_port::RULE,
        presence::bound_not_listening::RULE,
        presence::service_stopped::RULE
    ],
    settle: 2,
    check,
    source: include_str!("other_port.rs"),
};

/// So many servers are told of; `devdoctor ports` has them all.
const MOST: usize = 3;

fn check(case: &Case) -> Option<Finding> {
    let refused = presence::refused(case)?;
    let mut servers = case.own_servers();
    let meant = servers.first()?.meant.is_some();
    if meant {
        servers.retain(|one| one.meant.is_some());
    } else if case.expected().iter().any(|one| one.service.is_on()) {
        // Somebody else should be here: that one was not started.
        return None;
    }
    let first = *servers.first()?;
    let (port, there) = (case.port(), first.listener.at.port());
    let cause = evidence::sets_port(first.owner, there);
    let told = cause.is_some() || first.told.is_some();
    let confidence = match (meant, told, servers.len()) {
        (true, true, 1) if case.absence_is_settled() => Confidence::Certain,
        (true, _, _) | (_, _, 1) => Confidence::Likely,
        _ => Confidence::Possible,
    };
    let name = name(&first);
    let by = cause
        .as_ref()
        .map_or(String::new(), |(by, _)| format!(", as {by}"));
    let says = match servers.len() {
        1 => format!("{name} listens on port {there}, not on {port}{by}"),
        _ => format!(
            "servers of this project listen on {}, and none of them on port {port}",
            ports(&servers)
        ),
    };
    let mut finding = Finding::new(confidence, says)
        .because_all(case.probes_that(refused.outcome).map(evidence::probe))
        .because(evidence::nobody_listens(case));
    for one in servers.iter().take(MOST) {
        let there = one.listener.at.port();
        let cause = evidence::sets_port(one.owner, there);
        finding = finding
            .because(evidence::listener(case, one.listener))
            .because(evidence::process(one.owner))
            .because_all(
                one.meant
                    .as_ref()
                    .map(|meant| evidence::expects(case, meant)),
            )
            .because_all(cause.map(|(_, evidence)| evidence))
            .because_all(one.told.as_ref().map(|told| evidence::expects(case, told)));
    }
    for one in servers.iter().take(MOST) {
        let title = format!("open {}", name_of(one.owner));
        finding = finding.fix(fixes::open(one.listener, title));
    }
    Some(match servers.len() {
        1 => finding.fix(give(case, &first)),
        _ => finding,
    })
}

/// Have the server listen on the asked port.
fn give(case: &Case, one: &OwnServer) -> Fix {
    let (port, there) = (case.port(), one.listener.at.port());
    let title = format!("or have it listen on port {port}");
    let who = name_of(one.owner);
    let by_default = one.told.is_some_and(|told| told.by.by == SetBy::Default);
    if let Some(told) = one.told.filter(|_| !by_default) {
        return fixes::set_port(case, &told, port);
    }
    if let Some(variable) = evidence::variable_for(one.owner, there) {
        return Fix::read(
            title,
            format!(
                "take {variable} out of the environment (`unset {variable}`), or set it to {port}, \
                 and start {who} anew"
            ),
        );
    }
    if let Some((by, _)) = evidence::sets_port(one.owner, there) {
        return Fix::read(title, format!("{by}: start {who} anew with {port} there"));
    }
    if let Some(told) = one.told {
        return fixes::set_port(case, &told, port);
    }
    match case
        .framework(one.owner)
        .and_then(|row| row.take_port(port))
    {
        Some(flag) => Fix::read(title, format!("start {who} with `{flag}`")),
        None => Fix::read(title, format!("give {who} port {port}, and start it anew")),
    }
}

/// The service by its name, else the process.
fn name(one: &OwnServer) -> String {
    match &one.meant {
        Some(meant) => format!("{} (pid {})", service_name(meant), one.owner.id.pid),
        None => format!("{} of this project", process_words(one.owner)),
    }
}

fn ports(servers: &[OwnServer]) -> String {
    let mut list: Vec<String> = servers
        .iter()
        .map(|one| format!("{}", one.listener.at.port()))
        .collect();
    list.dedup();
    match list.split_last() {
        Some((last, [])) => format!("port {last}"),
        Some((last, head)) => format!("the ports {} and {last}", head.join(", ")),
        None => String::new(),
    }
}
