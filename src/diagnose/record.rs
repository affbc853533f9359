//! Everything that can be seen without a question.

use super::looks::Looks;
use super::parts::{
    ask_engines, ask_if_enabled, find_owners, is_forwarder, listeners, look_at_processes, now,
    owner_ids,
};
use crate::facts::{Known, Snapshot};
use crate::settings::Settings;
use crate::sources::sockets;

/// Everything that can be seen without a question: what `devdoctor snapshot` prints,
/// and what `devdoctor ports` lists.
///
/// `port` narrows the look to one port; `with_udp` adds UDP sockets.
#[must_use]
pub fn record(port: Option<u16>, with_udp: bool, settings: &Settings) -> (Snapshot, Looks) {
    let mut looks = Looks::default();
    let mut facts = Snapshot {
        taken: now(),
        ..Snapshot::default()
    };
    let budget = settings.timeouts.engines;
    let engines = ask_if_enabled(None, settings);
    let (mut tcp, by) = listeners(&mut looks, port);
    facts.host.sockets_by = Some(by);
    let mut udp = if with_udp {
        sockets::udp(port)
    } else {
        Known::default()
    };
    for list in [&mut tcp, &mut udp] {
        if let Known::Seen(list) = list {
            find_owners(&mut looks, list);
        }
    }
    let ids = owner_ids([&tcp, &udp]);
    facts.processes = look_at_processes(&mut looks, &ids, &mut facts.projects, None);
    // An engine is waited for only where a listener may lead into a container.
    let may_lead_inside = tcp.seen().into_iter().chain(udp.seen()).flatten().any(|l| {
        l.owner()
            .is_none_or(|id| is_forwarder(facts.processes.items(), id))
    });
    facts.listeners = tcp.map(Into::into);
    facts.udp = udp.map(Into::into);
    if may_lead_inside || port.is_none() {
        ask_engines(&mut looks, &mut facts, engines, budget);
    }
    (facts, looks)
}
