//! What is known of a packet, and what a rule's own words ask of it.

use std::net::IpAddr;

use super::ports::{Fits, list_has};
use super::{Course, Packet};
use crate::facts::same_network;

/// The interface of every connection that stays on the machine.
const LOOPBACK: &str = "lo";

impl Packet {
    /// The port.
    pub(super) fn port(&self) -> u16 {
        self.to.port()
    }

    /// Whether it meets the rules for what this machine sends.
    pub(super) fn goes_out(&self) -> bool {
        matches!(self.course, Course::Within | Course::Out)
    }

    /// Whether it meets the rules for what comes to this machine.
    pub(super) fn comes_in(&self) -> bool {
        matches!(self.course, Course::Within | Course::In(_))
    }

    /// Whether it comes in by an interface of this name; `eth*` and `eth+` are many.
    pub(super) fn enters_by(&self, name: &str) -> Fits {
        match &self.course {
            Course::Within => is_called(LOOPBACK, name).into(),
            Course::Out => Fits::No,
            Course::In(Some(by)) => is_called(by, name).into(),
            Course::In(None) => by_some_card(name),
        }
    }

    /// Whether it goes out by an interface of this name.
    pub(super) fn leaves_by(&self, name: &str) -> Fits {
        match &self.course {
            Course::Within => is_called(LOOPBACK, name).into(),
            Course::Out => by_some_card(name),
            Course::In(_) => Fits::No,
        }
    }

    /// Whether it goes to this network. The same name may lead to other addresses, too,
    /// so that another network is no proof.
    pub(super) fn goes_to(&self, network: &str) -> Fits {
        let (address, prefix) = network.split_once('/').unwrap_or((network, ""));
        let Ok(address) = address.parse::<IpAddr>() else {
            return Fits::Maybe;
        };
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.parse().unwrap_or(whole);
        let to = self.to.ip();
        let there = address.is_ipv4() == to.is_ipv4() && same_network(address, to, prefix);
        if there { Fits::Yes } else { Fits::Maybe }
    }

    /// Whether it is of this family: `ipv4`, `ipv6`. Addresses of the other one may have
    /// been dialled as well.
    pub(super) fn is_of(&self, family: &str) -> Fits {
        let own = if self.to.is_ipv4() { "ipv4" } else { "ipv6" };
        if own == family {
            Fits::Yes
        } else {
            Fits::Maybe
        }
    }

    /// Whether it has been sent to another address on its way. Where a rule may do so to
    /// what comes in, that rule stands among those it meets.
    pub(super) fn was_sent_elsewhere(&self) -> Fits {
        match self.course {
            Course::In(_) => Fits::No,
            Course::Within | Course::Out => Fits::Maybe,
        }
    }

    /// Whether its destination is of this type, in the words of a routing table.
    pub(super) fn goes_to_type(&self, word: &str) -> Fits {
        match (word.to_ascii_lowercase().as_str(), &self.course) {
            ("local", Course::Out) => Fits::No,
            ("local", _) => Fits::Yes,
            // No connection goes to many.
            ("multicast" | "broadcast" | "anycast", _) => Fits::No,
            _ => Fits::Maybe,
        }
    }

    /// What the words of a rule ask of it: `ct state related,established counter accept`.
    /// Only what is asked here in full is an answer.
    pub(super) fn is_asked(&self, text: &str) -> Asked {
        let mut asked = Asked {
            fits: Fits::Yes,
            names_port: false,
        };
        let mut rest = text;
        loop {
            let (fits, behind) = if let Some((list, behind)) = after(rest, "tcp dport ") {
                let (negated, list) = match list.strip_prefix("!= ") {
                    Some(list) => (true, list),
                    None => (false, list),
                };
                let fits = list_has(list.trim_matches(['{', '}', ' ']), self.port());
                asked.names_port |= fits == Fits::Yes && !negated;
                (fits.negated_if(negated), behind)
            } else if let Some((states, behind)) = after(rest, "ct state ") {
                let new = |state: &str| state.trim() == "new";
                let list = states.trim_matches(['{', '}', ' ']);
                (list.split(',').any(new).into(), behind)
            } else if let Some((kind, behind)) = after(rest, "fib daddr type ") {
                (self.goes_to_type(kind), behind)
            } else if let Some((protocol, behind)) = after(rest, "meta l4proto ") {
                ((protocol == "tcp").into(), behind)
            } else if let Some((name, behind)) = after(rest, "iifname ") {
                (self.enters_by(name.trim_matches('"')), behind)
            } else if let Some((name, behind)) = after(rest, "oifname ") {
                (self.leaves_by(name.trim_matches('"')), behind)
            } else if does_something(rest) {
                return asked;
            } else {
                // What else is asked may hide in any of the words behind it.
                asked.fits = asked.fits.and(Fits::Maybe);
                let Some((_, behind)) = rest.split_once(' ') else {
                    return asked;
                };
                rest = behind;
                continue;
            };
            asked.fits = asked.fits.and(fits);
            rest = behind;
        }
    }
}

