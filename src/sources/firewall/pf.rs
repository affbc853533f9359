//! The rules of pf as `pfctl -v -s rules` prints them.
//!
//! The last rule that fits wins, unless an earlier one says `quick`. What is put out is in
//! the order in which rules win: the quick ones as they stand, then the others from the end.

use super::ports::{Fits, list_has};
use super::read::Read;
use super::{Course, Packet};
use crate::facts::{FirewallRule, FirewallVerdict, clean};

/// The rules that may take the packet, the first that wins first.
pub(super) fn parse(text: &str, packet: &Packet) -> Vec<Read> {
    let (quick, others): (Vec<Met>, Vec<Met>) =
        rules(text, packet).into_iter().partition(|met| met.quick);
    let mut out = Vec::new();
    for met in quick.into_iter().chain(others.into_iter().rev()) {
        let decides = !met.read.rule.conditional;
        out.push(met.read);
        if decides {
            break;
        }
    }
    out
}

/// Whether `pfctl -s info` says that pf is on.
pub(super) fn is_on(info: &str) -> bool {
    info.lines()
        .any(|line| line.trim().starts_with("Status: Enabled"))
}

struct Met {
    read: Read,
    quick: bool,
}

fn rules(text: &str, packet: &Packet) -> Vec<Met> {
    let mut met = Vec::new();
    // Whether the statistics that come next belong to the last of them.
    let mut is_last = false;
    for line in text.lines() {
        if let Some(statistics) = line.trim_start().strip_prefix('[') {
            let last: Option<&mut Met> = met.last_mut().filter(|_| is_last);
            if let (Some(last), Some(packets)) = (last, packets(statistics)) {
                last.read.packets = Some(packets);
            }
            continue;
        }
        let rule = rule(line, packet);
        is_last = rule.is_some();
        met.extend(rule);
    }
    met
}

/// ` Evaluations: 12  Packets: 3  Bytes: 180  States: 0 ]`
fn packets(statistics: &str) -> Option<u64> {
    let (_, rest) = statistics.split_once("Packets:")?;
    rest.split_whitespace().next()?.parse().ok()
}

/// One rule, if it may take the packet.
fn rule(line: &str, packet: &Packet) -> Option<Met> {
    // What stands in braces was unrolled when the rules were loaded.
    let mut words = line.split_whitespace().peekable();
    let mut verdict = match words.next()? {
        "pass" => FirewallVerdict::Accept,
        "block" => FirewallVerdict::Drop,
        // What stands in there is not shown: it may let the packet pass.
        "anchor" => FirewallVerdict::Accept,
        _ => return None,
    };
    let mut fits = Fits::Yes;
    let mut names_port = false;
    let mut quick = false;
    let mut way = "in and out";
    let mut is_source = true;
    while let Some(word) = words.next() {
        let asks = match word {
            "return" | "return-rst" | "return-icmp" | "return-icmp6"
                if verdict == FirewallVerdict::Drop =>
            {
                verdict = FirewallVerdict::Reject;
                Fits::Yes
            }
            "drop" | "log" | "all" | "any" => Fits::Yes,
            "in" => {
                way = word;
                packet.comes_in().into()
            }
            "out" => {
                way = word;
                packet.goes_out().into()
            }
            "quick" => {
                quick = true;
                Fits::Yes
            }
            "on" => on(&mut words, packet),
            "inet" => packet.is_of("ipv4"),
            "inet6" => packet.is_of("ipv6"),
            "proto" => (words.next() == Some("tcp")).into(),
            "from" => {
                is_source = true;
                anybody(words.next())
            }
            "to" => {
                is_source = false;
                match words.next() {
                    Some("any") => Fits::Yes,
                    Some(network) => packet.goes_to(network),
                    None => Fits::Maybe,
                }
            }
            "port" => {
                let asked = ports(&mut words, packet.port());
                match is_source {
                    true => Fits::Maybe,
                    false => {
                        names_port |= asked == Fits::Yes;
                        asked
                    }
                }
            }
            // Only the first packet of a connection has these flags.
            "flags" => {
                words.next();
                Fits::Yes
            }
            "keep" | "modulate" | "synproxy" | "no" if words.next_if_eq(&"state").is_some() => {
                Fits::Yes
            }
            "label" => {
                words.next();
                Fits::Yes
            }
            _ => Fits::Maybe,
        };
        fits = fits.and(asks);
    }
    if fits == Fits::No {
        return None;
    }
    Some(Met {
        read: Read {
            rule: FirewallRule {
                table: "pf".to_owned(),
                chain: way.to_owned(),
                handle: None,
                text: clean(line.trim()),
                verdict,
                counted: None,
                names_port,
                conditional: fits != Fits::Yes,
                manager: Some("pf".to_owned()),
            },
            packets: None,
        },
        quick,
    })
}

