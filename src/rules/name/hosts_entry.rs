//! # A line of the hosts file sends the name elsewhere
//!
//! ## What happened
//!
//! The name was not looked up in the network: a line of the hosts file gives it an
//! address, and nothing answers there.
//!
//! ## Why
//!
//! The hosts file comes before every name server. A line that was added once (for
//! an old server, for staging, to block advertisements with `0.0.0.0`) stays until
//! somebody takes it out, on this machine only. Docker Desktop writes the address that
//! the machine has into the line of `host.docker.internal`; in another network that
//! address is an old one, until Docker Desktop starts again.
//!
//! ## What to do
//!
//! If the line is out of date, take it out. If it is meant, start the server that
//! it points to.

use crate::facts::{HostsEntry, Known, Vantage, is_machine_name};
use crate::findings::{Confidence, Edit, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, Rule, evidence};

use super::{ask, hosts_entries, hosts_path, looks_public};

/// DD103.
pub static RULE: Rule = Rule {
    code: "DD103",
    name: "hosts-entry",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("hosts_entry.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let host = case.target.host.trim_end_matches('.');
    // A name that only this file can know is not sent elsewhere by it; that of this machine
    // is, where the line has an address of yesterday.
    let here = matches!(case.facts.host.vantage, Vantage::Machine | Vantage::Ssh);
    let machine = is_machine_name(host) && here;
    if case.target.ip().is_some() || !(looks_public(host) || machine) || !case.all_failed() {
        return None;
    }
    let (entry, probe) = hosts_entries(case, host).find_map(|entry| {
        let probe = case.probes().find(|probe| probe.to.ip() == entry.ip)?;
        Some((entry, probe))
    })?;
    let confidence = match machine {
        true => (case.is_local(entry.ip) == Some(false)).then_some(Confidence::Likely),
        false => confidence(case, entry),
    }?;
    let file = hosts_path(&case.facts.host.os);
    let line = entry.line;
    let says = if entry.ip.is_unspecified() {
        format!(
            "line {line} of {file} blocks {host}: it sends the name to {}",
            entry.ip
        )
    } else if entry.ip.is_loopback() {
        format!(
            "line {line} of {file} sends {host} to this machine ({}), where nothing answers",
            entry.ip
        )
    } else if machine {
        format!(
            "line {line} of {file} sends {host} to {}, an address that this machine does not \
             have",
            entry.ip
        )
    } else {
        format!(
            "line {line} of {file} sends {host} to {}, which does not answer",
            entry.ip
        )
    };
    let words = format!("{} {}", entry.ip, entry.names.join(" "));
    let mut finding = Finding::new(confidence, says)
        .because(Evidence::new(
            format!("`{words}`"),
            Seen::File {
                file: file.to_owned(),
                line: Some(line),
            },
        ))
        .because(evidence::probe(probe));
    if let Some(dns) = servers_say(case) {
        finding = finding.because(Evidence::new(
            format!("the name servers say {dns}"),
            Seen::Name {
                name: host.to_owned(),
            },
        ));
    }
    if machine {
        let ask = format!("localhost:{}", case.port());
        finding = finding.fix(Fix::safe(
            "use localhost from this machine",
            ["devdoctor", "why", &ask],
        ));
        return Some(finding.fix(Fix::read(
            "have the line written anew",
            "restart Docker Desktop, which writes it with the address that the machine has then; \
             if the line is your own, put 127.0.0.1 into it",
        )));
    }
    Some(
        finding
            .fix(Fix::edit(
                "take the line out, if it is out of date",
                Edit {
                    file: file.to_owned(),
                    line,
                    column: None,
                    from: words.clone(),
                    to: format!("# {words}"),
                },
            ))
            .fix(ask(
                case,
                "see what the name servers say",
                Some("+short"),
                None,
            )),
    )
}

/// How sure it is that the line is the cause; nothing if it is not.
fn confidence(case: &Case, entry: &HostsEntry) -> Option<Confidence> {
    if let Some(resolution) = case.resolution()
        && let Known::Seen(dns) = &resolution.dns
    {
        let differs = !dns.is_empty() && !dns.contains(&entry.ip);
        return differs.then_some(Confidence::Certain);
    }
    if case.is_local(entry.ip) == Some(true) && !entry.ip.is_unspecified() {
        // The line leads to a server of this machine, and that one is in trouble itself.
        return case.nobody_listens().then_some(Confidence::Likely);
    }
    Some(Confidence::Likely)
}

fn servers_say(case: &Case) -> Option<String> {
    let dns = case.resolution()?.dns.seen()?;
    let list: Vec<_> = dns.iter().map(ToString::to_string).collect();
    Some(list.join(", "))
}
