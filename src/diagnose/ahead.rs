//! The looks of a failure that hang on nothing but what the probes have met: begun before
//! an engine, a name server or a tool is waited for, and ended where they are needed.
//!
//! What sends packets is never beside a look that counts them: rules are only read here,
//! and read again, with nobody beside, where a counter could prove something.

use std::time::Duration;

use super::beside::Beside;
use super::firewall::Rules;
use super::looks::count;
use super::why::Doctor;
use crate::facts::{Connection, Known, Listener, Names, NextDoor, ProxySetting, Unit};
use crate::sources::{owners, sockets, units};

/// How long a tool of the system may take.
pub(super) const TOOL: Duration = Duration::from_millis(500);
/// The tool has its own deadline; this is for a thread that hangs.
const MARGIN: Duration = Duration::from_millis(100);

/// The looks that are under way.
#[derive(Default)]
pub(super) struct Ahead {
    pub(super) names: Option<Beside<Names>>,
    pub(super) units: Option<Beside<Vec<Unit>>>,
    pub(super) connections: Option<Beside<Vec<Connection>>>,
    pub(super) elsewhere: Option<Beside<Elsewhere>>,
    pub(super) redirects: Option<Rules>,
    pub(super) own_rules: Option<Rules>,
    pub(super) next_door: Option<Beside<Vec<NextDoor>>>,
    pub(super) proxy_settings: Option<Beside<Vec<ProxySetting>>>,
}

/// Who has the port in another way than by listening on it over TCP, here.
pub(super) struct Elsewhere {
    pub(super) udp: Known<Vec<Listener>>,
    pub(super) unix: Known<Vec<String>>,
    pub(super) namespaces: Known<Vec<Listener>>,
}

impl Elsewhere {
    fn look(port: u16) -> Self {
        Elsewhere {
            udp: sockets::udp(Some(port)).map(|mut list| {
                owners::find(&mut list);
                list
            }),
            unix: sockets::unix_listeners(),
            namespaces: sockets::elsewhere(port),
        }
    }
}

impl Doctor<'_> {
    /// Begins what is needed where nobody listens on a port of this machine.
    pub(super) fn begin_for_nobody(&mut self) {
        let port = self.target.port;
        let left = self.budget(|of| of.whole);
        self.begin_units();
        self.ahead.connections = Some(Beside::begin("connections", left, move || {
            sockets::connections(port)
        }));
        self.ahead.elsewhere = Some(Beside::begin("elsewhere", left, move || {
            Known::Seen(Elsewhere::look(port))
        }));
    }

    /// Begins to ask for the services that have to do with the port.
    pub(super) fn begin_units(&mut self) {
        let (port, budget) = (self.target.port, self.budget(|_| TOOL));
        let look = move || units::look(port, budget);
        self.ahead.units = Some(Beside::begin("services", budget + MARGIN, look));
    }

    /// Begins what tells whether it is this machine that keeps us from another.
    pub(super) fn begin_for_another_machine(&mut self) {
        if !self.is_passive() {
            self.begin_own_firewall();
            self.begin_proxy_settings();
        }
    }

    /// Who has the port over UDP, as a path, or in another network namespace.
    pub(super) fn look_elsewhere(&mut self) {
        let Some(begun) = self.ahead.elsewhere.take() else {
            return;
        };
        let saw = |seen: &Known<Elsewhere>| match seen {
            Known::Seen(seen) => count(&seen.namespaces, Vec::len, "listener"),
            Known::Unseen(gap) => gap.to_string(),
        };
        match begun.end(&mut self.looks, saw) {
            Known::Seen(seen) => {
                self.facts.udp = seen.udp.map(Into::into);
                self.facts.unix_listeners = seen.unix.map(Into::into);
                self.facts.elsewhere = seen.namespaces.map(Into::into);
            }
            Known::Unseen(gap) => {
                self.facts.udp = Known::Unseen(gap.clone());
                self.facts.unix_listeners = Known::Unseen(gap.clone());
                self.facts.elsewhere = Known::Unseen(gap);
            }
        }
    }
}
