//! What keeps a server, or a client, from the network by the administrator's own word:
//! the settings of its unit, and the policy of the kernel's security module.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Known, Manager};

/// Settings of a unit of systemd that take the network away from what runs in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitLimits {
    /// The unit: `shop.service`, or a slice around it.
    pub unit: String,
    /// Whose unit it is.
    pub manager: Manager,
    /// Who runs in it.
    pub whose: Whose,
    /// The settings that are in force, in the order in which they are read. Those of a
    /// list add up.
    pub settings: Vec<UnitSetting>,
}

/// Who runs in a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Whose {
    /// The server on the asked port.
    Server,
    /// devdoctor, and so the client.
    Client,
    /// The server that should be on the asked port, and is not.
    Missing,
}

/// One setting of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitSetting {
    /// Its name: `IPAddressDeny`.
    pub key: String,
    /// Its value, as it is written.
    pub value: String,
    /// The file; nothing where systemd itself told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in it, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// The security module of the kernel, and what it has forbidden.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Whether SELinux is in force, and does not only watch.
    pub selinux: bool,
    /// Whether AppArmor is in use.
    pub apparmor: bool,
    /// The context or profile of whoever answers on the asked port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether SELinux lets web servers connect to any port (`httpd_can_network_connect`);
    /// nothing where there is no such switch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_may_connect: Option<bool>,
    /// What was forbidden, by the kernel's own records, the newest last.
    pub denials: Known<Vec<Denial>>,
}

/// One thing that was forbidden, or would have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Denial {
    /// Who forbade it.
    pub by: Module,
    /// What: `name_bind`, `name_connect` of SELinux; `bind`, `create`, `connect` of AppArmor.
    pub operation: String,
    /// Who wanted it.
    pub pid: u32,
    /// The kernel's name for that one.
    pub comm: String,
    /// The profile, or the type of the context, under which it runs: `httpd_t`.
    pub profile: String,
    /// The port, where the record names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The type that the port has for SELinux: `unreserved_port_t`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port_type: Option<String>,
    /// Seconds since then, where that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ago_s: Option<u64>,
    /// The record.
    pub text: String,
}

/// A security module of Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Module {
    /// SELinux.
    Selinux,
    /// AppArmor.
    Apparmor,
}

impl Module {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Module::Selinux => "SELinux",
            Module::Apparmor => "AppArmor",
        }
    }
}

impl UnitLimits {
    /// The values of a setting.
    pub fn of<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a UnitSetting> {
        self.settings.iter().filter(move |one| one.key == key)
    }
}
