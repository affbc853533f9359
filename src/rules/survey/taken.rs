//! Ports of a project that somebody else has: what `port-taken` finds in a whole project.

use super::{PortStanding, Standing, Survey};
use crate::facts::{Listener, is_below};
use crate::findings::{Confidence, Finding, Fix, ServiceState, Severity};
use crate::rules::evidence::{self, service_name};
use crate::rules::fixes;

/// Every port of the project that somebody else has.
pub(in crate::rules) fn all(survey: &Survey) -> Vec<Finding> {
    let standings = survey.standings();
    let ports = standings.iter().flat_map(|standing| {
        let ports = standing.ports.iter();
        ports.map(move |port| (standing, port))
    });
    ports
        .filter(|(_, port)| port.state == ServiceState::Taken)
        .filter_map(|(standing, port)| of(survey, standing, port))
        .collect()
}

fn of<'a>(
    survey: &Survey<'a>,
    standing: &Standing<'a>,
    standing_of: &PortStanding<'a>,
) -> Option<Finding> {
    let wants = standing_of.wants;
    let port = wants.port?;
    let who = standing_of.who.as_ref()?;
    let expected = survey.expected(standing.service, wants);
    let listeners: Vec<&Listener> = survey.on(port, wants.protocol).collect();
    let owners = listeners.iter().filter_map(|l| survey.case.owner(l));
    let project = owners.clone().find_map(|owner| owner.project.as_deref());
    let root = &survey.project.root;
    let place = match project {
        Some(folder) if is_below(folder, root) => String::new(),
        Some(folder) => format!(" of {folder}"),
        None => String::new(),
    };
    let says = format!(
        "port {port} should be {}'s, and {who}{place} has it",
        service_name(&expected)
    );
    let finding = Finding::new(Confidence::Likely, says)
        .severity(Severity::Warning)
        .at(&wants.origin)
        .because(survey.says(standing.service, wants))
        .because_all(listeners.iter().map(|listener| survey.listens(listener)))
        .because_all(owners.map(evidence::process));
    let finding = match survey.case.free_port(port) {
        Some(free) => finding.fix(fixes::set_port(&survey.case, &expected, free)),
        None => finding,
    };
    Some(finding.fix(Fix::read(
        format!("if {who} is not needed"),
        "end it where it was started",
    )))
}
