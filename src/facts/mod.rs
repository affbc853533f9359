//! What is true at one moment: plain, serialisable data. No I/O, no clock.
//!
//! Everything a rule may think about is in a [`Snapshot`]. It serialises on
//! purpose: `devdoctor snapshot > bug.json` can be attached to a bug report and
//! replayed with `--facts bug.json`.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod browser;
mod catalogue;
mod claims;
mod confined;
mod container;
mod device;
mod dialled;
mod host;
mod known;
mod names;
mod onward;
mod outside;
mod past;
mod port;
mod probe;
mod process;
mod project;
mod proxy;
mod redirect;
mod scrub;
mod socket;
mod target;
mod text;
mod tls;
mod tunnel;
mod vm;
mod way;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use browser::{
    BrowserExtension, BrowserPolicy, BrowserProfile, BrowserProxy, BrowserSetting, Browsers,
    CachedRedirect, DeniedSite, HstsEntry, PolicyEffect, ServiceWorker, preloaded_tld,
};
pub use catalogue::{
    Catalogue, Flags, Framework, Keys, Protocol, Recognise, Recognised, Taken, WellKnownPort,
    add_frameworks, catalogue,
};
pub use claims::{
    BrokenFile, Claims, Expectation, IgnoredSetting, LeftOut, Origin, Pointer, Runs, Service,
    SetBy, UnknownSetting,
};
pub use confined::{Denial, Module, Policy, UnitLimits, UnitSetting, Whose};
pub use container::{
    Compose, Container, ContainerState, Dependency, Engine, EngineKind, Network, PortSpec, Publish,
};
pub use device::{Device, Renumbered};
pub use dialled::{DialFailure, Dialled, FailedDial, NextDoor, is_machine_name, is_own_loopback};
pub use host::{
    Address, Firewall, FirewallRule, FirewallVerdict, Host, HostsEntry, ProxyVariable, Resolution,
    ResolveError, User, Vantage, same_network,
};
pub use known::{Gap, Known};
pub use names::{DnsAnswer, DnsCode, NameCache, NameServer, Names, Order};
pub use onward::{Carries, Onward, SaidBy};
pub use outside::{Gateway, Outside, PortalCheck, WELL_KNOWN, WELL_KNOWN_PORT, is_public};
pub use past::{Ended, PastOwner, Refusal};
pub use port::{
    Binding, Connection, ConnectionState, Manager, PidFile, PortRange, Unit, UnitState,
};
pub use probe::{Greeting, Http, Outcome, Probe};
pub use process::{CpuUse, Departed, FdUse, ProcId, ProcState, Process};
pub use project::{Project, is_below};
pub use proxy::{ProxySetting, ProxyUser};
pub use redirect::Redirect;
pub use scrub::scrub;
pub use socket::{Listener, Proto, Queue, Scope};
pub use target::{Scheme, Target, TargetError};
pub use text::{clean, human_age, human_micros, shell_line};
pub use tls::{Certificate, Tls};
pub use tunnel::{PublicName, TUNNEL_SERVICES, TunnelAgent, TunnelFault, TunnelService};
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
    /// Whether the kernel's rules send the asked port to the container that publishes it;
    /// looked at only where the engine has no forwarder and the port falls silent.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub engine_rules: Known<bool>,
    /// The asked port on the machine that runs the container we stand in, and at its
    /// neighbours; looked at only from inside a container.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub next_door: Known<Arc<[NextDoor]>>,
    /// Project folders that matter: the one the user stands in first.
    pub projects: Known<Arc<[Project]>>,
    /// This machine.
    pub host: Host,
    /// Former owners of ports that are known to have gone.
    pub departed: Known<Arc<[Departed]>>,
    /// TCP sockets that have a port of interest and do not listen on it: the asked port
    /// where nobody listens, a debugger's where somebody is silent.
    #[serde(
        default = "port::none::<Connection>",
        skip_serializing_if = "port::is_none"
    )]
    pub connections: Known<Arc<[Connection]>>,
    /// What this system lets a process bind; looked at where nobody listens.
    #[serde(
        default = "port::unlimited",
        skip_serializing_if = "port::is_unlimited"
    )]
    pub binding: Known<Binding>,
    /// Services of the system that have to do with the asked port, where nobody listens
    /// or the system itself does.
    #[serde(default = "port::none::<Unit>", skip_serializing_if = "port::is_none")]
    pub units: Known<Arc<[Unit]>>,
    /// Files by which servers of the user's project say that they run, where none listens.
    #[serde(
        default = "port::none::<PidFile>",
        skip_serializing_if = "port::is_none"
    )]
    pub pid_files: Known<Arc<[PidFile]>>,
    /// What names resolve to, by the system's own resolver.
    pub resolutions: Arc<[Resolution]>,
    /// What connecting to each address gave.
    pub probes: Arc<[Probe]>,
    /// Where those who stand on the way pass connections on to; looked at only where
    /// what comes back is theirs, and not the server's.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub onward: Known<Arc<[Onward]>>,
    /// The agents of public tunnels that run here; looked for only where the public end of
    /// one says that something behind it has failed.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub tunnels: Known<Arc<[TunnelAgent]>>,
    /// The devices that are attached; looked at only where a server is meant for them.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub devices: Known<Arc<[Device]>>,
    /// What the user's browsers keep of the asked address; looked at only where that is
    /// asked for.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub browsers: Known<Arc<Browsers>>,
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
    /// Where an answer sent the client, step by step; looked at only where one did.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub redirects: Known<Arc<[Redirect]>>,
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
            ("engine-rules", self.engine_rules.gap()),
            ("projects", self.projects.gap()),
            (
                "project-files",
                self.own_project().and_then(|own| own.claims.gap()),
            ),
            ("project-processes", self.project_processes.gap()),
            ("hosts-file", self.host.hosts_file.gap()),
            ("addresses", self.host.addresses.gap()),
            ("firewall", self.host.firewall.gap()),
            ("browser-profiles", self.browsers.gap()),
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
        .chain(
            self.browsers
                .seen()
                .into_iter()
                .flat_map(|seen| seen.unseen()),
        )
        .filter_map(|(part, gap)| Some((part, gap?)))
        .filter(|(_, gap)| **gap != Gap::NotAsked)
        .chain(self.unseen_of_port())
        .collect()
    }

    /// The same of what has to do with the port besides its listeners. A system that has
    /// no such thing hides nothing.
    fn unseen_of_port(&self) -> impl Iterator<Item = (&'static str, &Gap)> {
        [
            ("connections", self.connections.gap()),
            ("binding", self.binding.gap()),
            ("services", self.units.gap()),
            ("pid-files", self.pid_files.gap()),
            ("unit-limits", self.way.limits.gap()),
            ("policy", self.way.policy.gap()),
            (
                "policy-denials",
                self.way.policy.seen().and_then(|p| p.denials.gap()),
            ),
            ("rules-for-others", self.way.arriving.gap()),
        ]
        .into_iter()
        .filter_map(|(part, gap)| Some((part, gap?)))
        .filter(|(_, gap)| !matches!(gap, Gap::NotAsked | Gap::NotRunning | Gap::Unsupported))
    }

    /// Whether all that has to do with the port besides its listeners was looked at.
    #[must_use]
    pub fn port_is_settled(&self) -> bool {
        port::is_settled(&self.connections)
            && port::is_settled(&self.binding)
            && port::is_settled(&self.units)
            && port::is_settled(&self.pid_files)
    }
}
