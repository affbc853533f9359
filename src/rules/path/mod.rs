//! Family 7 path: something between client and server.

pub mod conntrack_full;
pub mod dead_tunnel;
pub mod device_loopback;
pub mod ephemeral_ports_exhausted;
pub mod firewall_drops;
pub mod firewall_rejects;
pub mod no_route;
pub mod port_redirected;
pub mod proxy_in_the_way;
pub mod proxy_unreachable;
pub mod sandboxed;
pub mod upstream_refused;
pub mod upstream_silent;
pub mod vm_boundary;
pub mod vpn_in_the_way;
mod way;

use std::net::IpAddr;

use crate::facts::{FirewallRule, FirewallVerdict, Known, Listener, Outcome, Probe};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen};
use crate::rules::{Case, evidence};

/// Whether the target is behind the boundary of a device or a virtual machine: that it leads
/// nowhere on this side of it is not the network's fault.
pub(super) fn is_beyond_a_boundary(case: &Case) -> bool {
    device_loopback::is_an_emulators(case) || vm_boundary::stands(case)
}

/// A firewall's rule that explains a probe.
struct Proof<'a> {
    rule: &'a FirewallRule,
    /// Whether nothing else can have taken the packet.
    sure: bool,
}

/// The rule with this verdict that took the probe's packet, as far as the rules tell.
fn proof<'a>(case: &Case<'a>, probe: &Probe, verdict: FirewallVerdict) -> Option<Proof<'a>> {
    let rules = &case.facts.host.firewall.seen()?.rules;
    let covered = case.listener_for(probe.to.ip()).is_some();
    let candidates = rules.iter().enumerate().filter(|(_, rule)| {
        rule.verdict == verdict
            && of_family(rule, probe.to.ip())
            // Its counter stood still while we knocked: it took nothing.
            && rule.counted != Some(0)
    });
    let (at, rule) = candidates.max_by_key(|(at, rule)| {
        let moved = rule.counted.is_some();
        // Of two alike, the one that is met first.
        (moved, rule.names_port, usize::MAX - at)
    })?;
    // A rule before it in the same table may have let the packet pass.
    let passed_before = rules[..at]
        .iter()
        .any(|earlier| earlier.verdict == FirewallVerdict::Accept && earlier.table == rule.table);
    let sure = match rule.counted {
        Some(_) => rule.names_port || covered,
        None => covered && !passed_before,
    };
    Some(Proof { rule, sure })
}

/// Whether a rule's table sees packets of this address family.
fn of_family(rule: &FirewallRule, ip: IpAddr) -> bool {
    match rule.table.split(' ').next() {
        Some("ip") => ip.is_ipv4(),
        Some("ip6") => ip.is_ipv6(),
        _ => true,
    }
}

/// Whether the rules were read and none of them can have taken the packet.
fn rules_are_innocent(case: &Case, probe: &Probe, verdict: FirewallVerdict) -> bool {
    case.facts.host.firewall.is_seen() && proof(case, probe, verdict).is_none()
}

/// The finding that this rule `does` it: `drops`, `refuses`.
fn by_this_rule(
    case: &Case,
    probe: &Probe,
    proof: &Proof,
    confidence: Confidence,
    does: &str,
) -> Finding {
    let (port, rule) = (case.port(), proof.rule);
    let says = format!(
        "a firewall rule {does} connections to port {port} (table {}, chain {})",
        rule.table, rule.chain
    );
    let listener = case.listener_for(probe.to.ip());
    let mut finding = Finding::new(confidence, says)
        .because(evidence::probe(probe))
        .because_all(listener.map(|listener| evidence::listener(case, listener)))
        .because(rule_evidence(proof));
    finding.fixes = rule_fixes(case, probe, rule);
    finding
}

