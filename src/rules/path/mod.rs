//! Family 7 path: something between client and server.

pub mod firewall_drops;
pub mod firewall_rejects;
pub mod proxy_in_the_way;
pub mod proxy_unreachable;

use std::net::IpAddr;

use crate::facts::{
    FirewallRule, FirewallVerdict, Known, Listener, Outcome, Probe, Protocol, ProxyVariable,
    Scheme, catalogue, same_network,
};
use crate::findings::{Confidence, Evidence, Fix, Safety, Seen};
use crate::rules::Case;

// --- the firewall -------------------------------------------------------

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

/// The probes of our own addresses that failed before a connection was made.
fn blocked<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a Probe> + use<'a> {
    let case = *case;
    case.probes().filter(move |probe| {
        !probe.outcome.connected()
            && case.is_local(probe.to.ip()) == Some(true)
            && !loopback_is_down(&case)
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

// --- proxies ------------------------------------------------------------

/// A proxy variable that clients obey for the target, and how sure that is.
struct Applies<'a> {
    variable: &'a ProxyVariable,
    confidence: Confidence,
}

/// The proxy variable that a command-line client obeys for this target.
fn proxy<'a>(case: &Case<'a>) -> Option<Applies<'a>> {
    let (confidence, secure) = web(case)?;
    let host = &case.facts.host;
    let target = case.target.host.trim_matches(['[', ']']);
    if is_excepted(target, host.no_proxy.as_deref().unwrap_or_default()) {
        return None;
    }
    // The order in which curl looks; it never obeys `HTTP_PROXY` in capitals.
    let names: &[&str] = if secure {
        &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    } else {
        &["http_proxy", "all_proxy", "ALL_PROXY", "HTTP_PROXY"]
    };
    let variable = names
        .iter()
        .find_map(|name| host.proxies.iter().find(|proxy| proxy.name == *name))?;
    let confidence = if variable.name == "HTTP_PROXY" {
        confidence.min(Confidence::Likely)
    } else {
        confidence
    };
    Some(Applies {
        variable,
        confidence,
    })
}

/// Whether the target is asked by clients that obey proxy variables, how sure that is,
/// and whether over TLS.
fn web(case: &Case) -> Option<(Confidence, bool)> {
    if let Some(scheme) = case.target.scheme {
        let secure = matches!(scheme, Scheme::Https | Scheme::Wss);
        return scheme.is_web().then_some((Confidence::Certain, secure));
    }
    if let Some((_, greeting)) = case.greeting() {
        return match greeting.spoken {
            Some(Protocol::Http) => Some((Confidence::Certain, false)),
            Some(Protocol::Tls) => Some((Confidence::Certain, true)),
            _ => None,
        };
    }
    match catalogue().port(case.port()) {
        Some(row) => (row.greet == Some(Protocol::Http)).then_some((Confidence::Likely, false)),
        None => Some((Confidence::Likely, false)),
    }
}

/// Whether `NO_PROXY` excepts the host, as curl reads it.
fn is_excepted(host: &str, no_proxy: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let ip: Option<IpAddr> = host.parse().ok();
    no_proxy
        .split([',', ' '])
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .any(|entry| {
            if entry == "*" {
                return true;
            }
            let entry = entry.trim_matches(['[', ']']).to_ascii_lowercase();
            if let Some(ip) = ip {
                return entry.parse().is_ok_and(|other: IpAddr| other == ip)
                    || is_in_network(ip, &entry);
            }
            let entry = entry.trim_start_matches('.').trim_end_matches('.');
            !entry.is_empty()
                && (host == entry
                    || host
                        .strip_suffix(entry)
                        .is_some_and(|rest| rest.ends_with('.')))
        })
}

/// Whether an address is in a network written as `10.0.0.0/8`.
fn is_in_network(ip: IpAddr, network: &str) -> bool {
    let Some((base, bits)) = network.split_once('/') else {
        return false;
    };
    match (base.parse(), bits.parse()) {
        (Ok(base), Ok(bits)) => same_network(ip, base, bits),
        _ => false,
    }
}

fn variable_evidence(variable: &ProxyVariable) -> Evidence {
    Evidence::new(
        format!(
            "{} is set to {}://{}",
            variable.name,
            variable.scheme,
            authority(variable)
        ),
        Seen::Environment {
            variable: variable.name.clone(),
        },
    )
}

fn authority(variable: &ProxyVariable) -> String {
    if variable.host.contains(':') {
        format!("[{}]:{}", variable.host, variable.port)
    } else {
        format!("{}:{}", variable.host, variable.port)
    }
}

fn no_proxy_evidence(case: &Case) -> Evidence {
    let host = &case.target.host;
    let says = match &case.facts.host.no_proxy {
        Some(value) => format!("NO_PROXY is `{value}`, which does not except {host}"),
        None => "NO_PROXY is not set".to_owned(),
    };
    Evidence::new(
        says,
        Seen::Environment {
            variable: "NO_PROXY".to_owned(),
        },
    )
}

/// Excepts this machine from the proxy, in both spellings: curl prefers the lower case.
fn except_localhost(case: &Case) -> Fix {
    let mut names: Vec<&str> = case
        .facts
        .host
        .no_proxy
        .as_deref()
        .unwrap_or_default()
        .split([',', ' '])
        .filter(|entry| !entry.is_empty())
        .collect();
    let host = case.target.host.as_str();
    for name in ["localhost", "127.0.0.1", "::1", host] {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let list = names.join(",");
    Fix::safe(
        "except this machine from the proxy, in this shell",
        [
            "export".to_owned(),
            format!("NO_PROXY={list}"),
            format!("no_proxy={list}"),
        ],
    )
}

fn unset(title: &str, variable: &ProxyVariable) -> Fix {
    Fix::safe(title, ["unset", &variable.name])
}

#[cfg(test)]
mod tests {
    use super::is_excepted;

    #[test]
    fn exceptions_are_read_as_curl_reads_them() {
        for (host, list) in [
            ("localhost", "localhost,127.0.0.1"),
            ("LOCALHOST", "localhost"),
            ("api.corp.test", ".corp.test"),
            ("api.corp.test", "corp.test"),
            ("127.0.0.1", "10.0.0.0/8 127.0.0.0/8"),
            ("::1", "[::1]"),
            ("anything", "*"),
        ] {
            assert!(is_excepted(host, list), "{host} in {list}");
        }
        for (host, list) in [
            ("127.0.0.1", "localhost"),
            ("localhost", "127.0.0.1,::1"),
            ("notcorp.test", "corp.test"),
            ("api.corp.test", "*.corp.test"),
            ("127.0.0.1", "128.0.0.0/8,127.0.0.0/x"),
            ("localhost", ". ,,"),
        ] {
            assert!(!is_excepted(host, list), "{host} not in {list}");
        }
    }
}
