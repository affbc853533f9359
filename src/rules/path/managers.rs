//! What lets a packet pass a rule: in the words of the program that wrote the rule, or
//! else in those of the kernel's own tools.

use crate::facts::{FirewallRule, Probe};
use crate::findings::{Fix, Safety};

/// What lets the probe pass: first an exception as narrow as it can be, then without the rule.
pub(super) fn rule_fixes(probe: &Probe, rule: &FirewallRule) -> Vec<Fix> {
    let port = probe.to.port();
    match rule.manager.as_deref() {
        // Who wrote the rule would write it again.
        Some("ufw") => vec![ufw(port, rule)],
        Some("firewalld") => vec![firewalld(port, rule)],
        _ => {
            let mut fixes = vec![allow(probe, rule)];
            fixes.extend(delete(rule));
            fixes
        }
    }
}

/// Opens the port in ufw.
fn ufw(port: u16, rule: &FirewallRule) -> Fix {
    let chain = rule
        .chain
        .trim_start_matches("ufw6")
        .trim_start_matches("ufw");
    if chain.starts_with("-before") || chain == "-not-local" {
        let file = match rule.chain.starts_with("ufw6") {
            true => "/etc/ufw/before6.rules",
            false => "/etc/ufw/before.rules",
        };
        return Fix::read(
            "take the rule out of ufw's file",
            &format!("{file} is met before every rule of `ufw allow`; then `sudo ufw reload`"),
        );
    }
    // A rule for just this port is changed in place; any other one must be met later.
    let names_it = format!("dport {port}");
    let just_this = rule.text.trim_start_matches("meta l4proto tcp ");
    let in_place = !chain.starts_with("-user")
        || just_this.starts_with(&format!("tcp {names_it} "))
        || rule
            .text
            .contains(&format!(" -p tcp -m tcp --{names_it} -j "));
    let mut argv = vec!["sudo", "ufw"];
    if !in_place {
        argv.push("prepend");
    }
    argv.push("allow");
    if chain.to_ascii_lowercase().contains("output") {
        argv.push("out");
    }
    let port = format!("{port}/tcp");
    argv.push(&port);
    Fix::safe("open the port in ufw", argv)
}

/// Opens the port in firewalld, where the zone or policy stands in the chain's name.
fn firewalld(port: u16, rule: &FirewallRule) -> Fix {
    let title = "open the port in firewalld, until it restarts";
    let (_, rest) = rule
        .chain
        .split_at(rule.chain.find('_').map_or(0, |at| at + 1));
    let named = rest.strip_prefix("IN_").or(rest.strip_prefix("OUT_"));
    let (name, part) = ["_pre", "_deny", "_log", "_allow", "_post"]
        .into_iter()
        .find_map(|part| Some((named?.strip_suffix(part)?, part)))
        .unwrap_or((named.unwrap_or_default(), ""));
    let place = match name.strip_prefix("policy_") {
        Some(policy) => format!("--policy={policy}"),
        None => format!("--zone={name}"),
    };
    // Its ports are met after the rules that deny: only a rule that comes first helps.
    let add = match part {
        "_deny" | "_log" => rich_rule(port, -1),
        "_pre" => rich_rule(port, -32768),
        _ => format!("--add-port={port}/tcp"),
    };
    let mut argv = vec!["sudo".to_owned(), "firewall-cmd".to_owned()];
    argv.extend(Some(place).filter(|_| !name.is_empty()));
    argv.push(add);
    Fix::safe(title, argv)
}

fn rich_rule(port: u16, priority: i32) -> String {
    format!(
        "--add-rich-rule=rule priority=\"{priority}\" port port=\"{port}\" protocol=\"tcp\" accept"
    )
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
pub(super) fn delete(rule: &FirewallRule) -> Option<Fix> {
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