/// The finding that some rule does it, where the rules could not be read.
fn by_some_rule(case: &Case, probe: &Probe, confidence: Confidence, says: String) -> Finding {
    let listener = case.listener_for(probe.to.ip());
    let mut finding = Finding::new(confidence, says)
        .because(evidence::probe(probe))
        .because_all(listener.map(|listener| evidence::listener(case, listener)))
        .because_all(sign_evidence(case))
        .fix(prove(case));
    if !probe.to.ip().is_loopback() {
        finding.fixes.extend(manager(case));
    }
    finding
}

/// The rule as evidence, with its counter.
fn rule_evidence(proof: &Proof) -> Evidence {
    let rule = proof.rule;
    let counted = match rule.counted {
        Some(1) => "counted 1 packet while devdoctor knocked".to_owned(),
        Some(n) => format!("counted {n} packets while devdoctor knocked"),
        None if proof.sure => "takes this connection".to_owned(),
        None => "may take this connection".to_owned(),
    };
    let handle = match rule.handle {
        Some(handle) => format!(", handle {handle}"),
        None => String::new(),
    };
    Evidence::new(
        format!("the rule `{}` {counted}", rule.text),
        Seen::Firewall {
            chain: format!("{} {}{handle}", rule.table, rule.chain),
        },
    )
}

/// What lets the probe pass: first an exception as narrow as it can be, then without the rule.
fn rule_fixes(case: &Case, probe: &Probe, rule: &FirewallRule) -> Vec<Fix> {
    let theirs = rule.chain.starts_with("ufw") || rule.table.ends_with(" firewalld");
    let managed = manager(case).filter(|_| theirs);
    let mut fixes = vec![managed.unwrap_or_else(|| allow(probe, rule))];
    fixes.extend(delete(rule));
    fixes
}

/// Opens the port by the program that manages this machine's firewall.
fn manager(case: &Case) -> Option<Fix> {
    let port = format!("{}/tcp", case.port());
    let signs = &case.facts.host.firewall_signs;
    let has = |name: &str| signs.iter().any(|sign| sign.starts_with(name));
    if has("ufw") {
        let title = "open the port in ufw";
        return Some(Fix::safe(title, ["sudo", "ufw", "allow", &port]));
    }
    if has("firewalld") {
        let port = format!("--add-port={port}");
        let title = "open the port in firewalld, until it restarts";
        return Some(Fix::safe(title, ["sudo", "firewall-cmd", &port]));
    }
    None
}

/// Lets connections to exactly this address and port pass.
fn allow(probe: &Probe, rule: &FirewallRule) -> Fix {
    let (ip, port) = (probe.to.ip().to_string(), probe.to.port().to_string());
    let title = format!("let connections to {} pass", probe.to);
    if let Some(table) = legacy_table(rule) {
        let program = legacy_program(rule);
        return Fix::safe(
            title,
            [
                "sudo",
                program,
                "-t",
                table,
                "-I",
                &rule.chain,
                "-d",
                &ip,
                "-p",
                "tcp",
                "--dport",
                &port,
                "-j",
                "ACCEPT",
            ],
        );
    }
    let family = if probe.to.is_ipv4() { "ip" } else { "ip6" };
    let mut argv = vec!["sudo", "nft", "insert", "rule"];
    argv.extend(rule.table.split(' '));
    argv.extend([
        &rule.chain,
        family,
        "daddr",
        &ip,
        "tcp",
        "dport",
        &port,
        "accept",
    ]);
    Fix::safe(title, argv)
}

/// Takes the rule out, where it can be named.
fn delete(rule: &FirewallRule) -> Option<Fix> {
    let title = "or take the rule out";
    if let Some(table) = legacy_table(rule) {
        let words = shlex::split(rule.text.strip_prefix("-A ")?)?;
        let head = ["sudo", legacy_program(rule), "-t", table, "-D"].map(str::to_owned);
        let argv = head.into_iter().chain(words);
        return Some(Fix::run(title, Safety::Disruptive, argv));
    }
    let handle = rule.handle?.to_string();
    let mut argv = vec!["sudo", "nft", "delete", "rule"];
    argv.extend(rule.table.split(' '));
    argv.extend([&rule.chain, "handle", &handle]);
    Some(Fix::run(title, Safety::Disruptive, argv))
}

