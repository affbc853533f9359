//! What is true at one moment: plain, serialisable data. No I/O, no clock.
//!
//! Everything a rule may think about is in a [`Snapshot`]. It serialises on
//! purpose: `devdoctor snapshot > bug.json` can be attached to a bug report and
//! replayed with `--facts bug.json`.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod catalogue;
mod claims;
mod container;
mod device;
mod host;
mod known;
mod names;
mod onward;
mod outside;
mod past;
mod probe;
mod process;
mod project;
mod scrub;
mod socket;
mod target;
mod text;
mod vm;
mod way;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use catalogue::{
    Catalogue, Flags, Framework, Keys, Protocol, Recognise, Recognised, Taken, WellKnownPort,
    add_frameworks, catalogue,
};
pub use claims::{
    BrokenFile, Claims, Expectation, IgnoredSetting, Origin, Pointer, Runs, Service, SetBy,
    UnknownSetting,
};
pub use container::{
    Compose, Container, ContainerState, Engine, EngineKind, Network, PortSpec, Publish,
};
pub use device::Device;
pub use host::{
    Address, Firewall, FirewallRule, FirewallVerdict, Host, HostsEntry, ProxyVariable, Resolution,
    ResolveError, User, Vantage, same_network,
};
pub use known::{Gap, Known};
pub use names::{DnsAnswer, DnsCode, NameCache, NameServer, Names, Order};
pub use onward::{Carries, Onward, SaidBy};
pub use outside::{Gateway, Outside, PortalCheck, WELL_KNOWN, WELL_KNOWN_PORT, is_public};
pub use past::{Ended, PastOwner, Refusal};
pub use probe::{Greeting, Http, Outcome, Probe};
pub use process::{CpuUse, Departed, FdUse, ProcId, ProcState, Process};
pub use project::{Project, is_below};
pub use scrub::scrub;
pub use socket::{Listener, Proto, Queue, Scope};
pub use target::{Scheme, Target, TargetError};
pub use text::{clean, human_age, human_micros, shell_line};
pub use vm::{Wsl, WslNetworking};
pub use way::{
    Confinement, Fate, Interface, MAIN_TABLE, PolicyRule, PortHolder, Route, RouteEntry,
    SourcePorts, Tracking, Way,
};

/// Everything that was seen of the world, at one moment, from one place.
///
/// Each part is [`Known`]: a part that could not be looked at says why and is
/// never mistaken for a part that is empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Snapshot {
    /// When this was taken, in milliseconds since the Unix epoch; 0 where it does not matter.
    pub taken: u64,
    /// Every listening TCP socket of this network namespace.
    pub listeners: Known<Arc<[Listener]>>,
    /// UDP sockets bound to a port; looked at only when TCP has no answer.
    pub udp: Known<Arc<[Listener]>>,
    /// Paths of the unix sockets that are listening.
    pub unix_listeners: Known<Arc<[String]>>,
    /// TCP listeners on the asked port in *other* network namespaces.
    pub elsewhere: Known<Arc<[Listener]>>,
    /// Processes that matter for the question, and their ancestors.
    pub processes: Known<Arc<[Process]>>,
    /// The processes whose working folder is in the user's own project, whether they
    /// listen or not; looked at only where its server is not on the asked port.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub project_processes: Known<Arc<[Process]>>,
    /// Container engines that were asked and what came of it.
    pub engines: Arc<[Engine]>,
    /// Containers of all engines that answered.
    pub containers: Known<Arc<[Container]>>,
    /// Project folders that matter: the one the user stands in first.
    pub projects: Known<Arc<[Project]>>,
    /// This machine.
    pub host: Host,
    /// Former owners of ports that are known to have gone.
    pub departed: Known<Arc<[Departed]>>,
    /// What names resolve to, by the system's own resolver.
    pub resolutions: Arc<[Resolution]>,
    /// What connecting to each address gave.
    pub probes: Arc<[Probe]>,
    /// Where those who stand on the way pass connections on to; looked at only where
    /// what comes back is theirs, and not the server's.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub onward: Known<Arc<[Onward]>>,
    /// The devices that are attached; looked at only where a server is meant for them.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub devices: Known<Arc<[Device]>>,
    /// How names are found here; looked at only where one leads nowhere.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub names: Known<Names>,
    /// What lies between this machine and others; looked at only where another machine
    /// cannot be reached.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub outside: Known<Outside>,
    /// The way to the addresses that could not be reached; looked at only where one could not.
    #[serde(skip_serializing_if = "Way::is_not_asked")]
    pub way: Way,
}

impl Snapshot {
    /// The outermost project that the user stands in: the root of the repository.
    #[must_use]
    pub fn own_project(&self) -> Option<&Project> {
        let cwd = self.host.cwd.as_deref()?;
        let over = |project: &&Project| is_below(cwd, &project.root);
        let projects = self.projects.items().iter().filter(over);
        projects.min_by_key(|project| project.root.len())
    }

    /// The parts of this snapshot that were wanted and could not be seen, by name.
    ///
    /// A part that nobody asked for is no blind spot.
    #[must_use]
    pub fn unseen(&self) -> Vec<(&'static str, &Gap)> {
        [
            ("listeners", self.listeners.gap()),
            ("udp", self.udp.gap()),
            ("unix-sockets", self.unix_listeners.gap()),
            ("other-namespaces", self.elsewhere.gap()),
            ("processes", self.processes.gap()),
            ("containers", self.containers.gap()),
            ("projects", self.projects.gap()),
            (
                "project-files",
                self.own_project().and_then(|own| own.claims.gap()),
            ),
            ("project-processes", self.project_processes.gap()),
            ("hosts-file", self.host.hosts_file.gap()),
            ("addresses", self.host.addresses.gap()),
            ("firewall", self.host.firewall.gap()),
            (
                "name-servers",
                self.names.seen().and_then(|n| n.servers.gap()),
            ),
            ("routes", self.way.routes.gap()),
            ("interfaces", self.way.interfaces.gap()),
            ("source-ports", self.way.ports.gap()),
            ("tracked-connections", self.way.tracking.gap()),
            ("confinement", self.way.confinement.gap()),
        ]
        .into_iter()
        .filter_map(|(part, gap)| Some((part, gap?)))
        .filter(|(_, gap)| **gap != Gap::NotAsked)
        .collect()
    }
}
