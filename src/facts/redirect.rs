//! Where a page sends its client, step by step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Known, Probe};

/// One step: an answer that sends the client elsewhere. Addresses are kept without what
/// stands behind `?`, which may be private.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Redirect {
    /// The address that was asked.
    pub from: String,
    /// The status of its answer.
    pub status: u16,
    /// Where it leads.
    pub to: String,
    /// Whether that was asked before: the way is a circle.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// Whether the answer came with a cookie, which a browser would have brought along.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cookie: bool,
    /// What asking there gave. Not asked where that would leave this machine without the
    /// user's word; empty where the name has no address.
    pub met: Known<Vec<Probe>>,
}
