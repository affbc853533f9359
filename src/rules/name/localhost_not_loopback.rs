//! # The name localhost does not lead to this machine
//!
//! ## What happened
//!
//! The resolver of this system has no address for `localhost`, or one that is not this
//! machine's loopback. Every program that dials `localhost` fails or goes elsewhere,
//! however well the server runs.
//!
//! ## Why
//!
//! On most systems `localhost` is nothing but a line of the hosts file. A tool that
//! switches hosts files, an image without one, or an editor that put a byte order mark
//! before the first line takes it away; so does an `nsswitch.conf` that no longer asks
//! `files`. Then the name goes to the name servers, and with a search domain one of
//! them may even make an address up.
//!
//! ## What to do
//!
//! Put the two lines back: `127.0.0.1 localhost` and `::1 localhost`. Until then, use
//! 127.0.0.1 in the place of the name.

use std::net::IpAddr;

use crate::facts::{Gap, HostsEntry, Known, ResolveError};
use crate::findings::{Confidence, Edit, Evidence, Finding, Fix, Seen, Severity, Verdict};
use crate::rules::{Case, Rule, evidence};

use super::{hosts_entries, hosts_path, order_evidence};

/// DD105.
pub static RULE: Rule = Rule {
    code: "DD105",
    name: "localhost-not-loopback",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("localhost_not_loopback.rs"),
};

/// The files that are meant.
const NSSWITCH: &str = "/etc/nsswitch.conf";

fn check(case: &Case) -> Option<Finding> {
    let host = case.target.host.trim_end_matches('.');
    if !host.eq_ignore_ascii_case("localhost") {
        return None;
    }
    let resolution = case.resolution()?;
    let addresses = resolution.addresses.seen().map_or(&[][..], Vec::as_slice);
    let astray = addresses.iter().find(|ip| !ip.is_loopback());
    let finding = match astray {
        Some(ip) => astray_to(case, *ip),
        None if addresses.is_empty() => missing(case)?,
        None => return None,
    };
    let listener = case
        .listeners()
        .find(|listener| listener.at.ip().is_loopback() || listener.at.ip().is_unspecified());
    let finding = finding.because_all(listener.map(|one| evidence::listener(case, one)));
    let there = match listener.map(|one| one.at.ip()) {
        Some(IpAddr::V6(ip)) if ip.is_loopback() => format!("[::1]:{}", case.port()),
        _ => format!("127.0.0.1:{}", case.port()),
    };
    Some(finding.fix(Fix::safe(
        "until then, use the address in the place of the name",
        ["devdoctor", "why", &there],
    )))
}

/// The name has an address that is not this machine's loopback.
fn astray_to(case: &Case, ip: IpAddr) -> Finding {
    let file = hosts_path(&case.facts.host.os);
    let entry = hosts_entries(case, "localhost").find(|entry| entry.ip == ip);
    let says = match entry {
        Some(entry) => format!(
            "line {} of {file} sends localhost to {ip}, which is not loopback",
            entry.line
        ),
        None => format!("localhost is {ip} here, which is not loopback"),
    };
    let finding = Finding::new(Confidence::Certain, says).because(Evidence::new(
        format!("localhost is {ip}, says the resolver"),
        name_seen(),
    ));
    let finding = match case.verdict() {
        Verdict::Reachable => finding.severity(Severity::Warning),
        _ => finding,
    };
    let Some(entry) = entry else {
        return finding
            .because(no_line(file))
            .because_all(order_evidence(case))
            .fix(add_lines(case, file));
    };
    let words = format!("{ip} {}", entry.names.join(" "));
    finding
        .because(in_hosts(file, entry))
        .fix(Fix::edit(
            "take localhost out of that line",
            Edit {
                file: file.to_owned(),
                line: entry.line,
                column: None,
                from: words.clone(),
                to: without_localhost(entry),
            },
        ))
        .fix_all(
            (!hosts_entries(case, "localhost").any(|entry| entry.ip.is_loopback()))
                .then(|| add_lines(case, file)),
        )
}

