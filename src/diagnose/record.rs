//! Everything that can be seen without a question.

use super::looks::Looks;
use super::parts::{
    ask_engines, ask_if_enabled, find_owners, give_projects, is_forwarder, listeners,
    look_at_processes, owner_ids,
};
use super::reading::servers_stand;
use crate::facts::{Host, Known, Snapshot, User};
use crate::settings::Settings;
use crate::sources::projects::Asked;
use crate::sources::{clock, host, processes, projects, sockets};

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The TCP listeners, and UDP sockets too if asked for; of one port or of all.
    Ports {
        /// The one port.
        port: Option<u16>,
        /// Whether UDP is listed.
        udp: bool,
    },
    /// Everything that can be seen without a question.
    Everything,
}

/// What can be seen without a question: what `devdoctor ports` lists, and what
/// `devdoctor snapshot` prints.
#[must_use]
pub fn record(extent: Extent, settings: &Settings) -> Snapshot {
    let mut looks = Looks::default();
    let mut facts = Snapshot {
        taken: clock::wall(),
        ..Snapshot::default()
    };
    let (port, with_udp) = match extent {
        Extent::Ports { port, udp } => (port, udp),
        Extent::Everything => (None, true),
    };
    let budget = settings.timeouts.engines;
    // For one port its owner, known in microseconds, tells whether engines matter at all.
    let mut engines = port.is_none().then(|| ask_if_enabled(None, settings));
    facts.host = match extent {
        Extent::Everything => host::look(),
        Extent::Ports { .. } => Host {
            user: User {
                uid: host::uid(),
                ..User::default()
            },
            ..Host::default()
        },
    };
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
    let cwd = facts.host.cwd.clone();
    let look = match extent {
        Extent::Everything => processes::look,
        Extent::Ports { .. } => processes::look_for_names,
    };
    facts.processes = look_at_processes(&mut looks, &ids, look, &mut facts.projects, cwd);
    if extent == Extent::Everything {
        read_own_project(&mut facts, settings);
        facts.unix_listeners = sockets::unix_listeners().map(Into::into);
    }
    // An engine is waited for only where a listener may lead into a container.
    let may_lead_inside = tcp.seen().into_iter().chain(udp.seen()).flatten().any(|l| {
        l.owner()
            .is_none_or(|id| is_forwarder(facts.processes.items(), id))
    });
    facts.listeners = tcp.map(Into::into);
    facts.udp = udp.map(Into::into);
    if may_lead_inside {
        engines.get_or_insert_with(|| ask_if_enabled(None, settings));
    }
    if let Some(engines) = engines {
        ask_engines(&mut looks, &mut facts, engines, budget);
    }
    facts
}

/// What the files of the user's own project say, and which processes it has.
fn read_own_project(facts: &mut Snapshot, settings: &Settings) {
    let Some(root) = facts.own_project().map(|own| own.root.clone()) else {
        return;
    };
    let cwd = facts.host.cwd.clone().into_iter();
    let from = cwd.chain(servers_stand(facts)).collect();
    let claims = projects::claims(&root, Asked::from_folders(from, settings));
    facts.projects = facts.projects.clone().map(|list| {
        let mut list = list.to_vec();
        for project in list.iter_mut().filter(|project| project.root == root) {
            project.claims = claims.clone();
        }
        list.into()
    });
    facts.project_processes = processes::in_folder(&root).map(|mut list| {
        give_projects(&mut list, facts.projects.items());
        list.into()
    });
}
