//! How names are found on Linux.

use std::path::Path;

use super::config::{self, ResolvConf};
use super::interface_number;
use crate::facts::{Gap, Known, NameCache, NameServer, Names};
use crate::sources::host::read_file;

/// What the C library reads.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// Where systemd-resolved writes whom it asks.
const UPSTREAMS: &str = "/run/systemd/resolve/resolv.conf";

/// The addresses at which systemd-resolved answers the programs of this machine.
const STUBS: &[&str] = &["127.0.0.53", "127.0.0.54"];

/// Traces that a cache of names leaves while it runs.
const CACHES: &[(NameCache, &str)] = &[
    (NameCache::Nscd, "/run/nscd/socket"),
    (NameCache::Nscd, "/var/run/nscd/socket"),
    (NameCache::Dnsmasq, "/run/dnsmasq/dnsmasq.pid"),
    (NameCache::Dnsmasq, "/run/NetworkManager/dnsmasq.pid"),
];

/// How names are found, before any name server is asked.
pub(super) fn look(_name: &str) -> Names {
    let order = match read_file(Path::new("/etc/nsswitch.conf")) {
        Ok(text) => config::order(&text).map_or_else(
            || Known::Unseen(Gap::Failed("nsswitch.conf has no hosts line".to_owned())),
            Known::Seen,
        ),
        Err(gap) => Known::Unseen(gap),
    };
    let (servers, search) = match read(RESOLV_CONF) {
        Ok(read) => {
            let mut servers = read.servers;
            if servers.iter().any(is_stub) {
                servers.extend(upstreams());
            }
            (Known::Seen(servers), read.search)
        }
        Err(gap) => (Known::Unseen(gap), Vec::new()),
    };
    let asks_resolved = order.seen().is_some_and(|order| order.has("resolve"))
        || servers.seen().is_some_and(|list| list.iter().any(is_stub));
    let mut caches: Vec<NameCache> = asks_resolved
        .then_some(NameCache::SystemdResolved)
        .into_iter()
        .collect();
    for (cache, trace) in CACHES {
        if !caches.contains(cache) && Path::new(trace).exists() {
            caches.push(*cache);
        }
    }
    Names {
        order,
        servers,
        search,
        caches,
        hosts_marked: read_file(Path::new("/etc/hosts"))
            .is_ok_and(|text| text.starts_with('\u{feff}')),
    }
}

fn read(file: &str) -> Result<ResolvConf, Gap> {
    let text = read_file(Path::new(file))?;
    Ok(config::resolv_conf(&text, file, interface_number))
}

fn is_stub(server: &NameServer) -> bool {
    STUBS.contains(&server.at.ip().to_string().as_str())
}

/// The name servers that systemd-resolved asks.
fn upstreams() -> Vec<NameServer> {
    let servers = read(UPSTREAMS).map(|read| read.servers).unwrap_or_default();
    servers
        .into_iter()
        .filter(|server| !is_stub(server))
        .map(|server| NameServer {
            upstream: true,
            ..server
        })
        .collect()
}