/// What a rule's words ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) fits: Fits,
    pub(super) names_port: bool,
}

/// The value behind a question, and what comes behind it.
fn after<'a>(text: &'a str, question: &str) -> Option<(&'a str, &'a str)> {
    let rest = text.strip_prefix(question)?;
    let value = rest.strip_prefix("!= ").unwrap_or(rest);
    let skipped = rest.len() - value.len();
    let ends = match value.starts_with('{') {
        true => value.find('}').map(|at| at + 1),
        false => value.find(' '),
    };
    let (value, behind) = rest.split_at(ends.map_or(rest.len(), |at| at + skipped));
    Some((value, behind.trim_start()))
}

/// Whether here begins what the rule does.
fn does_something(text: &str) -> bool {
    const DOES: &[&str] = &[
        "", "counter", "accept", "drop", "reject", "return", "jump", "goto", "log", "redirect",
        "dnat", "comment",
    ];
    DOES.contains(&text.split(' ').next().unwrap_or_default())
}

/// A name, or the beginning of one: `eth*`, `eth+`.
fn is_called(name: &str, pattern: &str) -> bool {
    match pattern.strip_suffix(['*', '+']) {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

/// Any interface but the loopback one.
fn by_some_card(pattern: &str) -> Fits {
    if pattern == LOOPBACK {
        Fits::No
    } else {
        Fits::Maybe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(course: Course) -> Packet {
        let to = "192.168.7.20:3000".parse().unwrap();
        Packet { to, course }
    }

    #[test]
    fn loopback_is_known_by_its_interface() {
        assert_eq!(packet(Course::Within).enters_by("lo"), Fits::Yes);
        assert_eq!(packet(Course::Out).leaves_by("lo"), Fits::No);
        assert_eq!(packet(Course::Out).leaves_by("eth0"), Fits::Maybe);
        let lan = packet(Course::In(Some("eth0".to_owned())));
        assert_eq!(lan.enters_by("lo"), Fits::No);
        assert_eq!(lan.enters_by("eth*"), Fits::Yes);
        assert_eq!(lan.enters_by("wlan+"), Fits::No);
        assert_eq!(packet(Course::In(None)).enters_by("eth0"), Fits::Maybe);
    }

    #[test]
    fn words_say_what_the_json_hides() {
        let asked = |text: &str| packet(Course::In(None)).is_asked(text);
        let fits = |text: &str| asked(text).fits;
        assert_eq!(
            fits("ct state related,established counter accept"),
            Fits::No
        );
        assert_eq!(fits("ct state new counter accept"), Fits::Yes);
        assert_eq!(fits("fib daddr type local counter return"), Fits::Yes);
        assert_eq!(
            fits("limit rate 3/minute burst 10 packets counter accept"),
            Fits::Maybe
        );
        let ports = asked("meta l4proto tcp tcp dport { 80, 2999-3001 } counter drop");
        assert_eq!((ports.fits, ports.names_port), (Fits::Yes, true));
        assert_eq!(
            fits("meta l4proto tcp tcp dport != 3000 counter drop"),
            Fits::No
        );
        assert_eq!(
            fits("ip saddr 10.0.0.0/8 tcp dport 22 counter drop"),
            Fits::No
        );
        assert_eq!(fits("ip saddr 10.0.0.0/8 tcp dport 3000 drop"), Fits::Maybe);
    }

    #[test]
    fn any_words_are_read() {
        for text in [
            "",
            "tcp dport ",
            "tcp dport {",
            "tcp dport != ",
            "ct state",
            "é ct state é",
        ] {
            let _ = packet(Course::Within).is_asked(text);
        }
    }
}
