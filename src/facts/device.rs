//! Devices that are attached to this machine, and have a `localhost` of their own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Known;

/// An Android device or emulator, as the debug bridge on this machine tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Device {
    /// The name by which the bridge knows it: `emulator-5554`.
    pub serial: String,
    /// `device` where it is ready; `offline`, `unauthorized`.
    pub state: String,
    /// The ports of its `localhost` that lead to this machine.
    pub reversed: Known<Vec<u16>>,
    /// Those of them that lead to a port of another number here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub renumbered: Vec<Renumbered>,
}

/// A port of a device that leads to another port of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Renumbered {
    /// The device's.
    pub there: u16,
    /// This machine's.
    pub here: u16,
}
