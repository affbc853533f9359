//! Family 4 process: somebody accepts and nothing useful comes.

pub mod backlog_full;
pub mod busy;
pub mod closes_at_once;
pub mod inherited_socket;
pub mod orphan;
pub mod out_of_file_descriptors;
pub mod paused_in_debugger;
pub mod port_borrowed;
pub mod port_taken;
pub mod privileged_port;
pub mod reserved_range;
pub mod silent;
pub mod stale_pid_file;
pub mod stale_reuseport_member;
pub mod suspended;
pub mod system_service_holds_port;

use crate::facts::{Container, Listener, Probe, Process};
use crate::findings::{Confidence, Finding};

use super::{Case, evidence};

/// Whether these are all who hold the listener: one that could not be looked at may be the
/// one that runs.
fn are_all(listener: &Listener, holders: &[&Process]) -> bool {
    let owners = listener.owners.seen();
    owners.is_some_and(|ids| ids.len() == holders.len())
}

/// How sure it is that what is seen of one holder, and of all others, is why the probe
/// met what it met.
fn sureness(
    case: &Case,
    probe: &Probe,
    listener: &Listener,
    holders: &[&Process],
    one: &Process,
) -> Confidence {
    // An address that is not known to be ours may be another machine's.
    let here = case.is_local(probe.to.ip()) == Some(true) || listener.at.ip() == probe.to.ip();
    if here && are_all(listener, holders) && !case.is_forwarder(one) {
        Confidence::Certain
    } else {
        Confidence::Likely
    }
}

/// Who takes a connection, and in whose name.
struct Taker<'a> {
    listener: Option<&'a Listener>,
    owner: Option<&'a Process>,
    /// Whether the owner only carries connections to somewhere else.
    forwards: bool,
    /// The container that it carries them to.
    container: Option<&'a Container>,
}

impl<'a> Taker<'a> {
    /// Who takes the connection that this probe made.
    fn of(case: &Case<'a>, probe: &Probe) -> Self {
        let listener = case.listener_for(probe.to.ip());
        let owner = listener.and_then(|listener| case.owner(listener));
        let forwards = owner.is_some_and(|owner| case.is_forwarder(owner));
        Taker {
            listener,
            owner,
            forwards,
            container: case.container_behind().filter(|_| forwards),
        }
    }

    /// That it accepts, and what its far end, or it itself, does then: `says nothing`.
    fn finding(&self, case: &Case, probe: &Probe, sure: Confidence, does: &Does) -> Finding {
        let port = case.port();
        let who = match self.listener {
            Some(listener) => evidence::owner_words(case, listener),
            None => case.target.host.clone(),
        };
        let says = if let Some(container) = self.container {
            let name = &container.name;
            format!("the container {name} behind port {port} {}", does.container)
        } else if self.forwards {
            format!(
                "{who} accepts connections on port {port}, and its far end {}",
                does.itself
            )
        } else {
            format!(
                "{who} accepts connections on port {port} and {}",
                does.itself
            )
        };
        let listens = self.listener.map(|one| evidence::listener(case, one));
        Finding::new(sure, says)
            .because(evidence::probe(probe))
            .because_all(listens)
            .because_all(self.owner.map(evidence::process))
    }
}

/// What is done with a connection, in words.
struct Does {
    /// Of a container, whole: `takes connections and says nothing`.
    container: &'static str,
    /// Of whoever accepts: `says nothing`.
    itself: &'static str,
}