/// The table of a rule that only the older iptables has.
fn legacy_table(rule: &FirewallRule) -> Option<&str> {
    let legacy = rule.text.starts_with("-A ") || rule.text == "policy DROP";
    rule.table.split(' ').nth(1).filter(|_| legacy)
}

fn legacy_program(rule: &FirewallRule) -> &'static str {
    if rule.table.starts_with("ip6 ") {
        "ip6tables"
    } else {
        "iptables"
    }
}

/// Whether a listener may be the engine's own, in the name of a container: what becomes
/// of its connections hangs on the container, not on a firewall.
fn may_be_the_engines(case: &Case, listener: &Listener) -> bool {
    const ENGINES: &[&str] = &[
        "docker-proxy",
        "dockerd",
        "conmon",
        "podman",
        "rootlessport",
        "rootlesskit",
        "slirp4netns",
        "pasta",
        "com.docker.backend",
    ];
    let of_engine = |cgroup: &str| cgroup.contains("docker") || cgroup.contains("podman");
    match case.owner(listener) {
        Some(owner) => case.is_forwarder(owner) || ENGINES.contains(&owner.comm.as_str()),
        None => {
            case.container_behind().is_some()
                || listener.cgroup.as_deref().is_some_and(of_engine)
                || (listener.uid == Some(0) && !case.containers_settled())
        }
    }
}

/// Whether a rule of this machine's own firewall took the packet to another machine: its
/// counter moved while we knocked.
pub fn took(case: &Case, probe: &Probe) -> bool {
    let rules = case.facts.host.firewall.seen().map(|seen| &seen.rules[..]);
    case.is_far(probe.to.ip())
        && rules.unwrap_or_default().iter().any(|rule| {
            matches!(
                rule.verdict,
                FirewallVerdict::Drop | FirewallVerdict::Reject
            ) && rule.names_port
                && rule.counted.is_some_and(|counted| counted > 0)
                && of_family(rule, probe.to.ip())
        })
}

/// The probes of our own addresses that failed before a connection was made, and those
/// of others that our own firewall took.
fn blocked<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a Probe> + use<'a> {
    let case = *case;
    case.probes().filter(move |probe| {
        !probe.outcome.connected()
            && (took(&case, probe)
                || case.is_local(probe.to.ip()) == Some(true) && !loopback_is_down(&case))
    })
}

/// Whether the loopback interface has no address or is not up: then nothing local works,
/// and no firewall is needed for it.
fn loopback_is_down(case: &Case) -> bool {
    match &case.facts.host.addresses {
        Known::Seen(own) => !own.iter().any(|own| own.ip.is_loopback() && own.up),
        Known::Unseen(_) => false,
    }
}

/// Whether the error says that a message came back: "host unreachable" and its like.
/// "No such address here" says nothing of the sort.
fn was_told_off(probe: &Probe) -> bool {
    // EACCES, ENETUNREACH and EHOSTUNREACH on Linux, macOS and Windows.
    const TOLD_OFF: &[i32] = &[13, 101, 113, 51, 65, 10013, 10051, 10065];
    matches!(probe.outcome, Outcome::Unreachable | Outcome::Denied)
        && probe.errno.is_some_and(|errno| TOLD_OFF.contains(&errno))
}

/// The one command that shows the rule, for a user who may not read the rules.
fn prove(case: &Case) -> Fix {
    Fix::safe(
        "see which rule it is",
        ["sudo", "devdoctor", "why", &case.target.input],
    )
}

fn sign_evidence(case: &Case) -> impl Iterator<Item = Evidence> {
    let signs = case.facts.host.firewall_signs.iter();
    signs.map(|sign| {
        Evidence::new(
            sign.clone(),
            Seen::Kernel {
                what: "firewall".to_owned(),
            },
        )
    })
}
