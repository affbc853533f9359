//! What the settings of a server come to.

use super::address::{Address, addresses};
use super::{Candidate, Outcome};
use crate::facts::{Expectation, Origin, Proto, SetBy, UnknownSetting};

impl Outcome {
    /// Takes the strongest known port, and says what stronger ones cannot be known.
    pub(super) fn settle(
        &mut self,
        default: Option<u16>,
        ports: &[Vec<Candidate>],
        hosts: &[Vec<Candidate>],
        mut certain: bool,
    ) {
        let host = self.host(hosts);
        let of = |found: Address, by: SetBy, key: String, certain: bool| {
            let own = found.host.map(|host| (host, found.origin.clone()));
            let (host, host_origin) = own.or_else(|| host.clone()).unzip();
            Expectation {
                port: found.port.filter(|port| *port != 0),
                host,
                protocol: Proto::Tcp,
                target: None,
                origin: found.origin,
                by,
                key,
                written: found.written,
                host_origin,
                certain,
            }
        };
        for tier in ports {
            for candidate in tier {
                if let Some(why) = candidate.value.unknown() {
                    self.unknown(candidate, why);
                    certain = false;
                    continue;
                }
                let found = addresses(&candidate.value);
                if found.is_empty() && !candidate.value.text.starts_with(['/', 'u']) {
                    self.unknown(candidate, "it is not a port".to_owned());
                    certain = false;
                }
                for address in found.into_iter().filter(|found| found.port.is_some()) {
                    let made = of(address, candidate.by, candidate.key.clone(), certain);
                    self.expects.push(made);
                }
            }
            if !self.expects.is_empty() {
                return;
            }
        }
        if let Some(port) = default {
            let found = Address {
                port: Some(port),
                ..Address::default()
            };
            self.expects
                .push(of(found, SetBy::Default, String::new(), certain));
        }
    }

    fn unknown(&mut self, candidate: &Candidate, why: String) {
        let unknown = UnknownSetting {
            key: candidate.key.clone(),
            origin: candidate.value.origin.clone(),
            why,
        };
        if !self.unknown.contains(&unknown) {
            self.unknown.push(unknown);
        }
    }

    fn host(&mut self, tiers: &[Vec<Candidate>]) -> Option<(String, Origin)> {
        for candidate in tiers.iter().flatten() {
            if let Some(why) = candidate.value.unknown() {
                self.unknown(candidate, why);
                return None;
            }
            let host = addresses(&candidate.value).into_iter().find_map(|a| a.host);
            if let Some(host) = host {
                return Some((host, candidate.value.origin.clone()));
            }
        }
        None
    }
}
