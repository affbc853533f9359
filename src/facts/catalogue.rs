//! The catalogue of frameworks and well-known ports: data, not code.
//!
//! It is `config/frameworks.toml` and `config/ports.toml`, embedded and parsed
//! once, when it is first asked for.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// A protocol that devdoctor recognises by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP/1.x.
    Http,
    /// TLS, whatever is inside.
    Tls,
    /// HTTP/2 without TLS (h2c, gRPC).
    H2c,
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
    /// Redis.
    Redis,
    /// MongoDB.
    Mongodb,
    /// AMQP.
    Amqp,
    /// SSH.
    Ssh,
    /// SMTP.
    Smtp,
    /// FTP.
    Ftp,
    /// Another text or binary protocol.
    Other,
}

impl Protocol {
    /// The name a person would use.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Protocol::Http => "HTTP",
            Protocol::Tls => "TLS (https)",
            Protocol::H2c => "HTTP/2 without TLS (h2c or gRPC)",
            Protocol::Postgres => "PostgreSQL",
            Protocol::Mysql => "MySQL",
            Protocol::Redis => "Redis",
            Protocol::Mongodb => "MongoDB",
            Protocol::Amqp => "AMQP",
            Protocol::Ssh => "SSH",
            Protocol::Smtp => "SMTP",
            Protocol::Ftp => "FTP",
            Protocol::Other => "another protocol",
        }
    }
}

/// The frameworks and the ports that devdoctor knows.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// The rows of `config/frameworks.toml`.
    #[serde(default, rename = "framework")]
    pub frameworks: Vec<Framework>,
    /// The rows of `config/ports.toml`.
    #[serde(default, rename = "port")]
    pub ports: Vec<WellKnownPort>,
}

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
    /// What to add to its command so that it listens on every address.
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
    /// What it does when its port is taken.
    #[serde(default)]
    pub when_taken: Option<String>,
    /// Whether it is a server that developers start by hand in a project.
    #[serde(default = "yes")]
    pub dev_server: bool,
    /// Whether it runs others and listens itself only on their behalf (nodemon, supervisors).
    #[serde(default)]
    pub watcher: bool,
    /// Whether it only carries connections to somewhere else (docker-proxy, ssh -L).
    #[serde(default)]
    pub forwarder: bool,
    /// Whether this row was checked against the real thing.
    #[serde(default)]
    pub verified: bool,
}

fn yes() -> bool {
    true
}

/// One way to recognise a process. Everything that is given must match.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recognise {
    /// The kernel's short name, whole.
    pub comm: Option<String>,
    /// How the first word of the command line (or a title that was written over it) starts.
    pub title: Option<String>,
    /// The file name of one of the first three words: `vite`, `manage.py`, `next`.
    pub program: Option<String>,
    /// Words that stand on the command line, in this order, after the program.
    pub words: Vec<String>,
    /// A path fragment in one of the first three words: `react-scripts/scripts/start.js`.
    pub path: Option<String>,
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
}

/// The catalogue.
///
/// # Panics
///
/// Never in a build that passed its tests: they parse the embedded files.
#[must_use]
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let frameworks: Catalogue = toml::from_str(include_str!("../../config/frameworks.toml"))
            .expect("config/frameworks.toml is checked by a test");
        Catalogue {
            frameworks: frameworks.frameworks,
            ports: well_known_ports().to_vec(),
        }
    })
}

fn well_known_ports() -> &'static [WellKnownPort] {
    static PORTS: OnceLock<Vec<WellKnownPort>> = OnceLock::new();
    PORTS.get_or_init(|| {
        toml::from_str::<Catalogue>(include_str!("../../config/ports.toml"))
            .expect("config/ports.toml is checked by a test")
            .ports
    })
}

impl Catalogue {
    /// The row with this key.
    #[must_use]
    pub fn framework(&self, key: &str) -> Option<&Framework> {
        self.frameworks.iter().find(|row| row.key == key)
    }

