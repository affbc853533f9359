//! What connecting gave.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Known, Protocol, Tls};

/// One attempt to connect to one address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The address that was dialled.
    pub to: SocketAddr,
    /// What came of it.
    pub outcome: Outcome,
    /// The system's error number, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<i32>,
    /// How long it took until the outcome was known, in microseconds.
    #[serde(default)]
    pub took_us: u64,
    /// What the other end said, where that was asked for.
    #[serde(default)]
    pub greeting: Known<Greeting>,
}

/// What came of an attempt to connect, and of asking for a first byte where that was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The connection was made and, where bytes were asked for, bytes came.
    Answered,
    /// The connection was made; no byte was asked for.
    Connected,
    /// The connection was refused (`ECONNREFUSED`).
    Refused,
    /// The connection was made, then reset before a byte came.
    Reset,
    /// The connection was made, then closed before a byte came.
    Closed,
    /// The connection was made, and no byte came in time.
    Silent,
    /// No answer to the attempt itself.
    TimedOut,
    /// No way there (`EHOSTUNREACH`, `ENETUNREACH`, `EADDRNOTAVAIL`, `EINVAL`).
    Unreachable,
    /// The system forbids the attempt (`EACCES`, `EPERM`).
    Denied,
    /// The attempt failed in another way; the error number says which.
    Failed,
}

impl Probe {
    /// A probe of which only the outcome is known.
    #[must_use]
    pub fn bare(to: SocketAddr, outcome: Outcome) -> Self {
        Probe {
            to,
            outcome,
            errno: None,
            took_us: 0,
            greeting: Known::default(),
        }
    }
}

impl Outcome {
    /// Whether the kernel completed the handshake: somebody, or something, holds the port.
    #[must_use]
    pub fn connected(self) -> bool {
        matches!(
            self,
            Outcome::Answered
                | Outcome::Connected
                | Outcome::Reset
                | Outcome::Closed
                | Outcome::Silent
        )
    }

    /// Whether a client would be content.
    #[must_use]
    pub fn well(self) -> bool {
        matches!(self, Outcome::Answered | Outcome::Connected)
    }

    /// The word used in JSON and on the terminal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::Connected => "connected",
            Outcome::Refused => "refused",
            Outcome::Reset => "reset",
            Outcome::Closed => "closed",
            Outcome::Silent => "silent",
            Outcome::TimedOut => "timed-out",
            Outcome::Unreachable => "unreachable",
            Outcome::Denied => "denied",
            Outcome::Failed => "failed",
        }
    }
}

/// What the other end said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Greeting {
    /// The protocol that was asked for: the one the target's scheme names.
    pub asked: Protocol,
    /// The protocol that was spoken, as far as the first bytes tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spoken: Option<Protocol>,
    /// The server's own words: a banner, a status line. Control characters are removed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The HTTP response's head, where one came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<Http>,
    /// The words with which the server refuses to serve, in its own protocol:
    /// `57P03 the database system is starting up`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// The addresses to which the server sends its clients on: Kafka's advertised listeners.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sends_to: Vec<String>,
    /// What the TLS handshake told, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
}

/// The head of an HTTP response, and a little of its body.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// The status code.
    pub status: u16,
    /// The `Server` header.
    pub server: Option<String>,
    /// The `Location` header.
    pub location: Option<String>,
    /// Whether it came with a cookie; not which.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sets_cookie: bool,
    /// The `Via` header, or another that a proxy leaves.
    pub via: Option<String>,
    /// The code by which the public end of a tunnel says what has failed: `ERR_NGROK_8012`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tunnel_error: Option<String>,
    /// The first characters of the body; used to recognise a page, never shown whole.
    pub body_start: String,
}
