//! The rows: a program and how it is told its port, a port and who is known for it.

use serde::{Deserialize, Serialize};

use super::{Protocol, Recognise, catalogue};

/// One framework or server: a row of `config/frameworks.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// The key by which facts refer to it: `next`.
    pub key: String,
    /// The name of the program: `Next.js`.
    pub title: String,
    /// The name of its running server: `next dev`.
    pub server: String,
    /// How its process is recognised: any one of these.
    pub recognise: Vec<Recognise>,
    /// The port it takes if nothing says otherwise.
    #[serde(default)]
    pub port: Option<u16>,
    /// The address it binds if nothing says otherwise: `localhost`, `127.0.0.1`, `0.0.0.0`, `[::]`.
    #[serde(default)]
    pub bind: Option<String>,
    /// What to add to its command so that it listens on every address; `{port}` is the port.
    #[serde(default)]
    pub bind_all: Option<String>,
    /// Where its host is set in its config file: `server.host in vite.config.*`.
    #[serde(default)]
    pub host_key: Option<String>,
    /// What to add to its command so that it takes a given port; `{port}` is the port.
    #[serde(default)]
    pub port_flag: Option<String>,
    /// Where the list of allowed host names is kept, for those that check.
    #[serde(default)]
    pub allowed_hosts: Option<String>,
    /// What it does when its port is taken: `takes the next free port`.
    #[serde(default)]
    pub when_taken: Option<String>,
    /// The same, for rules to compute with.
    #[serde(default)]
    pub taken: Option<Taken>,
    /// What of its command sets its port and its host.
    #[serde(default)]
    pub flags: Flags,
    /// Variables of the environment that set its port, the strongest first.
    #[serde(default)]
    pub port_variables: Vec<String>,
    /// Variables of the environment that set its host, the strongest first.
    #[serde(default)]
    pub host_variables: Vec<String>,
    /// Files of variables that it reads before it chooses its port, the strongest first;
    /// `{mode}` is its mode.
    #[serde(default)]
    pub env_files: Vec<String>,
    /// The mode that it runs in if nothing says otherwise: `development`.
    #[serde(default)]
    pub mode: Option<String>,
    /// Its configuration files, the first that is there: `vite.config.*`. A path is seen
    /// from the folder it runs in.
    #[serde(default)]
    pub config: Vec<String>,
    /// Where its configuration sets its port and its host, and what else is read of it.
    #[serde(default)]
    pub keys: Keys,
    /// Settings that people expect to set its port, and that it does not read: `PORT` (a
    /// variable), `.env PORT` (a variable in a file of variables), or a key of its
    /// configuration.
    #[serde(default)]
    pub unread: Vec<String>,
    /// Whether it is a server that developers start by hand in a project.
    #[serde(default = "yes")]
    pub dev_server: bool,
    /// Whether it runs others and listens itself only on their behalf (nodemon, supervisors).
    #[serde(default)]
    pub watcher: bool,
    /// Whether it only carries connections to somewhere else (docker-proxy, ssh -L).
    #[serde(default)]
    pub forwarder: bool,
    /// Files in its project by which its server says that it runs: `tmp/pids/server.pid`.
    #[serde(default)]
    pub pid_files: Vec<String>,
    /// Whether its server refuses to start wherever such a file is, and not only where
    /// some process has the pid that it names.
    #[serde(default)]
    pub any_pid_file: bool,
    /// Whether this row was checked against the real thing.
    #[serde(default)]
    pub verified: bool,
    /// A command line that this row recognises, and no other.
    pub example: Vec<String>,
    /// The kernel's short name that goes with the example.
    #[serde(default)]
    pub example_comm: String,
}

/// A framework that was recognised in a command line.
#[derive(Debug, Clone, Copy)]
pub struct Recognised<'a> {
    /// Its row.
    pub framework: &'a Framework,
    /// The word that is its program.
    pub program: usize,
    /// The first word after those that it was recognised by: `0.0.0.0:8000` in
    /// `python manage.py runserver 0.0.0.0:8000`.
    pub arguments: usize,
}

