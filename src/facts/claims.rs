//! What a project's files say should be.
//!
//! A claim is a hypothesis: the running process's command line, environment and
//! sockets are facts. Every claim keeps the place where it stands.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Framework, Proto, catalogue};

/// A place in a file of a project.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The file, seen from the project's root, with `/` on every system.
    pub file: String,
    /// The line, from 1; 0 for the file as a whole.
    #[serde(default)]
    pub line: u32,
    /// The column in characters, from 1; 0 for the line as a whole.
    #[serde(default)]
    pub column: u32,
}

/// Everything that the files of one project say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Claims {
    /// What should run, in the order of the files.
    pub services: Vec<Service>,
    /// Settings that the framework in question does not read.
    pub ignored: Vec<IgnoredSetting>,
    /// Addresses of other servers that the files name: targets of proxies, URLs.
    pub pointers: Vec<Pointer>,
    /// Files that could not be read, or not to their end.
    pub broken: Vec<BrokenFile>,
    /// Whether there were more files than are read.
    pub cut: bool,
    /// Where files were not read that would say more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// How many seconds ago the files that say where services listen were changed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub changed_s: BTreeMap<String, u64>,
}

/// A folder of a project whose files do not count, or such a file.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(default, deny_unknown_fields)]
pub struct LeftOut {
    /// Its path, seen from the project's root.
    pub path: String,
    /// Whether the settings leave it out. Otherwise it holds samples, by its name.
    pub by_settings: bool,
}

/// Something that the files of a project say should run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    /// Its name: a compose service's, a Procfile entry's, or its package's or folder's.
    pub name: String,
    /// The folder that it runs in, seen from the project's root; empty for the root itself.
    pub folder: String,
    /// Where it is named.
    pub origin: Origin,
    /// The key of its framework in the catalogue, if it was recognised.
    pub framework: Option<String>,
    /// Whether it runs as a process of this machine or in a container.
    pub runs: Runs,
    /// The command that starts it, word by word, to be run in its folder.
    pub start: Vec<String>,
    /// The ports that it should have.
    pub expects: Vec<Expectation>,
    /// Settings of its port or address that cannot be known without running code.
    pub unknown: Vec<UnknownSetting>,
    /// Where a setting says that it must not take another port, if one does.
    pub strict: Option<Origin>,
    /// The compose profiles that it belongs to; it runs without one where this is empty.
    pub profiles: Vec<String>,
    /// Whether one of its profiles is on, as far as the files and the environment tell.
    pub profile_on: bool,
    /// The name of its compose project.
    pub compose_project: Option<String>,
    /// What starts it together with others: `compose.yaml`, `Procfile`,
    /// `package.json#dev`. Services without one, or of different ones, may be alternatives.
    pub group: Option<String>,
}

/// What a service runs as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Runs {
    /// A process of this machine.
    #[default]
    Process,
    /// A container of an engine.
    Container,
}

/// One port that a service should have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Expectation {
    /// The port on this machine; nothing where the engine or the system chooses one.
    pub port: Option<u16>,
    /// The host or address as it is written; nothing where none is.
    pub host: Option<String>,
    /// TCP or UDP.
    pub protocol: Proto,
    /// The port inside the container.
    pub target: Option<u16>,
    /// Where the port is set: the first character of [`Expectation::written`]. For a
    /// framework's default, where the service is named.
    pub origin: Origin,
    /// By what the port is set.
    pub by: SetBy,
    /// What sets it: `-p`, `PORT`, `server.port`, `ports`; empty for a default.
    pub key: String,
    /// The port as it is written there: `4001`, `"${WEB_PORT:-3000}:80"`; empty for a default.
    pub written: String,
    /// Where the host is set, if it is.
    pub host_origin: Option<Origin>,
    /// Whether nothing else that could be seen may set it otherwise.
    pub certain: bool,
}

/// By what a setting is set. A stronger one comes first.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SetBy {
    /// A flag or argument of the command.
    Flag,
    /// A variable that the command or the user's environment sets.
    Variable,
    /// A file of variables: `.env`.
    EnvFile,
    /// A configuration file.
    Config,
    /// The framework's own default.
    #[default]
    Default,
}

/// A setting that cannot be known without running code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UnknownSetting {
    /// The setting: `server.port`.
    pub key: String,
    /// Where it stands.
    pub origin: Origin,
    /// Why it cannot be known: `it is computed by a function call`.
    pub why: String,
}

/// A setting that stands in a file and has no effect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IgnoredSetting {
    /// The service that ignores it.
    pub service: String,
    /// The key of that service's framework in the catalogue.
    pub framework: String,
    /// The setting: `PORT`.
    pub key: String,
    /// The port that it would set.
    pub port: Option<u16>,
    /// Where it stands.
    pub origin: Origin,
    /// Why it has no effect: `Vite does not read PORT`.
    pub why: String,
}

/// The address of another server that a file names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pointer {
    /// The service whose setting it is; empty where it is the project's.
    pub service: String,
    /// The setting: `server.proxy["/api"]`, `DATABASE_URL`.
    pub key: String,
    /// The scheme, where one is written.
    pub scheme: Option<String>,
    /// The host: `localhost`, `127.0.0.1`, a compose service's name.
    pub host: String,
    /// The port, written or the scheme's own.
    pub port: u16,
    /// Where the port or the address stands.
    pub origin: Origin,
    /// What stands there of host and port: `localhost:8080`. Never a password.
    pub written: String,
    /// Whether it is dialled from inside a container.
    pub inside: bool,
    /// With what the paths begin that are passed on there: `/api`; none where every path
    /// may be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
}

/// A file of the project that could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BrokenFile {
    /// Where: the file, and the line and column where its reading ended.
    pub origin: Origin,
    /// What is wrong with it, in one clause: `a closing bracket is missing`.
    pub what: String,
}

impl std::fmt::Display for Origin {
    /// `file:line:column`, as far as they are known.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        match (self.line, self.column) {
            (0, _) => Ok(()),
            (line, 0) => write!(f, ":{line}"),
            (line, column) => write!(f, ":{line}:{column}"),
        }
    }
}

impl Claims {
    /// The services that should have this TCP port, with what says so.
    pub fn expecting(&self, port: u16) -> impl Iterator<Item = (&Service, &Expectation)> {
        self.services.iter().flat_map(move |service| {
            let wanted = service.expects.iter();
            wanted
                .filter(move |wants| wants.port == Some(port) && wants.protocol == Proto::Tcp)
                .map(move |wants| (service, wants))
        })
    }

    /// The service of this name; a whole name is preferred to the last part of one.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        let whole = self.services.iter().find(|service| service.name == name);
        whole.or_else(|| {
            let last = |service: &&Service| service.name.rsplit('/').next() == Some(name);
            self.services.iter().find(last)
        })
    }
}

impl Service {
    /// Whether it would run if the whole project were started.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.profiles.is_empty() || self.profile_on
    }

    /// The catalogue's row of its framework.
    #[must_use]
    pub fn row(&self) -> Option<&'static Framework> {
        catalogue().framework(self.framework.as_deref()?)
    }

    /// The first TCP port that it should have on this machine.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        let tcp = self.expects.iter().filter(|e| e.protocol == Proto::Tcp);
        tcp.filter_map(|expects| expects.port).next()
    }
}
