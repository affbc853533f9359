//! Where those who stand on the way pass connections on to.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Known, ProcId};

/// A place to which whoever listens on a port passes its connections on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Onward {
    /// The port on which they come in.
    pub port: u16,
    /// The process that passes them on, where it could be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<ProcId>,
    /// What is passed on.
    pub carries: Carries,
    /// The host to which they go, as it is named there: `localhost`, `10.0.3.7`; nothing
    /// where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The port to which they go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u16>,
    /// The scheme that is spoken there, where one is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// The machine from which that host is dialled, where it is not this one: `box`,
    /// `the cluster`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// What says so.
    pub said_by: SaidBy,
    /// Connections of the process to other machines, where those were looked at.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub peers: Known<Vec<SocketAddr>>,
}

/// What is passed on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Carries {
    /// Every byte, as it comes: a forwarder, a tunnel.
    #[default]
    Bytes,
    /// Every byte, to where its client names: a SOCKS proxy.
    Socks,
    /// Requests to a public name, which its agent on this machine brings to a local server.
    Tunnel,
    /// Requests, which it answers itself where its own server does not: a reverse proxy.
    Requests,
}

/// What says where connections are passed on to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SaidBy {
    /// The command line of the process.
    #[default]
    Argv,
    /// A file.
    File {
        /// Its path, whole.
        file: String,
        /// The line, from 1; 0 for the file as a whole.
        #[serde(default)]
        line: u32,
        /// The setting: `proxy_pass`, `server.proxy["/api"]`.
        key: String,
    },
    /// A connection that the process had while it was asked.
    Connection,
    /// The debug bridge of Android, which was asked for its list.
    Bridge,
    /// The process itself, which was asked.
    Agent {
        /// The public name whose requests it brings.
        name: String,
    },
    /// What the process is: nothing says where it leads.
    Kind,
}
