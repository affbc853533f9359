//! The ruleset as `nft -j list ruleset` prints it.
//!
//! Base chains are walked as the kernel walks them, for a new TCP packet to the
//! asked port. What else a rule may ask (the sender, marks) is not known here, so such
//! a rule *may* take the packet, and the walk goes on behind it. What iptables has put
//! into a rule is hidden in the JSON; nft's own words for the rule tell of it.

mod asks;

use std::collections::HashMap;

use serde_json::Value;

use self::asks::is_port;
use super::listing::OwnWords;
use super::ports::Fits;
use super::{Packet, Read};
use crate::facts::{FirewallRule, FirewallVerdict, clean};

/// Jumps that are followed; the kernel itself stops at 16.
const DEEPEST: u8 = 16;

/// The rules that may take the packet, in the order in which it meets them.
pub(super) fn parse(json: &str, words: &OwnWords, packet: &Packet) -> Result<Vec<Read>, String> {
    let value: Value =
        serde_json::from_str(json).map_err(|error| format!("nft's JSON is not read: {error}"))?;
    let Some(objects) = value["nftables"].as_array() else {
        return Err("nft's JSON has no ruleset".to_owned());
    };
    let ruleset = Ruleset::of(objects, words, packet);
    let mut bases = ruleset.bases.clone();
    bases.sort_by_key(|base| (base.hook, base.priority));
    let mut out = Vec::new();
    for base in bases {
        let from = Step {
            named: Fits::No,
            reached: Fits::Yes,
            deep: DEEPEST,
        };
        let ends = ruleset.walk(&base.chain, from, &mut out);
        if ends != Ends::Decided && base.drops {
            out.push(Read {
                rule: FirewallRule {
                    table: base.chain.table_words(),
                    chain: clean(base.chain.name),
                    handle: None,
                    text: "policy drop".to_owned(),
                    verdict: FirewallVerdict::Drop,
                    counted: None,
                    names_port: false,
                    conditional: false,
                    manager: ruleset.manager(&base.chain),
                },
                packets: None,
            });
        }
    }
    Ok(out)
}

/// Where a chain is: family, table, name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Place<'a> {
    family: &'a str,
    table: &'a str,
    name: &'a str,
}

impl Place<'_> {
    fn table_words(&self) -> String {
        clean(&format!("{} {}", self.family, self.table))
    }
}

#[derive(Debug, Clone)]
struct Base<'a> {
    chain: Place<'a>,
    /// The order in which a connection to this machine meets the hooks.
    hook: u8,
    priority: i64,
    drops: bool,
}

struct Ruleset<'a> {
    packet: &'a Packet,
    words: &'a OwnWords,
    bases: Vec<Base<'a>>,
    rules: HashMap<Place<'a>, Vec<&'a Value>>,
    /// Sets and maps.
    sets: HashMap<Place<'a>, &'a Value>,
    counters: HashMap<Place<'a>, u64>,
}

/// How the walk through a chain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// The packet's fate is decided for certain: nothing behind it is met.
    Decided,
    /// It may go on behind the chain.
    GoesOn,
}

/// How the walk has come to a chain.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// Whether a rule on the way here has named the port.
    named: Fits,
    /// Whether the packet comes here at all.
    reached: Fits,
    /// How many more jumps are followed.
    deep: u8,
}

/// What a rule asks and does.
struct Meaning<'a> {
    fits: Fits,
    names_port: bool,
    packets: Option<u64>,
    /// It asks or does something in the words of iptables, which the JSON leaves out.
    opaque: bool,
    /// What it does; with a map there may be more than one answer.
    does: Vec<(Fits, &'a str, &'a Value)>,
}