    /// What usually runs on this port.
    #[must_use]
    pub fn port(&self, port: u16) -> Option<&WellKnownPort> {
        self.ports.iter().find(|row| row.port == port)
    }

    /// The protocol to greet a port with when the user gave no scheme.
    ///
    /// A port that is not listed gets an HTTP request only if a web framework
    /// takes it by default; any other port is connected to and sent nothing.
    #[must_use]
    pub fn greeting_for(&self, port: u16) -> Option<Protocol> {
        match self.port(port) {
            Some(row) => row.greet,
            None => self
                .frameworks
                .iter()
                .any(|row| row.dev_server && row.port == Some(port))
                .then_some(Protocol::Http),
        }
    }

    /// The framework that this process runs, if it is a known one.
    #[must_use]
    pub fn recognise(&self, comm: &str, argv: &[String]) -> Option<&Framework> {
        self.frameworks
            .iter()
            .find(|row| row.recognise.iter().any(|how| how.matches(comm, argv)))
    }
}

impl Recognise {
    fn matches(&self, comm: &str, argv: &[String]) -> bool {
        let base = |word: &String| {
            let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
            let name = name.strip_suffix(".exe").unwrap_or(name);
            name.strip_suffix(".js")
                .or(name.strip_suffix(".mjs"))
                .or(name.strip_suffix(".cjs"))
                .unwrap_or(name)
                .to_owned()
        };
        let same = |wanted: &String, found: &str| {
            // The kernel cuts a short name at 15 bytes.
            wanted == found || (found.len() == 15 && wanted.starts_with(found))
        };
        if self.comm.as_ref().is_some_and(|want| !same(want, comm)) {
            return false;
        }
        if let Some(title) = &self.title
            && !argv.first().is_some_and(|word| word.starts_with(title))
        {
            return false;
        }
        let head = &argv[..argv.len().min(3)];
        let mut after = 0;
        if let Some(program) = &self.program {
            match head.iter().position(|word| base(word) == *program) {
                Some(at) => after = at + 1,
                None => return false,
            }
        }
        if let Some(path) = &self.path
            && !head.iter().any(|word| word.contains(path.as_str()))
        {
            return false;
        }
        let mut rest = argv[after.min(argv.len())..].iter();
        self.words
            .iter()
            .all(|wanted| rest.any(|word| word == wanted))
            && self != &Recognise::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_files_parse_and_keys_are_unique() {
        let mut keys: Vec<_> = catalogue().frameworks.iter().map(|f| &f.key).collect();
        let count = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), count);
        let mut ports: Vec<_> = catalogue().ports.iter().map(|p| p.port).collect();
        let count = ports.len();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), count);
    }

    #[test]
    fn every_row_can_be_recognised() {
        for row in &catalogue().frameworks {
            assert!(!row.recognise.is_empty(), "{}", row.key);
            for how in &row.recognise {
                assert!(how != &Recognise::default(), "{}", row.key);
            }
        }
    }

    fn name(comm: &str, argv: &[&str]) -> Option<&'static str> {
        let argv: Vec<_> = argv.iter().map(|&w| w.to_owned()).collect();
        catalogue()
            .recognise(comm, &argv)
            .map(|row| row.server.as_str())
    }

    #[test]
    fn servers_are_known_by_what_they_leave_in_the_process_table() {
        assert_eq!(
            name("next-server (v1", &["next-server (v16.4.6)"]),
            Some("next dev")
        );
        assert_eq!(
            name("node", &["node", "/app/node_modules/.bin/vite"]),
            Some("vite")
        );
        assert_eq!(
            name("python3", &["/usr/bin/python3", "manage.py", "runserver"]),
            Some("manage.py runserver")
        );
        assert_eq!(
            name("python3", &["python3", "-m", "http.server", "9000"]),
            Some("python -m http.server")
        );
        assert_eq!(
            name("docker-proxy", &["/usr/sbin/docker-proxy", "-proto", "tcp"]),
            Some("docker-proxy")
        );
        assert_eq!(name("node", &["node", "app.js"]), None);
    }
}
