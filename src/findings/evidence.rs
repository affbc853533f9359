//! Facts as a person reads them, with the place where they were seen.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One fact that a rule used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The fact, in one sentence.
    pub says: String,
    /// Where it was seen.
    pub seen: Seen,
}

/// Where a fact was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Seen {
    /// We connected.
    Probe {
        /// The address.
        to: SocketAddr,
        /// The outcome's word.
        outcome: String,
    },
    /// The kernel's table of sockets.
    Socket {
        /// The socket's address.
        at: SocketAddr,
    },
    /// The process table.
    Process {
        /// The process.
        pid: u32,
        /// What of it: `state`, `argv`, `cwd`.
        what: String,
    },
    /// The container engine.
    Container {
        /// The container's name.
        name: String,
        /// What of it: `State.Status`, `HostConfig.PortBindings`, `/proc/<pid>/net/tcp`.
        what: String,
    },
    /// A file.
    File {
        /// Its path.
        file: String,
        /// The line, from 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u32>,
    },
    /// The resolver.
    Name {
        /// The name.
        name: String,
    },
    /// The firewall's rules.
    Firewall {
        /// The table and chain.
        chain: String,
    },
    /// A counter or setting of the kernel.
    Kernel {
        /// Its name.
        what: String,
    },
    /// A variable of the environment.
    Environment {
        /// Its name.
        variable: String,
    },
}

impl Evidence {
    /// A fact, and where it was seen.
    #[must_use]
    pub fn new(says: impl Into<String>, seen: Seen) -> Self {
        Evidence {
            says: says.into(),
            seen,
        }
    }

    /// Where it was seen, without what the fact itself says already.
    #[must_use]
    pub fn place(&self) -> String {
        let told = |words: &str| self.says.contains(words);
        match &self.seen {
            Seen::Socket { at } if told(&at.to_string()) => "socket".to_owned(),
            Seen::Process { pid, what } if told(&format!("pid {pid}")) => what.clone(),
            Seen::Container { name, what } if told(name) => format!("container, {what}"),
            seen @ Seen::File { line: Some(_), .. } if told(&seen.to_string()) => "file".to_owned(),
            Seen::Name { name } if told(name) => "resolver".to_owned(),
            seen => seen.to_string(),
        }
    }
}

impl std::fmt::Display for Seen {
    /// The place in a few words, as it is shown behind the fact.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Seen::Probe { .. } => f.write_str("probe"),
            Seen::Socket { at } => write!(f, "socket {at}"),
            Seen::Process { pid, what } => write!(f, "pid {pid}, {what}"),
            Seen::Container { name, what } => write!(f, "container {name}, {what}"),
            Seen::File {
                file,
                line: Some(line),
            } => write!(f, "{file}:{line}"),
            Seen::File { file, line: None } => f.write_str(file),
            Seen::Name { name } => write!(f, "resolver, {name}"),
            Seen::Firewall { chain } => write!(f, "firewall, {chain}"),
            Seen::Kernel { what } => write!(f, "kernel, {what}"),
            Seen::Environment { variable } => write!(f, "environment, {variable}"),
        }
    }
}