impl<'a> Ruleset<'a> {
    fn of(objects: &'a [Value], words: &'a OwnWords, packet: &'a Packet) -> Self {
        let mut ruleset = Ruleset {
            packet,
            words,
            bases: Vec::new(),
            rules: HashMap::new(),
            sets: HashMap::new(),
            counters: HashMap::new(),
        };
        for object in objects {
            let Some((kind, body)) = object.as_object().and_then(|map| map.iter().next()) else {
                continue;
            };
            let word = |key: &str| body[key].as_str().unwrap_or_default();
            let family = word("family");
            // Bridges and network cards are not on the way of a local connection.
            if !matches!(family, "ip" | "ip6" | "inet") {
                continue;
            }
            let place = |name| Place {
                family,
                table: word("table"),
                name,
            };
            match kind.as_str() {
                "chain" => {
                    let hook = match word("hook") {
                        "output" if packet.goes_out() => 0,
                        // Where a connection of our own goes is settled when it leaves.
                        _ if word("type") == "nat" && packet.goes_out() => continue,
                        "prerouting" if packet.comes_in() => 1,
                        "input" if packet.comes_in() => 2,
                        _ => continue,
                    };
                    ruleset.bases.push(Base {
                        chain: place(word("name")),
                        hook,
                        priority: body["prio"].as_i64().unwrap_or(0),
                        drops: word("policy") == "drop",
                    });
                }
                "rule" => {
                    let chain = place(word("chain"));
                    ruleset.rules.entry(chain).or_default().push(body);
                }
                "set" | "map" => {
                    ruleset.sets.insert(place(word("name")), &body["elem"]);
                }
                "counter" => {
                    let packets = body["packets"].as_u64().unwrap_or(0);
                    ruleset.counters.insert(place(word("name")), packets);
                }
                _ => {}
            }
        }
        ruleset
    }

    /// Walks one chain.
    fn walk(&self, chain: &Place<'a>, step: Step, out: &mut Vec<Read>) -> Ends {
        // Whether the packet may have left this chain without a verdict.
        let mut left = false;
        for rule in self.rules.get(chain).into_iter().flatten() {
            let meaning = self.meaning(chain, rule);
            let named = match meaning.names_port {
                true => Fits::Yes,
                false => step.named,
            };
            for (fits, word, body) in &meaning.does {
                let fits = meaning.fits.and(*fits);
                if fits == Fits::No {
                    continue;
                }
                let verdict = match *word {
                    "accept" => FirewallVerdict::Accept,
                    "drop" => FirewallVerdict::Drop,
                    "reject" => FirewallVerdict::Reject,
                    "redirect" | "dnat" | "tproxy" => FirewallVerdict::Redirect,
                    "return" if fits == Fits::Yes => return Ends::GoesOn,
                    "return" => {
                        left = true;
                        continue;
                    }
                    "jump" | "goto" if step.deep > 0 => {
                        let target = Place {
                            name: body["target"].as_str().unwrap_or_default(),
                            ..*chain
                        };
                        let next = Step {
                            named,
                            reached: step.reached.and(fits).and(stays(left)),
                            deep: step.deep - 1,
                        };
                        let ends = self.walk(&target, next, out);
                        if fits == Fits::Yes && (ends == Ends::Decided || *word == "goto") {
                            return ends;
                        }
                        left |= *word == "goto";
                        continue;
                    }
                    _ => continue,
                };
                let sure = step.reached.and(fits).and(stays(left)) == Fits::Yes;
                out.push(Read {
                    rule: FirewallRule {
                        table: chain.table_words(),
                        chain: clean(chain.name),
                        handle: rule["handle"].as_u64(),
                        text: self
                            .own_words(chain, rule)
                            .map_or_else(|| self.plain_words(named, word), str::to_owned),
                        verdict,
                        counted: None,
                        names_port: named == Fits::Yes,
                        conditional: !sure,
                        manager: self.manager(chain),
                    },
                    packets: meaning.packets,
                });
                if fits == Fits::Yes {
                    return if left { Ends::GoesOn } else { Ends::Decided };
                }
            }
        }
        Ends::GoesOn
    }

