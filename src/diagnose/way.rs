//! The way to an address that could not be reached: routes, and the limits of the kernel.

use std::net::SocketAddr;
use std::time::Instant;

use super::looks::count;
use super::why::Doctor;
use crate::facts::{Known, Outcome, Probe};
use crate::rules::Case;
use crate::sources::{kernel, routes};

impl Doctor<'_> {
    /// The looks that only a connection needs which was never made. Nothing is sent: the
    /// system itself is asked.
    pub(super) fn look_at_way(&mut self) {
        if self.is_passive() {
            self.look_at_limits();
            return;
        }
        self.look_at_nat();
        self.look_at_routes();
        self.look_at_own_firewall();
        self.look_at_arrivals();
        self.look_at_source_ports();
        self.look_at_tracking();
        self.look_at_confinement();
        self.look_at_limits();
    }

    /// The source ports, where the system had none for a connection.
    fn look_at_source_ports(&mut self) {
        // `EADDRNOTAVAIL` of Linux.
        let case = Case::new(self.target, &self.facts);
        let Some(to) = case.probes().find(|probe| probe.errno == Some(99)) else {
            return;
        };
        let (to, budget) = (to.to, self.budget(|of| of.firewall));
        self.facts.way.ports = self.looks.at(
            "source ports",
            || kernel::source_ports(to, budget),
            |ports| match ports {
                Known::Seen(ports) => format!("{} of {} taken", ports.taken, ports.size()),
                Known::Unseen(gap) => gap.to_string(),
            },
        );
    }

    /// The table of tracked connections, where packets get lost.
    fn look_at_tracking(&mut self) {
        let case = Case::new(self.target, &self.facts);
        let Some(to) = case.probe_that(Outcome::TimedOut).map(|probe| probe.to) else {
            return;
        };
        let knock = || self.knock_again(to);
        let began = Instant::now();
        let tracking = kernel::tracking(knock);
        let saw = match &tracking {
            Known::Seen(tracking) => format!("{} of {}", tracking.count, tracking.max),
            Known::Unseen(gap) => gap.to_string(),
        };
        self.looks.note("tracked connections", saw, began);
        self.facts.way.tracking = tracking;
    }

    /// What confines us, where a connection was forbidden or no network is to be seen.
    fn look_at_confinement(&mut self) {
        let case = Case::new(self.target, &self.facts);
        let forbidden = case.probes().any(|probe| match probe.outcome {
            Outcome::Denied | Outcome::Failed => true,
            Outcome::Connected | Outcome::Answered => false,
            _ => self.is_alone(),
        });
        if !forbidden {
            return;
        }
        self.facts.way.confinement =
            self.looks
                .at("confinement", kernel::confinement, |seen| match seen {
                    Known::Seen(_) => "seen".to_owned(),
                    Known::Unseen(gap) => gap.to_string(),
                });
    }

    /// Whether this place has no address but those of its loopback interface.
    fn is_alone(&self) -> bool {
        let own = self.facts.host.addresses.seen();
        own.is_some_and(|own| own.iter().all(|own| own.ip.is_loopback()))
    }

    fn look_at_routes(&mut self) {
        let case = Case::new(self.target, &self.facts);
        let lost = |probe: &&Probe| match probe.outcome {
            Outcome::TimedOut | Outcome::Unreachable | Outcome::Denied | Outcome::Failed => true,
            // A refusal from this machine itself says that the packets have arrived.
            Outcome::Refused => case.is_far(probe.to.ip()),
            _ => false,
        };
        let to: Vec<SocketAddr> = case.probes().filter(lost).map(|probe| probe.to).collect();
        if to.is_empty() {
            return;
        }
        let budget = self.budget(|of| of.firewall);
        let way = self.looks.at(
            "routes",
            || routes::look(&to, budget),
            |way| count(&way.routes, |list| list.len(), "route"),
        );
        self.facts.way.routes = way.routes;
        self.facts.way.interfaces = way.interfaces;
    }
}
