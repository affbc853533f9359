//! nftables, and the older iptables where it still holds rules.

mod iptables;
mod listing;
mod nft;
mod tables;

use std::fs;
use std::io;
use std::time::{Duration, Instant};

use listing::OwnWords;

use crate::sources::tool::Command;

use super::read::{Read, around_a_probe};
use super::{Packet, Wanted, ports};
use crate::facts::{Firewall, Gap};

/// The families of the older iptables, and where the kernel lists their tables.
const LEGACY: [(&str, &str); 2] = [
    ("ip", "/proc/net/ip_tables_names"),
    ("ip6", "/proc/net/ip6_tables_names"),
];

/// Whether the list is surely empty; without the module there is none.
fn is_empty(list: &str) -> bool {
    match fs::read_to_string(list) {
        Ok(names) => names.is_empty(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

fn holds_names(list: &str) -> bool {
    fs::read_to_string(list).is_ok_and(|names| !names.is_empty())
}

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
    if tables::are_none() && LEGACY.iter().all(|(_, names)| is_empty(names)) {
        return Ok(Firewall {
            rules: Vec::new(),
            read_by: "nf_tables".to_owned(),
        });
    }
    let tools = Tools::find()?;
    let words = tools.words(Instant::now() + deadline);
    let read = |until| tools.read(packet, &words, until);
    Ok(Firewall {
        rules: around_a_probe(packet, wanted, deadline, probe, read)?,
        read_by: tools.names(),
    })
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
        // not seen by it.
        let legacy: Vec<_> = LEGACY
            .into_iter()
            .filter(|(_, names)| nft.is_none() || holds_names(names))
            .filter_map(|(family, _)| {
                let program = |kind| format!("{family}tables{kind}-save");
                let programs = [program("-legacy"), program("")];
                Some((Command::find(&[&programs[0], &programs[1]])?, family))
            })
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
