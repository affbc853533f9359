//! Engines and containers on Linux.

use std::net::Ipv4Addr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::facts::{Gap, Listener};
use crate::sources::owners;

/// What makes two paths one socket.
pub(super) type Identity = (u64, u64);

/// The identity of an existing file.
pub(super) fn identity(path: &Path) -> std::io::Result<Identity> {
    let meta = std::fs::metadata(path)?;
    Ok((meta.dev(), meta.ino()))
}

/// The folder of this user's own sockets, where no variable says it.
pub(super) fn runtime_dir() -> Option<PathBuf> {
    let uid = rustix::process::getuid().as_raw();
    Some(PathBuf::from(format!("/run/user/{uid}")))
}

/// Endpoints that exist without a file that could be looked for.
pub(super) const ALWAYS: &[&str] = &[];

/// Whether the process with this pid, as *we* count, is in this container.
///
/// An engine in a virtual machine, or on another one, counts its own pids: the
/// same number here is somebody else.
pub(super) fn is_in_container(pid: u32, id: &str) -> bool {
    !id.is_empty()
        && std::fs::read_to_string(format!("/proc/{pid}/cgroup"))
            .is_ok_and(|cgroups| cgroups.contains(id))
}

/// The socket tables of the network namespace that this process lives in.
pub(super) fn socket_tables(pid: u32) -> Result<String, Gap> {
    let read = |table: &str| std::fs::read_to_string(format!("/proc/{pid}/net/{table}"));
    let mut text = read("tcp").map_err(|error| Gap::of(&error))?;
    // Without IPv6 there is no such file, and nobody can listen there.
    text.push_str(&read("tcp6").unwrap_or_default());
    Ok(text)
}

/// The router to which everything goes that is for no network of ours.
pub(super) fn router() -> Option<Ipv4Addr> {
    routes(&std::fs::read_to_string("/proc/net/route").ok()?)
}

/// `Iface Destination Gateway …`, addresses as the machine has them in memory.
fn routes(table: &str) -> Option<Ipv4Addr> {
    table.lines().skip(1).find_map(|line| {
        let mut words = line.split_ascii_whitespace().skip(1);
        let (to, through) = (words.next()?, words.next()?);
        let ip = Ipv4Addr::from(u32::from_str_radix(through, 16).ok()?.to_ne_bytes());
        (to == "00000000" && !ip.is_unspecified()).then_some(ip)
    })
}

/// How long the owners of sockets are searched for among a container's processes.
const SEARCH: Duration = Duration::from_millis(100);

/// Of these listeners of the machine, those that processes of this container hold.
pub(super) fn own_listeners(mut all: Vec<Listener>, id: &str) -> Result<Vec<Listener>, Gap> {
    let entries = std::fs::read_dir("/proc").map_err(|error| Gap::of(&error))?;
    let pids: Vec<u32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| is_in_container(*pid, id))
        .collect();
    owners::os::find_among(&mut all, &pids, Instant::now() + SEARCH);
    all.retain(|listener| listener.owner().is_some());
    // Of another user's processes only root sees what they hold.
    if all.is_empty() && !rustix::process::geteuid().is_root() {
        return Err(Gap::Forbidden);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_router_is_that_of_the_default_route() {
        let number = |ip: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(ip));
        let table = format!(
            "Iface\tDestination\tGateway\tFlags\n\
             eth0\t{}\t00000000\t0001\neth0\t00000000\t{}\t0003\n",
            number([172, 17, 0, 0]),
            number([172, 17, 0, 1]),
        );
        assert_eq!(routes(&table), Some(Ipv4Addr::new(172, 17, 0, 1)));
        assert_eq!(routes("Iface\n"), None);
        assert_eq!(routes(""), None);
    }
}