/// What a server does when its port is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Taken {
    /// It takes the next free port above.
    NextPort,
    /// It takes any free port.
    RandomPort,
    /// It stops with an error.
    Stops,
    /// It asks on a terminal, and stops where there is none.
    Asks,
    /// It starts all the same, on another address of the same port.
    SharesPort,
    /// It stays alive and does not listen.
    Stays,
}

/// What of a server's command sets its port and its host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Flags {
    /// Flags for the port: `-p`, `--port`.
    pub port: Vec<String>,
    /// Flags for the host: `-H`, `--hostname`.
    pub host: Vec<String>,
    /// Flags whose value is an address with a port, or either of them: `-b`, `--bind`.
    pub address: Vec<String>,
    /// Whether the first word after the program's own that is no option is a port or
    /// an address with one, as in `runserver 0.0.0.0:8000`.
    pub argument: bool,
    /// Flags that forbid it another port than that: `--strictPort`.
    pub strict: Vec<String>,
    /// Flags that name its configuration file: `-c`, `--config`.
    pub config: Vec<String>,
    /// Flags that set its mode: `--mode`.
    pub mode: Vec<String>,
    /// Whether it takes another port than the one asked only if none was asked for:
    /// with a port flag it stops.
    pub explicit_is_strict: bool,
    /// The same for a port that was asked for in any way: by flag, variable or
    /// configuration.
    pub asked_is_strict: bool,
}

/// Where a server's configuration sets what devdoctor asks for: paths of keys, the
/// strongest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// The port: `server.port`.
    pub port: Vec<String>,
    /// The host: `server.host`.
    pub host: Vec<String>,
    /// An address with a port, or several: `bind`.
    pub address: Vec<String>,
    /// Whether it must not take another port: `server.strictPort`.
    pub strict: Vec<String>,
    /// Its proxy: `server.proxy`.
    pub proxy: Vec<String>,
    /// Whether they hold against variables of the environment.
    pub over_variables: bool,
    /// Whether they are stronger than the same variables in a file, though not than those
    /// of the environment.
    pub over_env_files: bool,
}

impl Framework {
    /// What to add to its command so that it listens on every address, on this port.
    #[must_use]
    pub fn bind_all_on(&self, port: u16) -> Option<String> {
        Some(self.bind_all.as_ref()?.replace("{port}", &port.to_string()))
    }

    /// What a client says to it: HTTP to a development server, to a service what its
    /// usual port is greeted with.
    #[must_use]
    pub fn speaks(&self) -> Option<Protocol> {
        if self.forwarder || self.watcher {
            return None;
        }
        if self.dev_server {
            return Some(Protocol::Http);
        }
        catalogue().port(self.port?)?.greet
    }

    /// What to add to its command so that it takes this port.
    #[must_use]
    pub fn take_port(&self, port: u16) -> Option<String> {
        let flag = self.port_flag.as_ref()?;
        Some(flag.replace("{port}", &port.to_string()))
    }
}

fn yes() -> bool {
    true
}

/// A port that is known for one service: a row of `config/ports.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WellKnownPort {
    /// The port.
    pub port: u16,
    /// What usually runs there.
    pub service: String,
    /// The protocol to greet with, where sending it is harmless.
    #[serde(default)]
    pub greet: Option<Protocol>,
    /// The client to use instead of a browser.
    #[serde(default)]
    pub client: Option<String>,
    /// The units of systemd that serve it.
    #[serde(default)]
    pub units: Vec<String>,
    /// The services of Homebrew that do.
    #[serde(default)]
    pub brew: Vec<String>,
    /// How the names of the services of Windows begin that do.
    #[serde(default)]
    pub windows_services: Vec<String>,
}
