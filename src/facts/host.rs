//! This machine: where we stand, its addresses, names, proxies and firewall.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Gap, Known, ProxySetting, Wsl};

/// What is known of the machine and of our own place on it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Host {
    /// The operating system: `linux`, `macos`, `windows`.
    pub os: String,
    /// Where devdoctor itself stands.
    pub vantage: Vantage,
    /// Who devdoctor runs as.
    pub user: User,
    /// The folder devdoctor was started in.
    pub cwd: Option<String>,
    /// The machine's own addresses.
    pub addresses: Known<Arc<[Address]>>,
    /// Whether IPv6 works on this machine: `::1` is there and not switched off.
    pub ipv6: Known<bool>,
    /// The hosts file, a line an entry.
    pub hosts_file: Known<Arc<[HostsEntry]>>,
    /// Proxy variables of our own environment.
    pub proxies: Vec<ProxyVariable>,
    /// Proxy variables whose value is no address of a proxy, by name only.
    pub bad_proxies: Vec<String>,
    /// `NO_PROXY`/`no_proxy`, as it is set.
    pub no_proxy: Option<String>,
    /// `NO_PROXY` in capitals, where `no_proxy` is set too and says something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_proxy_capital: Option<String>,
    /// Whether `NODE_USE_ENV_PROXY` has Node.js obey these variables.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub node_obeys: bool,
    /// Proxies by the settings of tools and of the desktop; looked at only where the
    /// question is about the web.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub proxy_settings: Known<Vec<ProxySetting>>,
    /// The firewall's rules that concern the asked port.
    pub firewall: Known<Firewall>,
    /// Signs of a firewall that anybody may read: `ufw is enabled in /etc/ufw/ufw.conf`.
    pub firewall_signs: Vec<String>,
    /// Where the session from another machine came in: the address and port of this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reached_at: Option<SocketAddr>,
    /// How the Linux of Windows that we are in is connected to it; looked at only there.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub wsl: Known<Wsl>,
    /// How the sockets were read: `sock_diag`, `/proc/net` or `netstat2`, and why not the first.
    pub sockets_by: Option<String>,
}

/// Where devdoctor itself stands. What it sees of `localhost` is seen from there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Vantage {
    /// On the machine itself.
    #[default]
    Machine,
    /// Inside a container.
    Container,
    /// Inside an editor's development container.
    Devcontainer,
    /// Inside a Linux of Windows (WSL).
    Wsl,
    /// In a session from another machine.
    Ssh,
    /// In a network namespace of its own.
    Namespace,
}

impl Vantage {
    /// A few words for the report, or nothing where the user's browser stands in the same place.
    #[must_use]
    pub fn words(&self) -> Option<&'static str> {
        match self {
            Vantage::Machine => None,
            Vantage::Container => Some("inside a container"),
            Vantage::Devcontainer => Some("inside a development container"),
            Vantage::Wsl => Some("inside WSL"),
            Vantage::Ssh => Some("on this machine, which you reach over SSH"),
            Vantage::Namespace => Some("inside a network namespace of its own"),
        }
    }
}

/// The user devdoctor runs as.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct User {
    /// The user id.
    pub uid: u32,
    /// The name.
    pub name: String,
}

impl User {
    /// Whether this user may look at everybody's processes.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.uid == 0
    }
}

/// One address of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// The length of its network prefix, in bits.
    #[serde(default)]
    pub prefix: u8,
    /// The interface that has it.
    pub interface: String,
    /// Whether that interface is up.
    #[serde(default = "yes")]
    pub up: bool,
}

fn yes() -> bool {
    true
}

impl Address {
    /// Whether another address is in this address's own network, reached without a router.
    #[must_use]
    pub fn is_neighbour(&self, ip: IpAddr) -> bool {
        self.up && self.prefix > 0 && same_network(self.ip, ip, self.prefix)
    }
}

/// Whether two addresses have the first `prefix` bits in common.
#[must_use]
pub fn same_network(one: IpAddr, other: IpAddr, prefix: u8) -> bool {
    let differ = match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => u128::from(one.to_bits() ^ other.to_bits()) << 96,
        (IpAddr::V6(one), IpAddr::V6(other)) => one.to_bits() ^ other.to_bits(),
        _ => return false,
    };
    differ.leading_zeros() >= u32::from(prefix)
}

/// One line of the hosts file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostsEntry {
    /// The line's number, from 1.
    pub line: u32,
    /// The address.
    pub ip: IpAddr,
    /// The names it is given to.
    pub names: Vec<String>,
}

