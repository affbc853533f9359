//! Refused connections, gathered until they are worth a diagnosis. Pure: handed the time.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::event::Moment;
use crate::facts::Refusal;

/// How long the first refusal waits for company: a client that is refused on `::1` tries
/// `127.0.0.1` next.
const COMPANY: Duration = Duration::from_millis(50);
/// How soon the same port is diagnosed again while connections to it are refused.
const AGAIN: Duration = Duration::from_secs(2);
/// For how long whoever asked about a port is expected to be knocking at it.
const HUSH: Duration = Duration::from_secs(4);
/// More ports than these that nobody expects, within this time, are a scan.
const SCAN: (usize, Duration) = (8, Duration::from_secs(5));
/// The most ports that are remembered at once.
const MOST: usize = 512;

/// What was refused of late, by port.
#[derive(Debug, Default)]
pub struct Refusals {
    ports: BTreeMap<u16, Port>,
    hushed: BTreeMap<u16, Duration>,
}

#[derive(Debug)]
struct Port {
    /// Where connections were to go, since the last diagnosis.
    to: Vec<SocketAddr>,
    /// How many there were since then.
    count: u64,
    /// When they are to be diagnosed; nothing while none has come since the last time.
    due: Option<Duration>,
    /// When the last diagnosis began.
    diagnosed: Option<Duration>,
    /// When the first of a row came.
    first: Duration,
    expected: bool,
}

/// What is to be diagnosed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The port.
    pub port: u16,
    /// Where connections were refused, each address once.
    pub to: Vec<SocketAddr>,
    /// How many connections.
    pub count: u64,
}

impl Refusals {
    /// Takes a refusal; `expected` says whether some project's file, or the past, has
    /// something to say of the port.
    pub fn heard(&mut self, refusal: &Refusal, expected: bool, now: Moment) {
        let port = refusal.to.port();
        if self.hushed.get(&port).is_some_and(|until| now.up < *until) {
            return;
        }
        if !self.ports.contains_key(&port) && self.ports.len() >= MOST {
            return;
        }
        let known = self.ports.entry(port).or_insert(Port {
            to: Vec::new(),
            count: 0,
            due: None,
            diagnosed: None,
            first: now.up,
            expected,
        });
        known.expected = expected;
        known.count += 1;
        if !known.to.contains(&refusal.to) && known.to.len() < 4 {
            known.to.push(refusal.to);
        }
        known.due.get_or_insert_with(|| {
            let again = known.diagnosed.map_or(Duration::ZERO, |at| at + AGAIN);
            (now.up + COMPANY).max(again)
        });
    }

    /// Whoever asks about this port knocks at it just now: that is no news.
    pub fn hush(&mut self, port: u16, now: Moment) {
        self.hushed.retain(|_, until| now.up < *until);
        self.hushed.insert(port, now.up + HUSH);
        self.ports.remove(&port);
    }

    /// Whether anybody is expected to be knocking somewhere.
    #[must_use]
    pub fn is_hushed(&self, now: Moment) -> bool {
        self.hushed.values().any(|until| now.up < *until)
    }

    /// When there is something to do next.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        self.ports.values().filter_map(|port| port.due).min()
    }

    /// What is to be diagnosed now. Of a scan only the ports that are expected.
    pub fn due(&mut self, now: Moment) -> Vec<Refused> {
        let (most, within) = SCAN;
        let fresh = |port: &Port| !port.expected && now.up.saturating_sub(port.first) <= within;
        let scan = self.ports.values().filter(|port| fresh(port)).count() > most;
        let mut due = Vec::new();
        for (number, port) in &mut self.ports {
            if port.due.is_none_or(|at| at > now.up) {
                continue;
            }
            port.due = None;
            port.diagnosed = Some(now.up);
            let (to, count) = (
                std::mem::take(&mut port.to),
                std::mem::take(&mut port.count),
            );
            if port.expected || !scan {
                due.push(Refused {
                    port: *number,
                    to,
                    count,
                });
            }
        }
        // What was not refused again for a while is forgotten.
        self.ports.retain(|_, port| {
            let last = port.diagnosed.unwrap_or(port.first);
            port.due.is_some() || now.up.saturating_sub(last) <= within.max(AGAIN)
        });
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Known;

    fn at(ms: u64) -> Moment {
        Moment {
            up: Duration::from_millis(ms),
            wall: ms,
        }
    }

    fn refusal(to: &str) -> Refusal {
        Refusal {
            to: to.parse().unwrap(),
            from: "127.0.0.1:40000".parse().unwrap(),
            client: Known::default(),
        }
    }

    #[test]
    fn both_families_of_one_client_are_one_diagnosis() {
        let mut refusals = Refusals::default();
        refusals.heard(&refusal("[::1]:3000"), true, at(0));
        assert_eq!(refusals.next_due(), Some(Duration::from_millis(50)));
        refusals.heard(&refusal("127.0.0.1:3000"), true, at(10));
        assert_eq!(refusals.due(at(49)), []);
        let due = refusals.due(at(50));
        assert_eq!(due.len(), 1);
        assert_eq!((due[0].to.len(), due[0].count), (2, 2));
        assert_eq!(refusals.next_due(), None);
    }

    #[test]
    fn a_client_that_tries_on_and_on_is_diagnosed_now_and_then() {
        let mut refusals = Refusals::default();
        let mut diagnosed = 0;
        for ms in (0..10_000).step_by(5) {
            refusals.heard(&refusal("127.0.0.1:3000"), true, at(ms));
            diagnosed += refusals.due(at(ms)).len();
        }
        assert!((4..=6).contains(&diagnosed), "{diagnosed}");
    }

    #[test]
    fn of_a_scan_only_what_is_expected_is_diagnosed() {
        let mut refusals = Refusals::default();
        for port in 1..5000_u16 {
            let to = format!("127.0.0.1:{port}");
            refusals.heard(&refusal(&to), port == 80, at(u64::from(port) / 10));
        }
        assert!(refusals.ports.len() <= MOST);
        let due = refusals.due(at(600));
        assert_eq!(due.iter().map(|one| one.port).collect::<Vec<_>>(), [80]);
        refusals.due(at(60_000));
        assert_eq!(refusals.ports.len(), 0, "it is forgotten");
    }

    #[test]
    fn who_asks_about_a_port_makes_no_news_of_it() {
        let mut refusals = Refusals::default();
        refusals.hush(3000, at(0));
        refusals.heard(&refusal("127.0.0.1:3000"), true, at(100));
        assert_eq!(refusals.due(at(1000)), []);
        refusals.heard(&refusal("127.0.0.1:3000"), true, at(5000));
        assert_eq!(refusals.due(at(5050)).len(), 1);
    }
}