fn without_localhost(entry: &HostsEntry) -> String {
    let others: Vec<&str> = entry
        .names
        .iter()
        .map(String::as_str)
        .filter(|name| !name.eq_ignore_ascii_case("localhost"))
        .collect();
    match others[..] {
        [] => format!("# {} {}", entry.ip, entry.names.join(" ")),
        _ => format!("{} {}", entry.ip, others.join(" ")),
    }
}

/// The name has no address at all.
fn missing(case: &Case) -> Option<Finding> {
    let resolution = case.resolution()?;
    let file = hosts_path(&case.facts.host.os);
    let entry = hosts_entries(case, "localhost").find(|entry| entry.ip.is_loopback());
    let settled = case.facts.host.hosts_file.is_seen();
    let (words, confidence) = match (&resolution.error, &resolution.addresses) {
        (Some(ResolveError::NotFound), _) => ("there is no such name", Confidence::Certain),
        (Some(_), _) => ("the name servers give no answer", Confidence::Likely),
        // Only a name that is asked for in the network can be slow.
        (None, Known::Unseen(Gap::TooSlow)) if settled && entry.is_none() => {
            ("no answer in time", Confidence::Likely)
        }
        _ => return None,
    };
    let names = case.facts.names.seen();
    let order = names.and_then(|names| names.order.seen());
    let marked = names.is_some_and(|names| names.hosts_marked);
    let no_files = order.filter(|order| !order.has("files"));
    let because = match (entry, no_files) {
        _ if !settled => String::new(),
        (None, _) => format!(": no line of {file} names it"),
        (Some(entry), _) if marked && entry.line == 1 => {
            format!(": a byte order mark hides the first line of {file}")
        }
        (Some(_), Some(_)) => format!(": {NSSWITCH} does not have {file} asked"),
        (Some(_), None) => String::new(),
    };
    let mut finding = Finding::new(
        confidence,
        format!("localhost has no address here{because}"),
    )
    .because(Evidence::new(format!("localhost: {words}"), name_seen()));
    finding = match entry {
        Some(entry) => finding.because(in_hosts(file, entry)),
        None if settled => finding.because(no_line(file)),
        None => finding,
    };
    if let (Some(entry), true) = (entry, marked)
        && entry.line == 1
    {
        return Some(finding.fix(Fix::safe(
            "take the mark out",
            ["sudo", "sed", "-i", "1s/\\xef\\xbb\\xbf//", file],
        )));
    }
    finding = finding.because_all(order_evidence(case));
    if let (Some(_), Some(order)) = (entry, no_files) {
        return Some(finding.fix(Fix::edit(
            "have the hosts file asked first",
            Edit {
                file: NSSWITCH.to_owned(),
                line: order.line,
                column: None,
                from: format!("hosts: {}", order.text),
                to: format!("hosts: files {}", order.text),
            },
        )));
    }
    Some(finding.fix(add_lines(case, file)))
}

fn name_seen() -> Seen {
    Seen::Name {
        name: "localhost".to_owned(),
    }
}

fn in_hosts(file: &str, entry: &HostsEntry) -> Evidence {
    Evidence::new(
        format!("`{} {}`", entry.ip, entry.names.join(" ")),
        Seen::File {
            file: file.to_owned(),
            line: Some(entry.line),
        },
    )
}

fn no_line(file: &str) -> Evidence {
    Evidence::new(
        "no entry gives localhost a loopback address",
        Seen::File {
            file: file.to_owned(),
            line: None,
        },
    )
}

/// Puts the lines back that every system comes with. `::1` is of use only where there
/// is IPv6.
fn add_lines(case: &Case, file: &str) -> Fix {
    let v6 = case.facts.host.ipv6 != Known::Seen(false);
    let lines = if v6 {
        "echo '127.0.0.1 localhost'; echo '::1 localhost'"
    } else {
        "echo '127.0.0.1 localhost'"
    };
    if case.facts.host.os == "windows" {
        return Fix::read(
            "put localhost back",
            format!("add `127.0.0.1 localhost` to {file}, as administrator"),
        );
    }
    Fix::safe(
        "put localhost back",
        ["sudo", "sh", "-c", &format!("(echo; {lines}) >> {file}")],
    )
}