    /// nft's own words for a rule.
    fn own_words(&self, chain: &Place<'a>, rule: &Value) -> Option<&'a str> {
        let handle = rule["handle"].as_u64()?;
        self.words.for_rule(&chain.table_words(), handle)
    }

    /// The program that wrote the rules of a chain, and would write them again.
    fn manager(&self, chain: &Place<'a>) -> Option<String> {
        let has = |name| self.rules.contains_key(&Place { name, ..*chain });
        manager(chain.table, chain.name, has).map(str::to_owned)
    }

    /// The rule in short, for the case that nft's own words cannot be had.
    fn plain_words(&self, named: Fits, verdict: &str) -> String {
        match named {
            Fits::Yes => format!("tcp dport {} {verdict}", self.packet.port()),
            _ => verdict.to_owned(),
        }
    }

    fn meaning(&self, chain: &Place<'a>, rule: &'a Value) -> Meaning<'a> {
        let mut meaning = Meaning {
            fits: Fits::Yes,
            names_port: false,
            packets: None,
            opaque: false,
            does: Vec::new(),
        };
        let statements = rule["expr"].as_array().map_or(&[][..], Vec::as_slice);
        for statement in statements {
            let Some((word, body)) = statement.as_object().and_then(|map| map.iter().next()) else {
                continue;
            };
            match word.as_str() {
                "match" => {
                    let fits = self.asks(chain, body);
                    meaning.names_port |= fits == Fits::Yes && is_port(&body["left"]);
                    meaning.fits = meaning.fits.and(fits);
                    // A counter before a question counts more than the rule takes.
                    meaning.packets = None;
                }
                "limit" => {
                    meaning.fits = meaning.fits.and(Fits::Maybe);
                    meaning.packets = None;
                }
                "counter" => {
                    meaning.packets = body["packets"].as_u64().or_else(|| {
                        let name = body.as_str()?;
                        self.counters.get(&Place { name, ..*chain }).copied()
                    });
                }
                "vmap" => {
                    meaning.names_port |= is_port(&body["key"]);
                    meaning.does.extend(self.answers(chain, body));
                }
                "xt" => compat(&mut meaning, body),
                _ => meaning.does.push((Fits::Yes, word, body)),
            }
        }
        if meaning.opaque {
            let asked = self
                .own_words(chain, rule)
                .map(|words| self.packet.is_asked(words));
            meaning.fits = meaning
                .fits
                .and(asked.map_or(Fits::Maybe, |asked| asked.fits));
            meaning.names_port |= asked.is_some_and(|asked| asked.names_port);
        }
        meaning
    }
}

/// The program to which chains of these names belong.
pub(super) fn manager<'a>(
    table: &str,
    chain: &str,
    has: impl Fn(&'a str) -> bool,
) -> Option<&'static str> {
    if table == "firewalld" {
        return Some("firewalld");
    }
    // The policy of a chain of everybody's is set by whoever filled it.
    let ufw = chain.starts_with("ufw") || has("ufw-before-input") || has("ufw6-before-input");
    ufw.then_some("ufw")
}

/// Whether a packet that may have left a chain is still in it.
pub(super) fn stays(left: bool) -> Fits {
    if left { Fits::Maybe } else { Fits::Yes }
}

/// What iptables has put into a rule, of which the JSON says little.
fn compat<'a>(meaning: &mut Meaning<'a>, body: &'a Value) {
    match (body["type"].as_str(), body["name"].as_str()) {
        (Some("match"), Some("comment")) => {}
        (Some("target"), Some("REJECT")) => meaning.does.push((Fits::Yes, "reject", body)),
        (Some("target"), Some("REDIRECT" | "DNAT")) => {
            meaning.does.push((Fits::Yes, "redirect", body));
        }
        (Some("target"), Some(_)) => {}
        _ => {
            meaning.packets = None;
            meaning.opaque = true;
        }
    }
}

#[cfg(test)]
#[path = "nft_tests.rs"]
mod tests;
