//! Proxies that programs are told of by their own settings, and not by the environment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A proxy that a file, or the desktop, sets for some programs. The user and the
/// password of its URL are never kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProxySetting {
    /// Who obeys it.
    pub by: ProxyUser,
    /// Where it is set: a file, `gsettings`, a variable.
    pub place: String,
    /// The line, from 1; 0 where there is none.
    pub line: u32,
    /// The setting: `http.proxy`, `httpsProxy`.
    pub key: String,
    /// The proxy's scheme; empty where a script chooses the proxy.
    pub scheme: String,
    /// The proxy's host; empty where a script chooses the proxy.
    pub host: String,
    /// The proxy's port.
    pub port: u16,
    /// Hosts that are excepted, as they are written.
    pub except: Vec<String>,
    /// Whether a script (PAC) chooses the proxy. It is not run.
    pub script: bool,
    /// Whether the proxy itself could be reached, where that was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reachable: Option<bool>,
}

/// Who obeys a setting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyUser {
    /// The desktop's browsers and programs, by GNOME's settings.
    #[default]
    Gnome,
    /// The desktop's browsers and programs, by KDE's settings.
    Kde,
    /// git.
    Git,
    /// npm, and what reads its file.
    Npm,
    /// pip.
    Pip,
    /// Containers that Docker's client starts: it gives them the variables.
    Docker,
    /// Programs in Java.
    Java,
}

impl ProxyUser {
    /// Who it is, in a few words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            ProxyUser::Gnome => "the desktop (GNOME)",
            ProxyUser::Kde => "the desktop (KDE)",
            ProxyUser::Git => "git",
            ProxyUser::Npm => "npm",
            ProxyUser::Pip => "pip",
            ProxyUser::Docker => "every container that docker starts",
            ProxyUser::Java => "Java",
        }
    }
}
