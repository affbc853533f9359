//! Is it me or them? What other places say about a target that does not answer.

use std::net::IpAddr;

use crate::facts::{Outcome, Probe, human_micros, is_public};
use crate::findings::{Evidence, Seen};
use crate::rules::{Case, evidence, name::other_addresses};

use super::offline::is_well_known;

/// What was compared, for one address of the target.
pub(super) struct Compared<'a> {
    /// Another port of the same address, on which somebody answers.
    pub other_port: Option<&'a Probe>,
    /// A host of the internet that answers: this machine's way out works.
    pub well_known: Option<&'a Probe>,
    /// Other addresses that a name server gives, and that were dialled as well.
    others: Vec<&'a Probe>,
    /// The router, and how long its answer takes, in microseconds.
    pub router: Option<(IpAddr, u64)>,
}

impl<'a> Compared<'a> {
    pub fn of(case: &Case<'a>, ip: IpAddr) -> Self {
        let outside = case.facts.outside.seen();
        let probes = outside.map_or(&[][..], |outside| &outside.probes);
        let gateways = outside.and_then(|outside| outside.gateways.seen());
        let told = other_addresses(case);
        let mut ports = probes
            .iter()
            .filter(|probe| probe.to.ip() == ip && probe.to.port() != case.port());
        let answering = ports.clone().find(|probe| probe.outcome.connected());
        let refusing = ports.find(|probe| probe.outcome == Outcome::Refused);
        Compared {
            others: probes
                .iter()
                .filter(|probe| probe.to.port() == case.port() && told.contains(&probe.to.ip()))
                .collect(),
            other_port: answering.or(refusing),
            well_known: probes
                .iter()
                .filter(|probe| is_well_known(probe.to.ip()) && probe.to.ip() != ip)
                .find(|probe| probe.outcome.connected()),
            router: gateways
                .into_iter()
                .flatten()
                .filter(|gateway| gateway.ipv6 == ip.is_ipv6() && gateway.took_us > 0)
                .find_map(|gateway| Some((gateway.ip?, gateway.took_us))),
        }
    }

    /// Whether the target is down for everyone, as far as can be seen from here: every
    /// address that anybody gives it fails, and a host of the internet answers.
    pub fn for_everyone(&self, case: &Case) -> bool {
        let lost = |probe: &Probe| {
            matches!(probe.outcome, Outcome::Refused | Outcome::TimedOut)
                && is_public(probe.to.ip())
                || case.is_passed_over(probe)
        };
        // A machine that refuses everywhere is up, and none of its services is.
        let deaf = |other: &Probe| other.outcome == Outcome::Refused;
        let told = other_addresses(case);
        self.well_known.is_some()
            && self.other_port.is_none_or(deaf)
            && case.probes().all(lost)
            && told.len() == self.others.len()
            && self.others.iter().all(|probe| lost(probe))
    }

    /// What the comparison rests on.
    pub fn evidence(&self, case: &Case) -> Vec<Evidence> {
        let mut list = Vec::new();
        list.extend(self.other_port.map(evidence::probe));
        list.extend(self.others.iter().map(|probe| evidence::probe(probe)));
        if let Some(probe) = self.well_known {
            list.push(Evidence::new(
                format!(
                    "{} answers after {}: this machine's way out works",
                    probe.to,
                    human_micros(probe.took_us)
                ),
                Seen::Probe {
                    to: probe.to,
                    outcome: probe.outcome.word().to_owned(),
                },
            ));
        }
        list.extend(agreement(case));
        list
    }
}

/// Whether the name servers give the addresses that were dialled.
fn agreement(case: &Case) -> Option<Evidence> {
    let own = case.resolution()?.addresses.seen()?;
    let servers = case.facts.names.seen()?.servers.seen()?;
    let asked = servers.iter().filter(|one| one.knows());
    let (agree, differ): (Vec<_>, Vec<_>) =
        asked.partition(|one| one.addresses().iter().any(|ip| own.contains(ip)));
    let says = match (&agree[..], &differ[..]) {
        ([one], []) => format!("the name server {} gives the same address", one.at.ip()),
        ([], []) => return None,
        (all, []) => format!("all {} name servers give the same address", all.len()),
        (_, [one, ..]) if one.addresses().is_empty() => {
            format!("the name server {} gives no address", one.at.ip())
        }
        (_, [one, ..]) => {
            let told: Vec<String> = one.addresses().iter().map(ToString::to_string).collect();
            format!("the name server {} says {}", one.at.ip(), told.join(", "))
        }
    };
    Some(Evidence::new(
        says,
        Seen::Name {
            name: case.target.host.clone(),
        },
    ))
}
