//! A virtual machine that this system runs in, or that its engine runs in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the Linux of Windows that we are in is connected to it: what `.wslconfig` says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Wsl {
    /// Its way to the network.
    pub networking: WslNetworking,
    /// Whether Windows reaches servers in here at its own `localhost`.
    pub localhost_forwarding: bool,
    /// The file that says so, if there is one: `/mnt/c/Users/me/.wslconfig`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line that switches the forwarding off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// That line as it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
}

/// How a Linux of Windows has its network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WslNetworking {
    /// Behind Windows, with an address of its own.
    #[default]
    Nat,
    /// With the addresses of Windows: `localhost` is the same on both sides.
    Mirrored,
    /// Behind Windows, by a proxy of the virtual machine.
    Virtioproxy,
    /// None at all.
    None,
}
