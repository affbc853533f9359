//! The rules as `iptables-save -c` prints them: the older iptables, which nft does not see.

use std::collections::HashMap;

use super::nft::{manager, stays};
use super::ports::{Fits, list_has};
use super::{Packet, Read};
use crate::facts::{FirewallRule, FirewallVerdict, clean};

/// Jumps that are followed.
const DEEPEST: u8 = 16;

/// Where a packet passes, in this order.
const HOOKS: [(&str, &str); 9] = [
    ("raw", "OUTPUT"),
    ("mangle", "OUTPUT"),
    ("nat", "OUTPUT"),
    ("filter", "OUTPUT"),
    ("raw", "PREROUTING"),
    ("mangle", "PREROUTING"),
    ("nat", "PREROUTING"),
    ("mangle", "INPUT"),
    ("filter", "INPUT"),
];

/// The rules that may take the packet, in the order in which it meets them.
pub(super) fn parse(text: &str, family: &str, packet: &Packet) -> Vec<Read> {
    let tables = Tables::of(text);
    let mut walk = Walk {
        tables: &tables,
        family,
        packet,
        out: Vec::new(),
    };
    for (table, chain) in HOOKS {
        let met = match (table, chain) {
            (_, "OUTPUT") => packet.goes_out(),
            // Where a connection of our own goes is settled when it leaves.
            ("nat", _) => !packet.goes_out(),
            _ => packet.comes_in(),
        };
        let Some(head) = tables.chains.get(&(table, chain)).filter(|_| met) else {
            continue;
        };
        let from = Step {
            named: false,
            reached: Fits::Yes,
            deep: DEEPEST,
        };
        if !walk.chain(table, chain, from) && head.policy == "DROP" {
            let verdict = FirewallVerdict::Drop;
            let rule = walk.rule(table, chain, "policy DROP", verdict);
            walk.out.push(Read {
                rule,
                packets: head.packets,
            });
        }
    }
    walk.out
}

/// How the walk has come to a chain.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// Whether a rule on the way here has named the port.
    named: bool,
    /// Whether the packet comes here at all.
    reached: Fits,
    /// How many more jumps are followed.
    deep: u8,
}

struct Chain<'a> {
    policy: &'a str,
    packets: Option<u64>,
    rules: Vec<Rule>,
}

struct Rule {
    packets: Option<u64>,
    text: String,
    words: Vec<String>,
}

struct Tables<'a> {
    chains: HashMap<(&'a str, &'a str), Chain<'a>>,
}

impl<'a> Tables<'a> {
    fn of(text: &'a str) -> Self {
        let mut tables = Tables {
            chains: HashMap::new(),
        };
        let mut table = "";
        for line in text.lines() {
            if let Some(name) = line.strip_prefix('*') {
                table = name.trim();
            } else if let Some(head) = line.strip_prefix(':') {
                let mut words = head.split(' ');
                let name = words.next().unwrap_or_default();
                let chain = Chain {
                    policy: words.next().unwrap_or_default(),
                    packets: words.next().and_then(packets),
                    rules: Vec::new(),
                };
                tables.chains.insert((table, name), chain);
            } else if let Some((count, rule)) = line.split_once(' ')
                && let Some(words) = rule.strip_prefix("-A ").and_then(shlex::split)
                && let Some(chain) = rule[3..].split(' ').next()
                && let Some(chain) = tables.chains.get_mut(&(table, chain))
            {
                chain.rules.push(Rule {
                    packets: packets(count),
                    text: clean(rule),
                    words: words.into_iter().skip(1).collect(),
                });
            }
        }
        tables
    }
}

/// `[3:180]` is 3 packets.
fn packets(count: &str) -> Option<u64> {
    let (packets, _) = count.strip_prefix('[')?.split_once(':')?;
    packets.parse().ok()
}

struct Walk<'a> {
    tables: &'a Tables<'a>,
    family: &'a str,
    packet: &'a Packet,
    out: Vec<Read>,
}

impl Walk<'_> {
    /// Whether the packet's fate is decided in this chain for certain.
    fn chain(&mut self, table: &str, name: &str, step: Step) -> bool {
        let tables = self.tables;
        let chain = tables.chains.get(&(table, name));
        let Some(chain) = chain.filter(|_| step.deep > 0) else {
            return false;
        };
        // Whether the packet may have left this chain without a verdict.
        let mut left = false;
        for rule in &chain.rules {
            let asks = Asks::of(&rule.words, self.packet);
            let Some(target) = asks.target.filter(|_| asks.fits != Fits::No) else {
                continue;
            };
            let sure = asks.fits == Fits::Yes;
            let named = step.named || asks.names_port;
            let reached = step.reached.and(asks.fits).and(stays(left));
            let verdict = match target {
                "ACCEPT" => FirewallVerdict::Accept,
                "DROP" => FirewallVerdict::Drop,
                "REJECT" => FirewallVerdict::Reject,
                "REDIRECT" | "DNAT" | "TPROXY" => FirewallVerdict::Redirect,
                "RETURN" if sure => return false,
                "RETURN" => {
                    left = true;
                    continue;
                }
                other => {
                    let next = Step {
                        named,
                        reached,
                        deep: step.deep - 1,
                    };
                    let decided = self.chain(table, other, next);
                    if sure && (decided || asks.goes) {
                        return decided;
                    }
                    left |= asks.goes;
                    continue;
                }
            };
            let rule_met = self.rule(table, name, &rule.text, verdict);
            self.out.push(Read {
                rule: FirewallRule {
                    names_port: named,
                    conditional: reached != Fits::Yes,
                    ..rule_met
                },
                packets: rule.packets,
            });
            if sure {
                return !left;
            }
        }
        false
    }

    fn rule(&self, table: &str, chain: &str, text: &str, verdict: FirewallVerdict) -> FirewallRule {
        let has = |name| self.tables.chains.contains_key(&(table, name));
        FirewallRule {
            table: clean(&format!("{} {table}", self.family)),
            chain: clean(chain),
            handle: None,
            text: text.to_owned(),
            verdict,
            counted: None,
            names_port: false,
            conditional: false,
            manager: manager(table, chain, has).map(str::to_owned),
        }
    }
}

