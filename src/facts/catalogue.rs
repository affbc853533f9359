//! The catalogue of frameworks and well-known ports: data, not code.
//!
//! It is `config/frameworks.toml` and `config/ports.toml`, embedded. Reading all
//! of it would cost more than all else that `devdoctor ports 3000` does, so a row
//! is parsed when it is first wanted: the compiler cuts the texts into rows, and a row
//! that does not hold the word that is looked for cannot be the one.

mod framework;
mod recognise;
mod rows;

use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use framework::{Flags, Framework, Keys, Recognised, Taken, WellKnownPort};
use recognise::Command;
pub use recognise::Recognise;
use rows::Rows;

/// A protocol that devdoctor recognises by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// MQTT.
    Mqtt,
    /// Kafka's own protocol.
    Kafka,
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
            Protocol::Mqtt => "MQTT",
            Protocol::Kafka => "Kafka's protocol",
            Protocol::Ssh => "SSH",
            Protocol::Smtp => "SMTP",
            Protocol::Ftp => "FTP",
            Protocol::Other => "another protocol",
        }
    }
}

/// The frameworks and the ports that devdoctor knows.
#[derive(Debug)]
pub struct Catalogue {
    frameworks: Rows<Framework, { rows::count(FRAMEWORKS, FRAMEWORK) }>,
    ports: Rows<WellKnownPort, { rows::count(PORTS, PORT) }>,
}

/// The frameworks, and how a row of them begins.
const FRAMEWORKS: &str = include_str!("../../config/frameworks.toml");
const FRAMEWORK: &str = "[[framework]]";

/// The same of the ports.
const PORTS: &str = include_str!("../../config/ports.toml");
const PORT: &str = "[[port]]";

/// The catalogue.
#[must_use]
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: Catalogue = Catalogue {
        frameworks: Rows::new(FRAMEWORKS, FRAMEWORK),
        ports: Rows::new(PORTS, PORT),
    };
    &CATALOGUE
}

/// The rows of the user's own file.
static OWN: OnceLock<Vec<Framework>> = OnceLock::new();

/// Adds the frameworks of the user's own file, in the shape of
/// `config/frameworks.toml`. They are tried before those that devdoctor brings, and a
/// row with the key of one of these takes its place. A second call adds nothing.
///
/// # Errors
///
/// What is wrong with the text, and where.
pub fn add_frameworks(text: &str) -> Result<(), toml::de::Error> {
    let own = own_rows(text)?;
    // Whoever was first has added them.
    let _ = OWN.set(own);
    Ok(())
}

/// The user's own frameworks.
fn own() -> &'static [Framework] {
    OWN.get().map_or(&[], Vec::as_slice)
}

fn own_rows(text: &str) -> Result<Vec<Framework>, toml::de::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        framework: Vec<Framework>,
    }
    toml::from_str(text).map(|file: File| file.framework)
}

impl Catalogue {
    /// Every framework, in the order in which they are tried.
    pub fn frameworks(&self) -> impl Iterator<Item = &Framework> {
        own().iter().chain(self.frameworks.all())
    }

    /// The frameworks whose servers leave files by which they say that they run.
    pub fn with_pid_files(&self) -> impl Iterator<Item = &Framework> {
        let brought = self
            .frameworks
            .whose_text(|text| text.contains("\npid_files"));
        let rows = own().iter().chain(brought);
        rows.filter(|row| !row.pid_files.is_empty())
    }

    /// Every well-known port.
    pub fn ports(&self) -> impl Iterator<Item = &WellKnownPort> {
        self.ports.all()
    }

    /// The row with this key.
    #[must_use]
    pub fn framework(&self, key: &str) -> Option<&Framework> {
        let quoted = format!("\"{key}\"");
        let brought = self.frameworks.whose_text(|text| text.contains(&quoted));
        let mut rows = own().iter().chain(brought);
        rows.find(|row| row.key == key)
    }

    /// What usually runs on this port.
    #[must_use]
    pub fn port(&self, port: u16) -> Option<&WellKnownPort> {
        let number = port.to_string();
        self.ports
            .whose_text(|text| text.contains(&number))
            .find(|row| row.port == port)
    }

    /// The protocol to greet a port with when the user gave no scheme.
    ///
    /// A port that is not listed gets an HTTP request only if a web framework
    /// takes it by default; any other port is connected to and sent nothing.
    #[must_use]
    pub fn greeting_for(&self, port: u16) -> Option<Protocol> {
        let line = format!("port = {port}\n");
        match self.port(port) {
            Some(row) => row.greet,
            None => own()
                .iter()
                .chain(self.frameworks.whose_text(|text| text.contains(&line)))
                .any(|row| row.dev_server && row.port == Some(port))
                .then_some(Protocol::Http),
        }
    }

    /// The framework that this process runs, if it is a known one.
    #[must_use]
    pub fn recognise(&self, comm: &str, argv: &[String]) -> Option<&Framework> {
        self.recognised(comm, argv).map(|found| found.framework)
    }

    /// The framework that this process runs, or that this command would, and where in
    /// the command line its program stands.
    #[must_use]
    pub fn recognised(&self, comm: &str, argv: &[String]) -> Option<Recognised<'_>> {
        let command = Command::new(comm, argv);
        // A row recognises by the short name or by the program's file name (a test
        // holds it to that), so one of the two stands in the list of its ways. The
        // quotation mark is left open where the kernel may have cut the name.
        let quoted: Vec<_> = command
            .names()
            .map(|name| match name.len() {
                15 => format!("\"{name}"),
                _ => format!("\"{name}\""),
            })
            .collect();
        let may_be = |ways: &str| quoted.iter().any(|name| ways.contains(name));
        let brought = self.frameworks.whose_head(may_be);
        own().iter().chain(brought).find_map(|framework| {
            let at = framework
                .recognise
                .iter()
                .find_map(|how| how.at(&command))?;
            Some(Recognised {
                framework,
                program: at.program,
                arguments: at.arguments,
            })
        })
    }
}

#[cfg(test)]
mod tests;
