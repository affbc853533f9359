//! This machine, and where we stand on it.

mod hosts_file;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
mod os;
mod proxies;
mod watch;

use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

pub use watch::Watch;

use crate::facts::{Address, Gap, Host, HostsEntry, Known, User, Vantage, clean};

/// Files of this machine are read only so far: none of them is that long in earnest.
const MOST_BYTES: u64 = 1024 * 1024;

/// What can be said of the machine without waiting for anybody: vantage, user,
/// addresses, hosts file, proxy variables, signs of a firewall.
#[must_use]
pub fn look() -> Host {
    let addresses = addresses();
    let proxies = proxies::of(|name| std::env::var(name).ok());
    Host {
        os: std::env::consts::OS.to_owned(),
        vantage: vantage(),
        user: user(),
        cwd: std::env::current_dir()
            .ok()
            .map(|folder| clean(&folder.to_string_lossy())),
        ipv6: os::ipv6(&addresses),
        addresses,
        hosts_file: hosts_file(),
        proxies: proxies.variables,
        bad_proxies: proxies.bad,
        no_proxy: proxies.no_proxy,
        firewall: Known::default(),
        firewall_signs: os::firewall_signs(),
        reached_at: std::env::var("SSH_CONNECTION")
            .ok()
            .and_then(|value| server_side(&value)),
        wsl: Known::default(),
        sockets_by: None,
    }
}

/// The server's side of `SSH_CONNECTION`: the client's address and port, then its own.
fn server_side(value: &str) -> Option<SocketAddr> {
    let mut words = value.split(' ').skip(2);
    let ip = words.next()?.parse().ok()?;
    Some(SocketAddr::new(ip, words.next()?.parse().ok()?))
}

/// The innermost place comes first: a development container on a remote machine
/// is a development container.
fn vantage() -> Vantage {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if set("REMOTE_CONTAINERS") || set("CODESPACES") {
        return Vantage::Devcontainer;
    }
    if let Some(vantage) = os::vantage() {
        return vantage;
    }
    if set("SSH_CONNECTION") {
        return Vantage::Ssh;
    }
    Vantage::Machine
}

/// The number of the user devdoctor runs as.
#[cfg(unix)]
#[must_use]
pub fn uid() -> u32 {
    // What may be seen hangs on the effective user.
    uzers::get_effective_uid()
}

/// The number of the user devdoctor runs as.
#[cfg(not(unix))]
#[must_use]
pub fn uid() -> u32 {
    // There are no numbers here; 0 would claim to be root.
    u32::MAX
}

fn user() -> User {
    let uid = uid();
    let name = match cfg!(unix) {
        true => super::processes::user_name(uid),
        false => std::env::var("USERNAME").ok(),
    };
    User {
        uid,
        name: clean(&name.unwrap_or_default()),
    }
}

fn addresses() -> Known<Arc<[Address]>> {
    let interfaces = if_addrs::get_if_addrs();
    Known::from(interfaces).map(|list| {
        list.into_iter()
            .map(|interface| Address {
                ip: interface.ip(),
                prefix: match &interface.addr {
                    if_addrs::IfAddr::V4(v4) => v4.prefixlen,
                    if_addrs::IfAddr::V6(v6) => v6.prefixlen,
                },
                up: interface.is_oper_up(),
                interface: clean(&interface.name),
            })
            .collect()
    })
}

fn hosts_file() -> Known<Arc<[HostsEntry]>> {
    read_file(&hosts_file::place())
        .map(|text| hosts_file::parse(&text).into())
        .into()
}

/// A small text file. Only a regular file is opened: reading a pipe or a device
/// would wait for somebody.
pub(super) fn read_file(path: &Path) -> Result<String, Gap> {
    let look = || {
        if !std::fs::metadata(path)?.is_file() {
            return Err(std::io::Error::other(format!(
                "{} is not a regular file",
                clean(&path.to_string_lossy())
            )));
        }
        let mut bytes = Vec::new();
        std::fs::File::open(path)?
            .take(MOST_BYTES)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match look() {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => Err(Gap::of(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_seen() {
        let host = look();
        assert_eq!(host.os, std::env::consts::OS);
        let own = host.addresses.items();
        assert!(own.iter().any(|address| address.ip.is_loopback()));
        assert!(host.cwd.is_some());
    }

    #[test]
    fn an_ssh_session_says_where_it_came_in() {
        let side = server_side("192.168.1.7 53211 192.168.1.20 22");
        assert_eq!(side, "192.168.1.20:22".parse().ok());
        let side = server_side("fd00::1 53211 fd00::2 2222");
        assert_eq!(side, "[fd00::2]:2222".parse().ok());
        assert_eq!(server_side("UNKNOWN 65535 UNKNOWN 65535"), None);
        assert_eq!(server_side(""), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_never_read() {
        let gap = read_file(Path::new("/dev/zero")).unwrap_err();
        assert!(matches!(gap, Gap::Failed(why) if why.contains("not a regular file")));
        assert!(read_file(Path::new("/no/such/file")).is_err());
    }
}