/// What a rule asks of a packet, and where it sends it.
struct Asks<'a> {
    fits: Fits,
    names_port: bool,
    target: Option<&'a str>,
    /// Whether it goes there for good (`-g`) instead of coming back.
    goes: bool,
}

impl<'a> Asks<'a> {
    fn of(words: &'a [String], packet: &Packet) -> Self {
        let mut asks = Asks {
            fits: Fits::Yes,
            names_port: false,
            target: None,
            goes: false,
        };
        let mut negated = false;
        let mut words = words.iter().map(String::as_str).peekable();
        while let Some(word) = words.next() {
            if word == "!" {
                negated = true;
                continue;
            }
            // What follows the target are the target's own options.
            if matches!(word, "-j" | "-g") {
                asks.target = words.next();
                asks.goes = word == "-g";
                break;
            }
            let value = words
                .next_if(|next| !next.starts_with('-') && *next != "!")
                .unwrap_or_default();
            let fits = match word {
                "-p" => matches!(value, "tcp" | "6" | "all").into(),
                "--dport" | "--dports" | "--destination-port" | "--destination-ports" => {
                    let fits = list_has(value, packet.port());
                    asks.names_port |= fits == Fits::Yes && !negated;
                    fits
                }
                "--ctstate" | "--state" => value.split(',').any(|state| state == "NEW").into(),
                "--comment" => Fits::Yes,
                "-i" => packet.enters_by(value),
                "-o" => packet.leaves_by(value),
                "-d" => packet.goes_to(value),
                "--dst-type" => packet.goes_to_type(value),
                "-m" => match value {
                    "tcp" | "multiport" | "conntrack" | "state" | "comment" | "addrtype" => {
                        Fits::Yes
                    }
                    "udp" | "icmp" | "icmp6" => Fits::No,
                    _ => Fits::Maybe,
                },
                _ => Fits::Maybe,
            };
            asks.fits = asks.fits.and(fits.negated_if(negated));
            negated = false;
        }
        asks
    }
}

#[cfg(test)]
mod tests {
    use super::super::Course;
    use super::*;

    const SAVED: &str = "\
# Generated by iptables-save v1.8.9 on Sun Nov 22 08:01:01 2026
*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
[2:120] -A OUTPUT -p tcp -m tcp --dport 3003 -j REDIRECT --to-ports 4003
COMMIT
*filter
:INPUT DROP [7:420]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:block - [0:0]
[9:540] -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
[1:60] -A INPUT -p tcp -m tcp --dport 3000 -j REJECT --reject-with icmp-port-unreachable
[0:0] -A INPUT -p tcp -m multiport --dports 3001,3010:3020 -m comment --comment \"a -j b\" -j DROP
[0:0] -A INPUT -s 10.0.0.0/8 -p tcp -j block
[0:0] -A INPUT -p udp -m udp --dport 3000 -j DROP
[0:0] -A INPUT -p tcp -m tcp ! --dport 5000 -j ACCEPT
[0:0] -A block -p tcp -m tcp --dport 3002 -j DROP
COMMIT
";

    fn met(port: u16) -> Vec<(String, FirewallVerdict, bool, Option<u64>)> {
        let to = std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let course = Course::Within;
        parse(SAVED, "ip", &Packet { to, course })
            .into_iter()
            .map(|read| {
                let rule = read.rule;
                let place = format!("{}/{}", rule.table, rule.chain);
                (place, rule.verdict, rule.names_port, read.packets)
            })
            .collect()
    }

    #[test]
    fn the_rule_that_takes_the_packet_ends_the_walk() {
        let reject = (
            "ip filter/INPUT".to_owned(),
            FirewallVerdict::Reject,
            true,
            Some(1),
        );
        assert_eq!(met(3000), [reject]);
        let drop = (
            "ip filter/INPUT".to_owned(),
            FirewallVerdict::Drop,
            true,
            Some(0),
        );
        assert_eq!(met(3015), [drop]);
    }

    #[test]
    fn a_chain_that_may_be_reached_is_followed() {
        let verdicts: Vec<_> = met(3002)
            .into_iter()
            .map(|(place, v, ..)| (place, v))
            .collect();
        assert_eq!(
            verdicts,
            [
                ("ip filter/block".to_owned(), FirewallVerdict::Drop),
                ("ip filter/INPUT".to_owned(), FirewallVerdict::Accept),
            ]
        );
    }

    #[test]
    fn what_no_rule_takes_falls_to_the_policy() {
        let policy = (
            "ip filter/INPUT".to_owned(),
            FirewallVerdict::Drop,
            false,
            Some(7),
        );
        assert_eq!(met(5000), [policy]);
        assert_eq!(met(3003)[0].1, FirewallVerdict::Redirect);
    }

    #[test]
    fn anything_is_read_without_a_panic() {
        for text in [
            "",
            "*filter",
            "-A",
            "[1:1] -A ",
            "[1:1] -A INPUT 'x",
            ":",
            "[:] -A é -j",
        ] {
            let to = ([127, 0, 0, 1], 1).into();
            for course in [Course::Within, Course::Out, Course::In(None)] {
                parse(text, "ip", &Packet { to, course });
            }
        }
    }
}
