//! The firewall of Windows, as `netsh advfirewall` tells of it.
//!
//! It judges what comes from other machines: loopback passes it. A rule that blocks wins
//! over every one that allows, wherever it stands; what no rule names falls to the policy
//! of the profile.

use std::borrow::Cow;

use super::ports::{Fits, list_has};
use super::read::Read;
use super::{Course, Packet};
use crate::facts::{FirewallRule, FirewallVerdict, clean};

/// What it does with the packet: `profile` is the answer to `show currentprofile`, `rules`
/// that to `firewall show rule name=all dir=in verbose`. Nothing if they are not in the
/// language that is read here.
pub(super) fn parse(profile: &str, rules: &str, packet: &Packet) -> Option<Vec<Read>> {
    let profile = Profile::of(profile)?;
    if !matches!(packet.course, Course::In(_)) || !profile.on {
        return Some(Vec::new());
    }
    let mut all: Vec<Rule> = Vec::new();
    for line in rules.lines() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        if key == "Rule Name" {
            all.push(Rule {
                name: value.trim().into(),
                ..Rule::default()
            });
        } else if let Some(rule) = all.last_mut() {
            rule.take(key.trim(), value.trim());
        }
    }
    let read_any = all.iter().any(|rule| !rule.action.is_empty());
    if !read_any && !rules.trim().is_empty() {
        return None;
    }
    Some(judge(&profile, all, packet))
}

/// What these rules, and behind them the policy of the profile, do with the packet.
pub(super) fn judge<'a>(
    profile: &Profile,
    rules: impl IntoIterator<Item = Rule<'a>>,
    packet: &Packet,
) -> Vec<Read> {
    let mut blocks = Vec::new();
    let mut allows = Vec::new();
    for rule in rules {
        match rule.met(profile, packet) {
            Some(read) if read.rule.verdict == FirewallVerdict::Drop => blocks.push(read),
            Some(read) => allows.push(read),
            None => {}
        }
    }
    blocks.extend(allows);
    if profile.blocks {
        let text = format!("{} profile: BlockInbound", profile.name);
        blocks.push(read(text, FirewallVerdict::Drop, false, false));
    }
    blocks
}

/// The profile of the network that the machine is in.
pub(super) struct Profile<'a> {
    /// `Public`.
    pub(super) name: &'a str,
    pub(super) on: bool,
    /// Whether it keeps out what no rule allows.
    pub(super) blocks: bool,
}

impl<'a> Profile<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let name = |line: &'a str| line.trim().strip_suffix(" Profile Settings:");
        let value = |key: &str| {
            let mut lines = text.lines();
            lines.find_map(|line| Some(line.strip_prefix(key)?.trim()))
        };
        Some(Profile {
            name: text.lines().find_map(name)?,
            on: value("State ")? == "ON",
            blocks: value("Firewall Policy ")?.starts_with("BlockInbound"),
        })
    }
}

/// A rule, in the words of netsh in English.
#[derive(Debug, Default)]
pub(super) struct Rule<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) enabled: Cow<'a, str>,
    pub(super) direction: Cow<'a, str>,
    pub(super) profiles: Cow<'a, str>,
    pub(super) protocol: Cow<'a, str>,
    pub(super) port: Cow<'a, str>,
    pub(super) program: Cow<'a, str>,
    pub(super) action: Cow<'a, str>,
    /// Whether it asks for an address, a service or an interface, too.
    pub(super) asks_more: bool,
}

impl<'a> Rule<'a> {
    fn take(&mut self, key: &str, value: &'a str) {
        let anything = matches!(value, "Any" | "any" | "");
        match key {
            "Enabled" => self.enabled = value.into(),
            "Direction" => self.direction = value.into(),
            "Profiles" => self.profiles = value.into(),
            "Protocol" => self.protocol = value.into(),
            "LocalPort" => self.port = value.into(),
            "Program" => self.program = value.into(),
            "Action" => self.action = value.into(),
            "LocalIP" | "RemoteIP" | "RemotePort" | "Service" | "InterfaceTypes" => {
                self.asks_more |= !anything;
            }
            "Security" => self.asks_more |= value != "NotRequired",
            _ => {}
        }
    }

    /// The rule, if it may take the packet.
    fn met(&self, profile: &Profile, packet: &Packet) -> Option<Read> {
        let verdict = match self.action.as_ref() {
            "Block" => FirewallVerdict::Drop,
            "Allow" | "Bypass" => FirewallVerdict::Accept,
            _ => return None,
        };
        let mut profiles = self.profiles.split(',');
        let of_profile = profiles.any(|one| one.trim() == profile.name);
        let protocol = matches!(self.protocol.as_ref(), "TCP" | "Any" | "6");
        let is_on = self.enabled == "Yes" && self.direction == "In";
        let any_port = matches!(self.port.as_ref(), "Any" | "");
        let port = match any_port {
            true => Fits::Yes,
            false => list_has(&self.port, packet.port()),
        };
        let program = match (self.program.as_ref(), &packet.program) {
            ("Any" | "", _) => Fits::Yes,
            (_, None) => Fits::Maybe,
            (of, Some(own)) => of.eq_ignore_ascii_case(own).into(),
        };
        let fits = port
            .and(program)
            .and((is_on && of_profile && protocol).into());
        let fits = if self.asks_more {
            fits.and(Fits::Maybe)
        } else {
            fits
        };
        (fits != Fits::No).then(|| {
            let names_port = !any_port && port == Fits::Yes;
            read(clean(&self.name), verdict, names_port, fits != Fits::Yes)
        })
    }
}

