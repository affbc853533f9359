//! What the user asks about.

mod parse;

use std::net::{IpAddr, Ipv6Addr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use parse::TargetError;

use super::{Protocol, catalogue};

/// What the user asks about: `3000`, `localhost:3000`, `https://app.test/path`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// The words the user used, without the password of a URL.
    pub input: String,
    /// The scheme, if the user gave one.
    pub scheme: Option<Scheme>,
    /// The host: a name, or an address without brackets. `localhost` if the user gave none.
    pub host: String,
    /// The port: the one given, or the scheme's own.
    pub port: u16,
    /// The path with its query, if the user gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// A URL scheme that devdoctor knows how to greet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// WebSocket.
    Ws,
    /// WebSocket over TLS.
    Wss,
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
    /// Redis.
    Redis,
    /// MongoDB.
    Mongodb,
    /// AMQP 0.9.1.
    Amqp,
}

/// Every spelling of a scheme, and what it stands for.
const SCHEMES: &[(&str, Scheme)] = &[
    ("http", Scheme::Http),
    ("https", Scheme::Https),
    ("ws", Scheme::Ws),
    ("wss", Scheme::Wss),
    ("postgres", Scheme::Postgres),
    ("postgresql", Scheme::Postgres),
    ("mysql", Scheme::Mysql),
    ("mariadb", Scheme::Mysql),
    ("redis", Scheme::Redis),
    ("mongodb", Scheme::Mongodb),
    ("amqp", Scheme::Amqp),
];

impl Scheme {
    /// The port that is meant when none is given.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http | Scheme::Ws => 80,
            Scheme::Https | Scheme::Wss => 443,
            Scheme::Postgres => 5432,
            Scheme::Mysql => 3306,
            Scheme::Redis => 6379,
            Scheme::Mongodb => 27017,
            Scheme::Amqp => 5672,
        }
    }

    /// The protocol that a client of this scheme speaks first.
    #[must_use]
    pub fn protocol(self) -> Protocol {
        match self {
            Scheme::Http | Scheme::Ws => Protocol::Http,
            Scheme::Https | Scheme::Wss => Protocol::Tls,
            Scheme::Postgres => Protocol::Postgres,
            Scheme::Mysql => Protocol::Mysql,
            Scheme::Redis => Protocol::Redis,
            Scheme::Mongodb => Protocol::Mongodb,
            Scheme::Amqp => Protocol::Amqp,
        }
    }

    /// Whether a browser, or what behaves like one, is the client.
    #[must_use]
    pub fn is_web(self) -> bool {
        matches!(
            self,
            Scheme::Http | Scheme::Https | Scheme::Ws | Scheme::Wss
        )
    }

    /// The scheme as it is written in a URL.
    #[must_use]
    pub fn word(self) -> &'static str {
        SCHEMES
            .iter()
            .find(|(_, scheme)| *scheme == self)
            .map_or("", |(word, _)| word)
    }
}

impl Target {
    /// The host as an address, if the user gave one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether the host is `localhost` or a name below it.
    #[must_use]
    pub fn is_localhost_name(&self) -> bool {
        let host = self.host.trim_end_matches('.');
        host.eq_ignore_ascii_case("localhost")
            || host
                .rsplit_once('.')
                .is_some_and(|(_, last)| last.eq_ignore_ascii_case("localhost"))
    }

    /// The protocol to greet with: the scheme's, or else the one that the catalogue
    /// has for this port. Nothing means: connect, send nothing.
    #[must_use]
    pub fn protocol(&self) -> Option<Protocol> {
        match self.scheme {
            Some(scheme) => Some(scheme.protocol()),
            None => catalogue().greeting_for(self.port),
        }
    }

    /// `host:port`, with the brackets that an IPv6 address needs.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.host.parse::<Ipv6Addr>() {
            Ok(_) => format!("[{}]:{}", self.host, self.port),
            Err(_) => format!("{}:{}", self.host, self.port),
        }
    }

    /// The same target as a URL, at another host and port.
    #[must_use]
    pub fn url_of(&self, host: &str, port: u16) -> String {
        let there = Target {
            host: host.to_owned(),
            ..self.clone()
        };
        there.url(Some(port))
    }

    /// The same target as a URL that can be opened, on another port where one is given.
    #[must_use]
    pub fn url(&self, port: Option<u16>) -> String {
        let scheme = self.scheme.map_or("http", Scheme::word);
        let port = port.unwrap_or(self.port);
        let path = self.path.as_deref().unwrap_or("");
        let there = Target {
            port,
            ..self.clone()
        };
        format!("{scheme}://{}{path}", there.authority())
    }
}

#[cfg(test)]
mod tests;
