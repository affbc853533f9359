//! What names resolve to, by the resolver that the user's programs use, and what stands
//! behind that resolver.

// The words of every system's files and tools are read on every system, where they are
// tested.
#[cfg_attr(not(any(test, target_os = "linux")), allow(dead_code))]
mod config;
#[cfg_attr(not(any(test, windows)), allow(dead_code))]
mod ipconfig;
#[cfg_attr(not(any(test, windows)), allow(dead_code))]
mod nrpt;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod os;
/// The code for other systems runs on this one too, so here it is tested.
#[cfg(all(test, target_os = "linux"))]
#[path = "macos.rs"]
mod portable_macos;
#[cfg(all(test, target_os = "linux"))]
#[path = "windows.rs"]
mod portable_windows;
#[cfg_attr(not(any(test, target_os = "macos")), allow(dead_code))]
mod scutil;
mod servers;

use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType};

use crate::facts::{Gap, Known, Names, Resolution, ResolveError, clean};
use crate::sources::Pending;

/// Resolves a name with `getaddrinfo`, within the deadline.
///
/// That is the C library's own way: hosts file, mDNS, `nss-myhostname` and name
/// servers in the order in which this system asks them.
#[must_use]
pub fn resolve(name: &str, deadline: Duration) -> Resolution {
    let asked = ascii(name);
    let began = Instant::now();
    let answer = Pending::begin("resolver", move || ask(&asked)).wait(deadline);
    let took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let (addresses, error) = match answer {
        Known::Seen(Ok(addresses)) => (Known::Seen(addresses), None),
        // That there is no such name is an answer; that nobody could say is none.
        Known::Seen(Err(ResolveError::NotFound)) => {
            (Known::Seen(Vec::new()), Some(ResolveError::NotFound))
        }
        Known::Seen(Err(error)) => {
            let why = match &error {
                ResolveError::Other(words) => words.clone(),
                _ => "the name servers gave no answer".to_owned(),
            };
            (Known::Unseen(Gap::Failed(why)), Some(error))
        }
        Known::Unseen(gap) => (Known::Unseen(gap), None),
    };
    Resolution {
        addresses,
        error,
        took_us,
        ..Resolution::unseen(name, Gap::NotAsked)
    }
}

/// How this name is found here: some systems ask other servers for other domains. No name
/// server is asked.
#[must_use]
pub fn look(name: &str) -> Names {
    os::look(name)
}

/// Asks each of the name servers for this name, by itself. The resolver of the system
/// would ask them for it, too.
#[must_use]
pub fn ask_servers(name: &str, mut names: Names, budget: Duration) -> Names {
    names.servers = names
        .servers
        .map(|servers| servers::ask(name, servers, budget));
    names
}

/// The names of a system that tells no more than its name servers.
#[cfg(any(test, not(target_os = "linux")))]
fn told(read: Result<config::ResolvConf, Gap>) -> Names {
    let (servers, search) = match read {
        Ok(read) => (Known::Seen(read.servers), read.search),
        Err(gap) => (Known::Unseen(gap), Vec::new()),
    };
    Names {
        order: Known::Unseen(Gap::Unsupported),
        servers,
        search,
        ..Names::default()
    }
}

/// The number of an interface.
pub(super) fn interface_number(name: &str) -> Option<u32> {
    let all = if_addrs::get_if_addrs().ok()?;
    let mut numbers = all.into_iter().filter(|one| one.name == name);
    // Windows numbers them where others name them.
    let number = numbers.find_map(|one| one.index);
    number.or_else(|| name.parse().ok())
}

fn ask(name: &str) -> Result<Vec<IpAddr>, ResolveError> {
    let hints = AddrInfoHints {
        socktype: SockType::Stream.into(),
        ..AddrInfoHints::default()
    };
    let list =
        dns_lookup::getaddrinfo(Some(name), None, Some(hints)).map_err(|error| {
            match error.kind() {
                LookupErrorKind::NoName | LookupErrorKind::NoData => ResolveError::NotFound,
                LookupErrorKind::Again => ResolveError::TryAgain,
                _ => ResolveError::Other(clean(&io::Error::from(error).to_string())),
            }
        })?;
    let mut addresses: Vec<IpAddr> = Vec::new();
    for entry in list.flatten() {
        let ip = entry.sockaddr.ip();
        if !addresses.contains(&ip) {
            addresses.push(ip);
        }
    }
    if addresses.is_empty() {
        return Err(ResolveError::NotFound);
    }
    Ok(addresses)
}

/// The name as it goes over the wire: `bücher.test` is `xn--bcher-kva.test` there.
fn ascii(name: &str) -> String {
    if name.is_ascii() {
        return name.to_owned();
    }
    match url::Host::parse(name) {
        Ok(url::Host::Domain(domain)) => domain,
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_resolves_to_loopback_without_repeats() {
        let resolution = resolve("localhost", Duration::from_secs(5));
        let addresses = resolution.addresses.seen().unwrap();
        assert!(addresses.iter().all(IpAddr::is_loopback));
        let mut unique = addresses.clone();
        unique.dedup();
        assert_eq!(&unique, addresses);
        assert_eq!(resolution.error, None);
    }

    #[test]
    fn a_deadline_of_nothing_is_kept() {
        let resolution = resolve("localhost", Duration::ZERO);
        assert_eq!(resolution.name, "localhost");
        if let Known::Unseen(gap) = resolution.addresses {
            assert_eq!(gap, Gap::TooSlow);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_tool_that_is_not_there_is_a_gap_and_no_empty_list() {
        for found in [
            portable_macos::look("shop.com"),
            portable_windows::look("shop.com"),
        ] {
            let gap = found.servers.gap();
            assert!(matches!(gap, Some(Gap::Failed(_))), "{gap:?}");
        }
    }

    #[test]
    fn other_alphabets_are_asked_for_in_ascii() {
        assert_eq!(ascii("bücher.test"), "xn--bcher-kva.test");
        assert_eq!(ascii("db_1"), "db_1");
    }
}
