//! nftables, and the older iptables where it still holds rules.

mod iptables;
mod listing;
mod nft;
mod packet;
mod ports;

use std::fs;
use std::time::{Duration, Instant};

use listing::OwnWords;

use crate::sources::tool::Command;

use super::{Course, Packet, Wanted};
use crate::facts::{Firewall, FirewallRule, FirewallVerdict, Gap};

/// More rules than these nobody reads.
const MOST_RULES: usize = 64;

/// Reads the rules, has a probe made, and reads them again.
pub(super) fn look(
    packet: &Packet,
    wanted: Wanted,
    deadline: Duration,
    probe: impl Fn(),
) -> Result<Firewall, Gap> {
    if !may_look() {
        return Err(Gap::Forbidden);
    }
    let mut until = Instant::now() + deadline;
    let tools = Tools::find()?;
    let words = tools.words(until);
    let before = tools.read(packet, &words, until)?;
    let is_wanted = |read: &Read| {
        let verdict = read.rule.verdict;
        let redirects = verdict == FirewallVerdict::Redirect;
        let blocks = matches!(verdict, FirewallVerdict::Drop | FirewallVerdict::Reject);
        let does = match wanted {
            Wanted::All => return true,
            Wanted::Redirects => redirects,
            Wanted::Blocks => blocks,
        };
        does && (read.rule.names_port || !read.rule.conditional)
    };
    let comes_in = matches!(packet.course, Course::In(_));
    if comes_in || (wanted != Wanted::All && !before.iter().any(is_wanted)) {
        return Ok(tools.firewall(before));
    }
    let probing = Instant::now();
    probe();
    // The time for reading is not spent by connecting.
    until += probing.elapsed();
    let after = tools.read(packet, &words, until)?;
    Ok(tools.firewall(counted(&before, after)))
}

/// The kernel shows its rules to root only: there is no need to try.
pub(super) fn may_look() -> bool {
    uzers::get_effective_uid() == 0
}

/// Whether some rule sends the port to another address.
pub(super) fn forwards(port: u16, deadline: Duration) -> Result<bool, Gap> {
    if uzers::get_effective_uid() != 0 {
        return Err(Gap::Forbidden);
    }
    let until = Instant::now() + deadline;
    let tools = Tools::find()?;
    let mut text = String::new();
    if let Some(nft) = &tools.nft {
        text.push_str(&nft.run(&["list", "ruleset"], until)?);
    }
    for (save, _) in &tools.legacy {
        text.push_str(&save.run(&[], until)?);
    }
    Ok(text.lines().any(|line| sends_away(line, port)))
}

/// `-p tcp -m tcp --dport 3000 -j DNAT --to-destination …`, and the same in nft's words.
fn sends_away(rule: &str, port: u16) -> bool {
    let Some((_, rest)) = rule.split_once("dport ") else {
        return false;
    };
    let number = rest.split(' ').next().unwrap_or_default();
    let lower = rest.to_ascii_lowercase();
    number.parse() == Ok(port) && lower.contains("dnat")
}

/// A rule, and what tells it from every other.
#[derive(Debug, Clone)]
struct Read {
    rule: FirewallRule,
    /// What its counter shows, where it counts exactly the packets that it takes.
    packets: Option<u64>,
}

/// The rules of the second reading, with what their counters gained since the first.
fn counted(before: &[Read], after: Vec<Read>) -> Vec<Read> {
    after
        .into_iter()
        .map(|mut read| {
            let earlier = before.iter().find(|old| same_rule(&old.rule, &read.rule));
            read.rule.counted = match (earlier.and_then(|old| old.packets), read.packets) {
                (Some(old), Some(new)) => Some(new.saturating_sub(old)),
                _ => None,
            };
            read
        })
        .collect()
}

fn same_rule(one: &FirewallRule, other: &FirewallRule) -> bool {
    one.table == other.table
        && one.chain == other.chain
        && one.handle == other.handle
        && (one.handle.is_some() || one.text == other.text)
}

/// The programs that read the rules.
struct Tools {
    nft: Option<Command>,
    /// Each with the family whose rules it reads.
    legacy: Vec<(Command, &'static str)>,
}

impl Tools {
    fn find() -> Result<Self, Gap> {
        let nft = Command::find(&["nft"]);
        // nft shows what the newer iptables made; only tables of the older one are
        // not seen by it. The kernel lists those.
        let families = [
            (
                "ip",
                "/proc/net/ip_tables_names",
                ["iptables-legacy-save", "iptables-save"],
            ),
            (
                "ip6",
                "/proc/net/ip6_tables_names",
                ["ip6tables-legacy-save", "ip6tables-save"],
            ),
        ];
        let legacy: Vec<_> = families
            .into_iter()
            .filter(|(_, names, _)| {
                nft.is_none() || fs::read_to_string(names).is_ok_and(|names| !names.is_empty())
            })
            .filter_map(|(family, _, programs)| Some((Command::find(&programs)?, family)))
            .collect();
        if nft.is_none() && legacy.is_empty() {
            let why = "neither nft nor iptables-save is installed";
            return Err(Gap::Failed(why.to_owned()));
        }
        Ok(Tools { nft, legacy })
    }

    /// The rules of nftables in its own words: they tell of what the JSON hides.
    fn words(&self, until: Instant) -> OwnWords {
        let listing = self.nft.as_ref().map(|nft| {
            // Without them the rules say less, and that is all.
            nft.run(&["-a", "list", "ruleset"], until)
                .unwrap_or_default()
        });
        OwnWords::of(&listing.unwrap_or_default())
    }

    fn read(&self, packet: &Packet, words: &OwnWords, until: Instant) -> Result<Vec<Read>, Gap> {
        let mut rules = Vec::new();
        if let Some(nft) = &self.nft {
            let json = nft.run(&["-j", "list", "ruleset"], until)?;
            rules.extend(nft::parse(&json, words, packet).map_err(Gap::Failed)?);
        }
        for (save, family) in &self.legacy {
            let text = save.run(&["-c"], until)?;
            rules.extend(iptables::parse(&text, family, packet));
        }
        Ok(rules)
    }

    fn firewall(&self, mut rules: Vec<Read>) -> Firewall {
        rules.truncate(MOST_RULES);
        Firewall {
            rules: rules.into_iter().map(|read| read.rule).collect(),
            read_by: self.names(),
        }
    }

    fn names(&self) -> String {
        match (&self.nft, self.legacy.is_empty()) {
            (Some(_), true) => "nft".to_owned(),
            (Some(_), false) => "nft and iptables".to_owned(),
            (None, _) => "iptables".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sends_away;

    #[test]
    fn an_engines_rule_is_known_by_its_port_and_what_it_does() {
        for rule in [
            "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 3000 -j DNAT --to-destination 172.17.0.2:8080",
            "\t\tiifname != \"docker0\" tcp dport 3000 counter packets 0 bytes 0 dnat to 172.17.0.2:8080",
            "meta l4proto tcp tcp dport 3000 counter packets 1 bytes 60 xt target \"DNAT\"",
        ] {
            assert!(sends_away(rule, 3000), "{rule}");
            assert!(!sends_away(rule, 300), "{rule}");
        }
        assert!(!sends_away("tcp dport 3000 counter accept", 3000));
        assert!(!sends_away("", 3000));
    }
}
