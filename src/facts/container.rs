//! Containers and their engines.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Dialled, FailedDial, Gap, Known, Listener, Proto};

/// A container engine that was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// Docker or Podman.
    #[serde(default)]
    pub kind: EngineKind,
    /// Where it was asked: `unix:///var/run/docker.sock`.
    pub endpoint: String,
    /// What made us ask there: `DOCKER_HOST`, `context desktop-linux`, `default socket`.
    #[serde(default)]
    pub chosen_by: String,
    /// Why it gave no answer; nothing if it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
}

/// The make of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// Docker, or something that speaks for it.
    #[default]
    Docker,
    /// Podman.
    Podman,
}

impl EngineKind {
    /// The command that talks to this engine.
    #[must_use]
    pub fn command(self) -> &'static str {
        match self {
            EngineKind::Docker => "docker",
            EngineKind::Podman => "podman",
        }
    }
}

/// One container.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Container {
    /// The engine's id for it.
    pub id: String,
    /// Its name, without the leading slash.
    pub name: String,
    /// The image it was made from, as the user named it.
    pub image: String,
    /// Which engine has it.
    pub engine: EngineKind,
    /// What it is doing.
    pub state: ContainerState,
    /// The exit code of its main process, where it has ended.
    pub exit_code: Option<i64>,
    /// Whether the kernel killed it for want of memory.
    pub oom_killed: bool,
    /// What the engine says went wrong, if it says so.
    pub error: Option<String>,
    /// `starting`, `healthy` or `unhealthy`, if it has a health check.
    pub health: Option<String>,
    /// How often the engine has restarted it.
    pub restarts: u32,
    /// The restart policy: `no`, `always`, `unless-stopped`, `on-failure`.
    pub restart_policy: Option<String>,
    /// Seconds since its main process started.
    pub started_s: Option<u64>,
    /// Seconds since its main process ended.
    pub finished_s: Option<u64>,
    /// The main process, as this machine numbers it; nothing on Docker Desktop or a remote engine.
    pub pid: Option<u32>,
    /// What the user asked to publish (`HostConfig.PortBindings`), also of a stopped container.
    pub wants: Vec<Publish>,
    /// What is published now (`NetworkSettings.Ports`).
    pub published: Vec<Publish>,
    /// Ports the image or the user declared (`EXPOSE`), published or not.
    pub exposed: Vec<PortSpec>,
    /// `bridge`, `host`, `none`, `container:<id>` or a network's name.
    pub network_mode: String,
    /// The networks it is on.
    pub networks: Vec<Network>,
    /// Its place in a compose project.
    pub compose: Option<Compose>,
    /// What listens inside it.
    pub inside: Known<Vec<Listener>>,
    /// The last lines it wrote, where that was worth asking for.
    pub log_tail: Known<Vec<String>>,
    /// Calls that it wrote of as failed since it was started, each once, in the part of
    /// its log that was read; what could not be read is told by [`Container::log_tail`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed_dials: Vec<FailedDial>,
    /// Addresses on this machine, in its networks or on its own loopback that it was given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dials: Vec<Dialled>,
    /// Names that it was given addresses for: `host.docker.internal:host-gateway`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra_hosts: Vec<String>,
    /// Where its engine was asked.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub endpoint: String,
    /// Whether its own address takes connections on the port that the asked one leads to.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub takes: Known<bool>,
    /// The command it runs.
    pub command: Vec<String>,
    /// The key of the framework it runs, if its command was recognised.
    pub framework: Option<String>,
}

/// What a container is doing, in the engine's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ContainerState {
    /// Made, never started.
    Created,
    /// Running.
    #[default]
    Running,
    /// Frozen by the user.
    Paused,
    /// Between two starts.
    Restarting,
    /// Ended.
    Exited,
    /// Being removed.
    Removing,
    /// Half removed.
    Dead,
}

/// One published port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// The address on this machine; nothing for every address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_ip: Option<IpAddr>,
    /// The port on this machine; nothing where the engine chooses one at start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_port: Option<u16>,
    /// The port inside the container.
    pub container_port: u16,
    /// TCP or UDP.
    #[serde(default)]
    pub proto: Proto,
}

/// A port with its protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortSpec {
    /// The port number.
    pub port: u16,
    /// TCP or UDP.
    #[serde(default)]
    pub proto: Proto,
}

/// A network that a container is on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// The network's name.
    pub name: String,
    /// The container's address on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// The address of the machine on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// Whether it leads nowhere else (`internal`), where that was worth asking for.
    #[serde(default, skip_serializing_if = "Known::is_not_asked")]
    pub internal: Known<bool>,
}

/// A container's place in a compose project, read from its labels.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Compose {
    /// The project's name.
    pub project: String,
    /// The service's name.
    pub service: String,
    /// The folder the project was started from.
    pub working_dir: Option<String>,
    /// The compose files it was made from.
    pub config_files: Vec<String>,
    /// The services that it was told to wait for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Dependency>,
}

/// A service that another one waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Dependency {
    /// Its name.
    pub service: String,
    /// Until when: `service_started`, `service_healthy`, `service_completed_successfully`.
    pub condition: String,
}

impl Container {
    /// Whether the container has a main process right now.
    #[must_use]
    pub fn is_up(&self) -> bool {
        matches!(self.state, ContainerState::Running | ContainerState::Paused)
    }

    /// The compose service's name, or else the container's own.
    #[must_use]
    pub fn service(&self) -> &str {
        self.compose.as_ref().map_or(&self.name, |c| &c.service)
    }

    /// What it publishes now, or else what it would publish if it ran, over TCP.
    pub fn publishes(&self) -> impl Iterator<Item = &Publish> {
        let list = if self.published.is_empty() {
            &self.wants
        } else {
            &self.published
        };
        list.iter().filter(|publish| publish.proto == Proto::Tcp)
    }
}
