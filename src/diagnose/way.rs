//! The way to an address that could not be reached: routes, and the limits of the kernel.

use std::net::SocketAddr;

use super::looks::count;
use super::why::Doctor;
use crate::facts::{Outcome, Probe};
use crate::rules::Case;
use crate::sources::routes;

impl Doctor<'_> {
    /// The looks that only a connection needs which was never made. Nothing is sent: the
    /// system itself is asked.
    pub(super) fn look_at_way(&mut self) {
        if self.is_passive() {
            return;
        }
        self.look_at_routes();
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
