//! The firewall's rules: which packet's way through them an answer hangs on.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::beside::Beside;
use super::looks::count;
use super::parts::ask_engines;
use super::why::Doctor;
use crate::facts::{Firewall, Known, Outcome, Probe};
use crate::rules::Case;
use crate::sources::firewall::{self, Course, Packet, Wanted};
use crate::sources::{probes, processes};

/// How long one more attempt to connect may take, which only moves the counters of rules.
const KNOCK: Duration = Duration::from_millis(300);
/// The rules are read by several tools, each with the whole deadline at most.
const TOOLS: u32 = 3;
/// The look at our own rules for another machine.
const OWN: &str = "own firewall";
/// The look at the rules that send a port elsewhere.
const REDIRECTS: &str = "redirects";

/// Rules that are being read beside other looks.
pub(super) struct Rules {
    packet: Packet,
    look: Beside<Option<Firewall>>,
}

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

    /// Begins to read the rules that a packet meets, as far as that can be done without an
    /// attempt to connect: others may send packets meanwhile, and counters count them all.
    fn begin_rules(&self, name: &'static str, packet: Packet, wanted: Wanted) -> Rules {
        let budget = self.budget(|of| of.firewall);
        let read = packet.clone();
        let look = move || firewall::look_only(&read, wanted, budget);
        Rules {
            packet,
            look: Beside::begin(name, budget * TOOLS, look),
        }
    }

    /// The rules that a packet meets, by the reading that was begun for it; read again,
    /// with nobody beside, where an attempt to connect tells more.
    fn end_rules(
        &mut self,
        begun: Option<Rules>,
        name: &str,
        packet: &Packet,
        wanted: Wanted,
    ) -> Known<Firewall> {
        let saw = |seen: &Known<Option<Firewall>>| match seen {
            Known::Seen(None) => "rules that matter".to_owned(),
            _ => {
                let rules = |one: &Option<Firewall>| one.as_ref().map_or(0, |one| one.rules.len());
                count(seen, rules, "rule")
            }
        };
        let begun = begun.filter(|begun| begun.packet == *packet);
        match begun.map(|begun| begun.look.end(&mut self.looks, saw)) {
            Some(Known::Seen(Some(firewall))) => Known::Seen(firewall),
            Some(Known::Unseen(gap)) => Known::Unseen(gap),
            Some(Known::Seen(None)) | None => self.read_rules(name, packet, wanted),
        }
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
            program: None,
        };
        self.facts.host.firewall = self.read_rules("firewall", &packet, Wanted::All);
    }

    /// The packet to another machine that seems to refuse or to be silent, where our own
    /// rules may have taken it.
    fn lost_on_the_way(&self) -> Option<Packet> {
        let case = Case::new(self.target, &self.facts);
        let lost = |probe: &&Probe| {
            let met = matches!(
                probe.outcome,
                Outcome::Refused | Outcome::TimedOut | Outcome::Unreachable
            );
            met && case.is_far(probe.to.ip())
        };
        let to = case.probes().find(lost)?.to;
        let asked = !self.facts.host.firewall.is_not_asked();
        (!asked && firewall::may_look()).then_some(Packet {
            to,
            course: Course::Out,
            program: None,
        })
    }

    /// Begins to read our own rules.
    pub(super) fn begin_own_firewall(&mut self) {
        if let Some(packet) = self.lost_on_the_way() {
            self.ahead.own_rules = Some(self.begin_rules(OWN, packet, Wanted::Blocks));
        }
    }

    /// Our own firewall, where another machine seems to refuse or to be silent: only a
    /// rule that has surely taken the packet says that it was not that machine.
    pub(super) fn look_at_own_firewall(&mut self) {
        let Some(packet) = self.lost_on_the_way() else {
            return;
        };
        let begun = self.ahead.own_rules.take();
        let seen = self.end_rules(begun, OWN, &packet, Wanted::Blocks);
        let stopped = |firewall: &Firewall| firewall.stoppers().next().is_some();
        if seen.seen().is_some_and(stopped) {
            self.facts.host.firewall = seen;
        }
    }

    /// The packet that a rule may have sent elsewhere: nobody listens on the port, and no
    /// container is known to be behind it.
    fn sent_elsewhere(&self) -> Option<Packet> {
        let case = Case::new(self.target, &self.facts);
        let here = |probe: &&Probe| {
            let met = probe.outcome.connected() || probe.outcome == Outcome::Refused;
            met && case.is_local(probe.to.ip()) == Some(true)
        };
        let to = case.probes().find(here)?.to;
        let asked = !self.facts.host.firewall.is_not_asked();
        let published = case.publishers().next().is_some();
        (case.nobody_listens() && !asked && !published).then_some(Packet {
            to,
            course: Course::Within,
            program: None,
        })
    }

    /// Begins to read the rules that send the port elsewhere, where it is refused: who
    /// gets an answer of nobody is looked at again first.
    pub(super) fn begin_nat(&mut self) {
        if self.is_passive() || self.is_connected() || !firewall::may_look() {
            return;
        }
        if let Some(packet) = self.sent_elsewhere() {
            self.ahead.redirects = Some(self.begin_rules(REDIRECTS, packet, Wanted::Redirects));
        }
    }

    fn is_connected(&self) -> bool {
        let case = Case::new(self.target, &self.facts);
        case.probes().any(|probe| probe.outcome.connected())
    }

    /// Rules that send the port elsewhere, where nobody listens on it: then they alone
    /// may be why it answers, or why something else refuses.
    pub(super) fn look_at_nat(&mut self) {
        let Some(packet) = self.sent_elsewhere() else {
            return;
        };
        if self.is_connected() {
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
        let begun = self.ahead.redirects.take();
        let seen = self.end_rules(begun, REDIRECTS, &packet, Wanted::Redirects);
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
        let owner = case
            .listener_for(to.ip())
            .and_then(|listener| case.owner(listener));
        let packet = Packet {
            to,
            course: Course::In(by.map(|own| own.interface.clone())),
            program: owner.and_then(|owner| owner.exe.seen().cloned()),
        };
        self.facts.way.arriving = self.read_rules("rules for others", &packet, Wanted::All);
    }
}
