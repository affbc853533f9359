//! The firewall's rules: which packet's way through them an answer hangs on.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::looks::count;
use super::parts::ask_engines;
use super::why::Doctor;
use crate::facts::{Firewall, Known, Outcome, Probe};
use crate::rules::Case;
use crate::sources::firewall::{self, Course, Packet, Wanted};
use crate::sources::{probes, processes};

/// How long one more attempt to connect may take, which only moves the counters of rules.
const KNOCK: Duration = Duration::from_millis(300);

impl Doctor<'_> {
    /// Reads the rules that a packet meets, and notes the look.
    fn read_rules(&mut self, name: &str, packet: &Packet, wanted: Wanted) -> Known<Firewall> {
        let budget = self.budget(|of| of.firewall);
        let began = Instant::now();
        let again = || self.knock_again(packet.to);
        let seen = firewall::look(packet, wanted, budget, again);
        let saw = count(&seen, |firewall| firewall.rules.len(), "rule");
        self.looks.note(name, saw, began);
        seen
    }

    /// One more attempt to connect, which only moves the counters of rules.
    pub(super) fn knock_again(&self, to: SocketAddr) {
        if self.is_passive() {
            return;
        }
        let ask = probes::Ask {
            protocol: None,
            connect_local: KNOCK,
            connect_remote: KNOCK,
            ..self.ask()
        };
        let mut dialling = probes::dial(&[to], &ask);
        dialling.wait(KNOCK);
    }

    /// The rules for an own address at which somebody listens and nobody gets through.
    pub(super) fn look_at_firewall(&mut self, ip: IpAddr) {
        let packet = Packet {
            to: SocketAddr::new(ip, self.target.port),
            course: Course::Within,
        };
        self.facts.host.firewall = self.read_rules("firewall", &packet, Wanted::All);
    }

    /// Our own firewall, where another machine seems to refuse or to be silent: only a
    /// rule that has surely taken the packet says that it was not that machine.
    pub(super) fn look_at_own_firewall(&mut self) {
        let case = Case::new(self.target, &self.facts);
        let lost = |probe: &&Probe| {
            let met = matches!(
                probe.outcome,
                Outcome::Refused | Outcome::TimedOut | Outcome::Unreachable
            );
            met && case.is_far(probe.to.ip())
        };
        let Some(to) = case.probes().find(lost).map(|probe| probe.to) else {
            return;
        };
        if !self.facts.host.firewall.is_not_asked() || !firewall::may_look() {
            return;
        }
        let course = Course::Out;
        let seen = self.read_rules("own firewall", &Packet { to, course }, Wanted::Blocks);
        let stopped = |firewall: &Firewall| firewall.stoppers().next().is_some();
        if seen.seen().is_some_and(stopped) {
            self.facts.host.firewall = seen;
        }
    }

    /// Rules that send the port elsewhere, where nobody listens on it: then they alone
    /// may be why it answers, or why something else refuses.
    pub(super) fn look_at_nat(&mut self) {
        let case = Case::new(self.target, &self.facts);
        let here = |probe: &&Probe| {
            let met = probe.outcome.connected() || probe.outcome == Outcome::Refused;
            met && case.is_local(probe.to.ip()) == Some(true)
        };
        let Some(to) = case.probes().find(here).map(|probe| probe.to) else {
            return;
        };
        let connected = case.probes().any(|probe| probe.outcome.connected());
        if !case.nobody_listens()
            || !self.facts.host.firewall.is_not_asked()
            || case.publishers().next().is_some()
        {
            return;
        }
        if connected {
            if self.facts.containers.is_not_asked() {
                let engines = self.engines.take();
                let budget = self.budget(|of| of.engines);
                ask_engines(&mut self.looks, &mut self.facts, engines, budget);
            }
            // Who has come since the sockets were read is no riddle.
            let ids = self.ids_of_port();
            self.look_again(&processes::cpu_sample(&ids));
            if !Case::new(self.target, &self.facts).nobody_listens() {
                return;
            }
        }
        if !firewall::may_look() {
            return;
        }
        let course = Course::Within;
        let seen = self.read_rules("redirects", &Packet { to, course }, Wanted::Redirects);
        // That the rules are out of sight matters only where they are the likeliest cause.
        if seen.is_seen() {
            self.facts.host.firewall = seen;
        }
    }

    /// What other machines meet, where an address of this one that they see was asked
    /// about and answers: what goes from a machine to itself passes most firewalls.
    pub(super) fn look_at_arrivals(&mut self) {
        let case = Case::new(self.target, &self.facts);
        let seen_outside = |probe: &&Probe| {
            let ip = probe.to.ip();
            !ip.is_loopback() && !ip.is_unspecified() && case.is_local(ip) == Some(true)
        };
        let Some(to) = case.probes().find(seen_outside).map(|probe| probe.to) else {
            return;
        };
        if case.failure().is_some() || !firewall::may_look() {
            return;
        }
        let mut own = self.facts.host.addresses.items().iter();
        let by = own.find(|own| own.ip == to.ip());
        let packet = Packet {
            to,
            course: Course::In(by.map(|own| own.interface.clone())),
        };
        self.facts.way.arriving = self.read_rules("rules for others", &packet, Wanted::All);
    }
}
