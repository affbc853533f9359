//! The application firewall of macOS, as `socketfilterfw` tells of it.
//!
//! It judges programs, and what comes from other machines only: loopback passes it.

use super::read::Read;
use super::{Course, Packet};
use crate::facts::{FirewallRule, FirewallVerdict, clean};

/// What it does with the packet: `state` is the answer to `--getglobalstate`, `apps` that
/// to `--listapps`.
pub(super) fn parse(state: &str, apps: &str, packet: &Packet) -> Vec<Read> {
    let Some(state) = number(state).filter(|_| matches!(packet.course, Course::In(_))) else {
        return Vec::new();
    };
    match state {
        0 => Vec::new(),
        2 => {
            let text = "block all incoming connections";
            vec![rule(text.to_owned(), FirewallVerdict::Drop)]
        }
        _ => {
            let program = packet.program.as_deref();
            let own = listed(apps).find(|(path, _)| program.is_some_and(|own| is_of(own, path)));
            own.map(|(path, blocks)| match blocks {
                true => rule(
                    format!("{path}: block incoming connections"),
                    FirewallVerdict::Drop,
                ),
                false => rule(
                    format!("{path}: allow incoming connections"),
                    FirewallVerdict::Accept,
                ),
            })
            .into_iter()
            .collect()
        }
    }
}

/// `Firewall is enabled. (State = 1)`
fn number(state: &str) -> Option<u32> {
    let (_, rest) = state.split_once("State = ")?;
    let end = rest.find(|c: char| !c.is_ascii_digit());
    rest.get(..end.unwrap_or(rest.len()))?.parse().ok()
}

/// Each program with whether it is blocked: `1 :  /usr/local/bin/node`, and on the next
/// line `( Block incoming connections )`.
fn listed(apps: &str) -> impl Iterator<Item = (String, bool)> {
    let mut lines = apps.lines().map(str::trim).peekable();
    std::iter::from_fn(move || {
        loop {
            let line = lines.next()?;
            let Some((number, path)) = line.split_once(" : ") else {
                continue;
            };
            if number.trim().parse::<u32>().is_err() {
                continue;
            }
            let verdict = lines.peek().copied().unwrap_or_default();
            let blocks = verdict.contains("Block incoming");
            if blocks || verdict.contains("Allow incoming") {
                return Some((clean(path.trim()), blocks));
            }
        }
    })
}

/// Whether a program is what is listed: itself, or the bundle that it is in.
fn is_of(program: &str, listed: &str) -> bool {
    program == listed
        || program
            .strip_prefix(listed)
            .is_some_and(|rest| listed.ends_with(".app") && rest.starts_with('/'))
}

fn rule(text: String, verdict: FirewallVerdict) -> Read {
    Read {
        rule: FirewallRule {
            table: "application-firewall".to_owned(),
            chain: "in".to_owned(),
            handle: None,
            text,
            verdict,
            counted: None,
            names_port: false,
            conditional: false,
            manager: Some("the application firewall".to_owned()),
        },
        packets: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After the documented format; not a recording.
    const APPS: &str = "Total number of apps = 3 \n\
        1 : /Applications/Visual Studio Code.app \n             (Allow incoming connections) \n\n\
        2 : /usr/local/bin/node \n             (Block incoming connections) \n\n\
        3 : /Applications/Old.app \n             (Block incoming connections) \n\n";
    const ON: &str = "Firewall is enabled. (State = 1) \n";

    fn met(state: &str, program: &str, course: Course) -> Vec<(String, FirewallVerdict)> {
        let packet = Packet {
            to: ([192, 168, 7, 20], 3000).into(),
            course,
            program: Some(program.to_owned()),
        };
        let read = parse(state, APPS, &packet).into_iter();
        read.map(|read| (read.rule.text, read.rule.verdict))
            .collect()
    }

    #[test]
    fn a_program_is_judged_by_its_own_line() {
        let lan = || Course::In(None);
        let node = met(ON, "/usr/local/bin/node", lan());
        let blocked = "/usr/local/bin/node: block incoming connections".to_owned();
        assert_eq!(node, [(blocked, FirewallVerdict::Drop)]);
        let code = "/Applications/Visual Studio Code.app/Contents/MacOS/Electron";
        assert_eq!(met(ON, code, lan())[0].1, FirewallVerdict::Accept);
        assert!(met(ON, "/Applications/Old.apps/x", lan()).is_empty());
        assert!(met(ON, "/usr/bin/python3", lan()).is_empty());
        assert!(met(ON, "/usr/local/bin/node", Course::Within).is_empty());
    }

    #[test]
    fn it_may_be_off_or_block_all() {
        let lan = || Course::In(None);
        let node = "/usr/local/bin/node";
        assert!(met("Firewall is disabled. (State = 0)", node, lan()).is_empty());
        let all = met(
            "Firewall is blocking all non-essential incoming connections. (State = 2)",
            "/x",
            lan(),
        );
        assert_eq!(all[0].1, FirewallVerdict::Drop);
        for text in ["", "State = ", "State = é", "State = 99999999999"] {
            assert!(met(text, node, lan()).is_empty(), "{text}");
        }
    }
}