fn read(text: String, verdict: FirewallVerdict, names_port: bool, conditional: bool) -> Read {
    Read {
        rule: FirewallRule {
            table: "windows-firewall".to_owned(),
            chain: "in".to_owned(),
            handle: None,
            text,
            verdict,
            counted: None,
            names_port,
            conditional,
            manager: Some("Windows Defender Firewall".to_owned()),
        },
        packets: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After the documented format; not a recording.
    const PROFILE: &str = "\r\nPublic Profile Settings: \r\n\
        ----------------------------------------------------------------------\r\n\
        State                                 ON\r\n\
        Firewall Policy                       BlockInbound,AllowOutbound\r\nOk.\r\n";

    fn block(name: &str, rest: &[(&str, &str)]) -> String {
        let mut text = format!("\r\nRule Name:                            {name}\r\n");
        text.push_str("----------------------------------------------------------------------\r\n");
        let usual = [
            ("Enabled", "Yes"),
            ("Direction", "In"),
            ("Profiles", "Domain,Private,Public"),
            ("LocalIP", "Any"),
            ("RemoteIP", "Any"),
            ("Protocol", "TCP"),
            ("LocalPort", "Any"),
            ("RemotePort", "Any"),
            ("Program", "Any"),
            ("InterfaceTypes", "Any"),
            ("Security", "NotRequired"),
            ("Action", "Allow"),
        ];
        for (key, value) in usual {
            let own = rest.iter().find(|(own, _)| *own == key);
            let value = own.map_or(value, |(_, value)| value);
            text.push_str(&format!("{:<38}{value}\r\n", format!("{key}:")));
        }
        text
    }

    const NODE: &str = r"C:\Program Files\nodejs\node.exe";

    fn met(rules: &str, program: &str) -> Vec<(String, FirewallVerdict, bool)> {
        let packet = Packet {
            to: ([192, 168, 7, 20], 3000).into(),
            course: Course::In(None),
            program: Some(program.to_owned()),
        };
        let read = parse(PROFILE, rules, &packet).unwrap().into_iter();
        read.map(|read| (read.rule.text, read.rule.verdict, read.rule.conditional))
            .collect()
    }

    #[test]
    fn a_rule_that_blocks_wins_wherever_it_stands() {
        let rules = block("Node allowed", &[("LocalPort", "3000")])
            + &block(
                "Node.js JavaScript Runtime",
                &[
                    ("Program", &NODE.to_ascii_lowercase()),
                    ("Profiles", "Public"),
                    ("Action", "Block"),
                ],
            );
        let node = met(&rules, NODE);
        let blocked = "Node.js JavaScript Runtime".to_owned();
        assert_eq!(node[0], (blocked, FirewallVerdict::Drop, false));
        assert_eq!(node[1].0, "Node allowed");
        // Of another program it says nothing.
        assert_eq!(met(&rules, r"C:\py.exe")[0].1, FirewallVerdict::Accept);
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_the_policy_stays() {
        let rules = block("off", &[("Enabled", "No"), ("Action", "Block")])
            + &block("home", &[("Profiles", "Private"), ("Action", "Block")])
            + &block("udp", &[("Protocol", "UDP"), ("Action", "Block")])
            + &block("port", &[("LocalPort", "80,443"), ("Action", "Block")]);
        let policy = "Public profile: BlockInbound".to_owned();
        assert_eq!(met(&rules, NODE), [(policy, FirewallVerdict::Drop, false)]);
        let some = block("lan", &[("RemoteIP", "LocalSubnet"), ("Action", "Allow")]);
        assert_eq!(
            met(&some, NODE)[0],
            ("lan".to_owned(), FirewallVerdict::Accept, true)
        );
    }

    #[test]
    fn another_language_is_not_read() {
        let packet = Packet {
            to: ([192, 168, 7, 20], 3000).into(),
            course: Course::In(None),
            program: None,
        };
        assert!(parse("Profileinstellungen:", "", &packet).is_none());
        assert!(parse(PROFILE, "Regelname:   x\r\nAktion:  Zulassen\r\n", &packet).is_none());
        assert_eq!(parse(PROFILE, "", &packet).unwrap().len(), 1);
    }
}
