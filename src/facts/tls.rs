//! What a TLS handshake told of the server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Known;

/// What a TLS handshake told.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// The certificate with which the server shows who it is.
    pub certificate: Known<Certificate>,
    /// The words with which the server ended the handshake: `certificate required`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// Whether the server takes no older HTTP than HTTP/2 here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub only_http2: bool,
}

/// A server's certificate, without the person who made it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Certificate {
    /// Whom it is about, in a few words.
    pub subject: String,
    /// Who signed it, in a few words.
    pub issuer: String,
    /// Whether it signed itself: no authority stands behind it.
    pub self_signed: bool,
    /// The names and addresses that it is for; some of many.
    pub names: Vec<String>,
    /// Whether it is for the host that was asked.
    pub for_host: Known<bool>,
    /// From when it is valid: `2026-11-20 10:00 UTC`.
    pub not_before: String,
    /// Until when it is valid.
    pub not_after: String,
    /// In how many seconds it becomes valid; negative where it has.
    pub begins_in_s: i64,
    /// In how many seconds it ends to be valid; negative where it has.
    pub ends_in_s: i64,
    /// How many certificates the server sent, its own among them.
    pub sent: u32,
    /// Whether the trust store of this machine leads to it, at a time when it is valid.
    pub trusted: Known<bool>,
    /// The trust store that was asked.
    pub store: String,
    /// How many authorities that store has.
    pub authorities: u32,
    /// Whether it was made by `dotnet dev-certs`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dotnet: bool,
    /// The file with the root of this user's mkcert, where that was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mkcert_root: Option<String>,
    /// Whether that root signed it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_mkcert_root: bool,
}

impl Certificate {
    /// Whether its time is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.ends_in_s < 0
    }

    /// Whether its time is still to come.
    #[must_use]
    pub fn is_early(&self) -> bool {
        self.begins_in_s > 0
    }
}
