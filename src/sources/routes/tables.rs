//! The rules and tables, walked as the kernel walks them. No I/O.
//!
//! The kernel's own answer is the truth; this walk only finds out which rule and which
//! entry it comes from, and is left out where the two do not agree.

use std::net::IpAddr;

use super::wire::{Entry, GOTO, NOP, Rule, TO_TABLE, fate_of};
use crate::facts::{Fate, same_network};
use crate::sources::routes::MOST_SHADOWED;

/// A packet of ours that is about to leave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet {
    pub to: IpAddr,
    pub from: Option<IpAddr>,
    pub port: u16,
    pub uid: u32,
}

/// Where the walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found<'a> {
    /// The rule that chose the table or decided by itself.
    pub rule: &'a Rule,
    /// The entry of the table; nothing where the rule decided by itself.
    pub entry: Option<&'a Entry>,
    pub fate: Fate,
}

/// The rule and the entry that decide about a packet; nothing if none does.
pub(super) fn find<'a>(
    rules: &'a [Rule],
    entries: &'a [Entry],
    packet: &Packet,
) -> Option<Found<'a>> {
    let mut least = 0;
    for rule in rules {
        if rule.priority < least || !takes(rule, packet) {
            continue;
        }
        match rule.action {
            TO_TABLE => {
                let Some(entry) = best(entries, rule.table, packet.to) else {
                    continue;
                };
                let Some(fate) = entry.fate else {
                    continue;
                };
                if rule
                    .suppress
                    .is_some_and(|most| u32::from(entry.prefix) <= most)
                {
                    continue;
                }
                return Some(Found {
                    rule,
                    entry: Some(entry),
                    fate,
                });
            }
            GOTO => least = rule.goto.unwrap_or(0),
            NOP => {}
            action => {
                let fate = match action {
                    6 => Fate::Blackhole,
                    7 => fate_of(101)?,
                    8 => Fate::Prohibit,
                    _ => continue,
                };
                return Some(Found {
                    rule,
                    entry: None,
                    fate,
                });
            }
        }
    }
    None
}

/// Whether a rule is for this packet.
fn takes(rule: &Rule, packet: &Packet) -> bool {
    let within = |network: Option<(IpAddr, u8)>, ip: Option<IpAddr>| match (network, ip) {
        (None, _) => true,
        (Some((network, prefix)), Some(ip)) => same_network(network, ip, prefix),
        (Some((_, prefix)), None) => prefix == 0,
    };
    let mut takes = !rule.special
        && within(rule.to, Some(packet.to))
        && within(rule.from, packet.from)
        // What this machine sends itself comes in, as it were, by its loopback.
        && rule.iif.as_deref().is_none_or(|name| name == "lo")
        && rule.oif.is_none()
        && rule.mark & rule.mask == 0
        && rule.source_ports.is_none();
    takes &= rule
        .uids
        .is_none_or(|(low, high)| (low..=high).contains(&packet.uid));
    takes &= rule.protocol.is_none_or(|protocol| protocol == 6);
    takes &= rule
        .ports
        .is_none_or(|(low, high)| (low..=high).contains(&packet.port));
    takes != rule.inverted
}

pub(super) fn holds(entry: &Entry, ip: IpAddr) -> bool {
    entry.network.is_ipv4() == ip.is_ipv4()
        && (entry.prefix == 0 || same_network(entry.network, ip, entry.prefix))
}

/// The entry of a table that is taken: the narrowest, then that of the lowest metric.
fn best(entries: &[Entry], table: u32, ip: IpAddr) -> Option<&Entry> {
    entries
        .iter()
        .filter(|entry| entry.table == table && !entry.dead && holds(entry, ip))
        .min_by_key(|entry| (std::cmp::Reverse(entry.prefix), entry.metric))
}

/// Other networks that hold the address too, on another interface than the one that is
/// taken; the default route is no network.
pub(super) fn shadowed(entries: &[Entry], to: IpAddr, taken: Option<u32>) -> Vec<&Entry> {
    let mut others: Vec<&Entry> = entries
        .iter()
        .filter(|entry| {
            entry.prefix > 1
                && !entry.dead
                && entry.fate == Some(Fate::Sent)
                && entry.interface != taken
                && holds(entry, to)
        })
        .collect();
    others.sort_by_key(|entry| (std::cmp::Reverse(entry.prefix), entry.metric));
    others.truncate(MOST_SHADOWED);
    others
}

/// A rule as `ip rule` writes it.
pub(super) fn words(rule: &Rule) -> String {
    let mut text = String::new();
    if rule.inverted {
        text.push_str("not ");
    }
    match rule.from {
        Some((ip, prefix)) => text.push_str(&format!("from {}", network(ip, prefix))),
        None => text.push_str("from all"),
    }
    if let Some((ip, prefix)) = rule.to {
        text.push_str(&format!(" to {}", network(ip, prefix)));
    }
    if rule.mark != 0 {
        text.push_str(&format!(" fwmark {:#x}", rule.mark));
        if rule.mask != u32::MAX {
            text.push_str(&format!("/{:#x}", rule.mask));
        }
    }
    for (word, name) in [("iif", &rule.iif), ("oif", &rule.oif)] {
        if let Some(name) = name {
            text.push_str(&format!(" {word} {name}"));
        }
    }
    if let Some((low, high)) = rule.uids {
        text.push_str(&format!(" uidrange {low}-{high}"));
    }
    if rule.protocol == Some(6) {
        text.push_str(" ipproto tcp");
    }
    if let Some((low, high)) = rule.ports {
        text.push_str(&match low == high {
            true => format!(" dport {low}"),
            false => format!(" dport {low}-{high}"),
        });
    }
    match rule.action {
        TO_TABLE => text.push_str(&format!(" lookup {}", table_word(rule.table))),
        6 => text.push_str(" blackhole"),
        7 => text.push_str(" unreachable"),
        8 => text.push_str(" prohibit"),
        _ => {}
    }
    if let Some(most) = rule.suppress {
        text.push_str(&format!(" suppress_prefixlength {most}"));
    }
    text
}

fn network(ip: IpAddr, prefix: u8) -> String {
    let whole = if ip.is_ipv4() { 32 } else { 128 };
    match prefix == whole {
        true => ip.to_string(),
        false => format!("{ip}/{prefix}"),
    }
}

fn table_word(table: u32) -> String {
    match table {
        255 => "local".to_owned(),
        254 => "main".to_owned(),
        253 => "default".to_owned(),
        other => other.to_string(),
    }
}

/// Whether it is one of the rules that every system has.
pub(super) fn is_everybodys(rule: &Rule) -> bool {
    rule.action == TO_TABLE
        && matches!(rule.table, 253..=255)
        && *rule
            == Rule {
                priority: rule.priority,
                action: TO_TABLE,
                table: rule.table,
                mask: rule.mask,
                ..Rule::default()
            }
}

/// The rules of a kernel that has no policy routing.
pub(super) fn plain_rules() -> Vec<Rule> {
    [(0, 255), (32766, 254), (32767, 253)]
        .map(|(priority, table)| Rule {
            priority,
            action: TO_TABLE,
            table,
            mask: u32::MAX,
            ..Rule::default()
        })
        .to_vec()
}

#[cfg(test)]
#[path = "tables_tests.rs"]
mod tests;