/// `on lo0`, `on ! lo0`.
fn on<'a>(words: &mut impl Iterator<Item = &'a str>, packet: &Packet) -> Fits {
    let mut name = words.next().unwrap_or_default();
    let negated = name == "!";
    if negated {
        name = words.next().unwrap_or_default();
    }
    let fits = match packet.course {
        Course::Out => packet.leaves_by(name),
        Course::Within | Course::In(_) => packet.enters_by(name),
    };
    fits.negated_if(negated)
}

fn anybody(word: Option<&str>) -> Fits {
    if word == Some("any") {
        Fits::Yes
    } else {
        Fits::Maybe
    }
}

/// `= 3000`, `!= 3000`, `3000:3010`, `>= 1024`; names of services where it has them.
fn ports<'a>(words: &mut impl Iterator<Item = &'a str>, port: u16) -> Fits {
    let first = words.next().unwrap_or_default();
    if first.starts_with(|c: char| c.is_ascii_digit()) {
        return list_has(first, port);
    }
    let Some(number) = words.next() else {
        return Fits::Maybe;
    };
    let Ok(number) = number.parse::<u16>() else {
        return Fits::Maybe;
    };
    match first {
        "=" => (port == number).into(),
        "!=" => (port != number).into(),
        "<" => (port < number).into(),
        "<=" => (port <= number).into(),
        ">" => (port > number).into(),
        ">=" => (port >= number).into(),
        _ => Fits::Maybe,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After the documented format; not a recording.
    const RULES: &str = "\
scrub-anchor \"com.apple/*\" all fragment reassemble
  [ Evaluations: 9  Packets: 9  Bytes: 9  States: 0 ]
anchor \"com.apple/*\" all
block drop in all
  [ Evaluations: 812       Packets: 40        Bytes: 2400        States: 0     ]
  [ Inserted: uid 0 pid 512 State Creations: 0     ]
pass quick on lo0 all flags S/SA keep state
  [ Evaluations: 812       Packets: 7         Bytes: 420         States: 0     ]
pass in inet proto tcp from any to any port = 8080 flags S/SA keep state
pass in inet proto tcp from 10.0.0.0/8 to any port = 9090 flags S/SA keep state
block return out quick proto tcp from any to any port 5432:5440
  [ Evaluations: 3         Packets: 1         Bytes: 60          States: 0     ]
";

    fn met(port: u16, course: Course) -> Vec<(String, FirewallVerdict, bool, Option<u64>)> {
        let to = ([192, 168, 7, 20], port).into();
        let read = parse(
            RULES,
            &Packet {
                to,
                course,
                program: None,
            },
        );
        read.into_iter()
            .map(|read| {
                let rule = read.rule;
                (rule.text, rule.verdict, rule.conditional, read.packets)
            })
            .collect()
    }

    #[test]
    fn the_last_rule_that_fits_wins() {
        let card = || Course::In(Some("en0".to_owned()));
        let drop = (
            "block drop in all".to_owned(),
            FirewallVerdict::Drop,
            false,
            Some(40),
        );
        assert_eq!(met(3000, card())[0], drop);
        assert_eq!(met(8080, card())[0].1, FirewallVerdict::Accept);
        let some = met(9090, card());
        assert_eq!((some[0].1, some[0].2), (FirewallVerdict::Accept, true));
        assert_eq!(some[1], drop);
    }

    #[test]
    fn a_quick_rule_wins_at_once() {
        let lo = "pass quick on lo0 all flags S/SA keep state";
        let own = met(3000, Course::Within);
        assert_eq!((own[0].0.as_str(), own[0].3), (lo, Some(7)));
        let out = met(5433, Course::Out);
        assert_eq!((out[0].1, out[0].3), (FirewallVerdict::Reject, Some(1)));
        // No rule is for it, but what stands in the anchor is not known.
        let anchor = met(5441, Course::Out);
        assert_eq!((anchor.len(), anchor[0].1), (1, FirewallVerdict::Accept));
        assert!(anchor[0].2);
    }

    #[test]
    fn what_is_in_an_anchor_may_let_the_packet_pass() {
        let to = ([192, 168, 7, 20], 3000).into();
        let packet = Packet {
            to,
            course: Course::In(None),
            program: None,
        };
        let read = parse("block drop in all\nanchor \"vpn\" all\n", &packet);
        let verdicts: Vec<_> = read.iter().map(|read| read.rule.verdict).collect();
        assert_eq!(verdicts, [FirewallVerdict::Accept, FirewallVerdict::Drop]);
    }

    #[test]
    fn pf_is_on_only_if_it_says_so() {
        assert!(is_on(
            "Status: Enabled for 0 days 01:12:03           Debug: Urgent\n"
        ));
        assert!(!is_on(
            "Status: Disabled                              Debug: Urgent\n"
        ));
    }

    #[test]
    fn anything_is_read_without_a_panic() {
        let to = ([127, 0, 0, 1], 1).into();
        for text in [
            "",
            "[",
            "block port",
            "pass on !",
            "block to",
            "block in port = é",
            "label",
        ] {
            parse(
                text,
                &Packet {
                    to,
                    course: Course::Within,
                    program: None,
                },
            );
        }
    }
}