/// A proxy variable of the environment. The password of its URL is never kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProxyVariable {
    /// The variable, as it is spelt: `http_proxy`, `HTTPS_PROXY`.
    pub name: String,
    /// The proxy's scheme: `http`, `socks5`.
    pub scheme: String,
    /// The proxy's host.
    pub host: String,
    /// The proxy's port.
    pub port: u16,
    /// Whether the proxy itself could be reached: its probe's outcome as a word, or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reachable: Option<bool>,
}

/// The firewall rules that name the asked port, and how much of the whole was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Firewall {
    /// The rules that may take a packet to the asked port, in the order they are met.
    pub rules: Vec<FirewallRule>,
    /// What was read: `nft`, `iptables`.
    pub read_by: String,
}

impl Firewall {
    /// The rules that have surely stopped the packet they were read for: their counter
    /// moved with it, or they take every such packet, and none lets it pass before.
    pub fn stoppers(&self) -> impl Iterator<Item = &FirewallRule> {
        self.rules.iter().enumerate().filter_map(|(at, rule)| {
            let stops = matches!(
                rule.verdict,
                FirewallVerdict::Drop | FirewallVerdict::Reject
            );
            let surely = match rule.counted {
                Some(counted) => counted > 0 && (rule.names_port || !rule.conditional),
                None => !rule.conditional && !self.may_pass_before(at),
            };
            (stops && surely).then_some(rule)
        })
    }

    /// Whether a rule before this one, in the same table, may let the packet pass.
    #[must_use]
    pub fn may_pass_before(&self, at: usize) -> bool {
        let Some((rule, earlier)) = self.rules.get(..=at).and_then(<[_]>::split_last) else {
            return false;
        };
        earlier.iter().any(|earlier| {
            earlier.verdict == FirewallVerdict::Accept && earlier.table == rule.table
        })
    }
}

/// One rule of a firewall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FirewallRule {
    /// The table: `inet filter`.
    pub table: String,
    /// The chain: `input`.
    pub chain: String,
    /// The rule's handle in its table, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<u64>,
    /// The rule as the firewall's own tool writes it.
    pub text: String,
    /// What it does with the packet.
    pub verdict: FirewallVerdict,
    /// How many packets its counter gained while we probed; nothing if it has no counter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<u64>,
    /// Whether the rule names the port (and not every port).
    #[serde(default = "yes")]
    pub names_port: bool,
    /// Whether it asks something of the packet that cannot be told from here: its sender,
    /// a mark.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conditional: bool,
    /// The program that wrote it and would write it again: `ufw`, `firewalld`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<String>,
}

/// What a firewall rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FirewallVerdict {
    /// Lets the packet pass.
    Accept,
    /// Answers that the connection is refused.
    Reject,
    /// Says nothing.
    Drop,
    /// Sends the packet elsewhere.
    Redirect,
}

/// What a name resolves to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolution {
    /// The name that was asked.
    pub name: String,
    /// The addresses, in the resolver's order.
    pub addresses: Known<Vec<IpAddr>>,
    /// The resolver's error, as it says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ResolveError>,
    /// What the name servers say without the hosts file, where that was asked.
    #[serde(default)]
    pub dns: Known<Vec<IpAddr>>,
    /// How long it took, in microseconds.
    #[serde(default)]
    pub took_us: u64,
}

/// How resolving a name failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ResolveError {
    /// There is no such name (`EAI_NONAME`).
    NotFound,
    /// The resolver could not say (`EAI_AGAIN`).
    TryAgain,
    /// Something else, in the resolver's words.
    Other(String),
}

impl Resolution {
    /// The gap that a resolver which did not answer leaves.
    #[must_use]
    pub fn unseen(name: &str, gap: Gap) -> Self {
        Resolution {
            name: name.to_owned(),
            addresses: Known::Unseen(gap),
            error: None,
            dns: Known::default(),
            took_us: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::same_network;

    #[test]
    fn networks_are_compared_bit_by_bit() {
        let same = |one: &str, other: &str, prefix| {
            same_network(one.parse().unwrap(), other.parse().unwrap(), prefix)
        };
        assert!(same("192.168.1.5", "192.168.1.200", 24));
        assert!(!same("192.168.1.5", "192.168.2.5", 24));
        assert!(same("10.1.2.3", "10.1.2.3", 32));
        assert!(!same("10.1.2.3", "10.1.2.2", 32));
        assert!(same("fd00::1", "fd00::ffff:1", 64));
        assert!(!same("::1", "127.0.0.1", 0));
    }
}
