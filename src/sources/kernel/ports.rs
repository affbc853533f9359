//! The source ports of this machine, counted in the kernel's table of sockets.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use crate::facts::{Gap, PortHolder, SourcePorts, clean};
use crate::sources::processes::os::proc::pids;

/// How many processes are named.
const MOST_HOLDERS: usize = 3;

const TIME_WAIT: u8 = 6;
const CLOSE_WAIT: u8 = 8;
const LISTEN: u8 = 10;

pub(in super::super) fn source_ports(
    to: SocketAddr,
    deadline: Duration,
) -> Result<SourcePorts, Gap> {
    let until = Instant::now() + deadline;
    let read = |name: &str| {
        let file = format!("/proc/sys/net/ipv4/{name}");
        fs::read_to_string(file).map_err(|error| Gap::of(&error))
    };
    let (low, high) = range(&read("ip_local_port_range")?)
        .ok_or_else(|| Gap::Failed("ip_local_port_range is no range".to_owned()))?;
    let reserved = set(&read("ip_local_reserved_ports")?);
    let within = |port: u16| (low..=high).contains(&port) && !reserved.contains(&port);
    let mut ports = SourcePorts {
        to: Some(to),
        low,
        high,
        reserved: u32::try_from(reserved.iter().filter(|p| (low..=high).contains(p)).count())
            .unwrap_or(u32::MAX),
        ..SourcePorts::default()
    };
    let mut taken: HashSet<u16> = HashSet::new();
    let mut inodes: HashSet<u64> = HashSet::new();
    for table in ["tcp", "tcp6"] {
        let Ok(file) = fs::File::open(format!("/proc/net/{table}")) else {
            continue;
        };
        for line in BufReader::new(file).lines().skip(1) {
            let line = line.map_err(|error| Gap::of(&error))?;
            if Instant::now() > until {
                return Err(Gap::TooSlow);
            }
            let Some(row) = Row::of(&line) else {
                continue;
            };
            let ours = row.to == to && row.state != LISTEN;
            if !within(row.port) || !(ours || row.state == LISTEN) || !taken.insert(row.port) {
                continue;
            }
            match row.state {
                TIME_WAIT => ports.waiting += 1,
                CLOSE_WAIT => ports.unclosed += 1,
                _ => {}
            }
            if ours && row.inode != 0 {
                inodes.insert(row.inode);
            }
        }
    }
    ports.taken = u32::try_from(taken.len()).unwrap_or(u32::MAX);
    ports.holders = holders(&inodes, until);
    Ok(ports)
}

/// The processes that hold most of these sockets, as far as they may be seen.
fn holders(inodes: &HashSet<u64>, until: Instant) -> Vec<PortHolder> {
    let mut counts: HashMap<u32, u32> = HashMap::new();
    for pid in pids().into_iter().flatten() {
        let Ok(fds) = fs::read_dir(format!("/proc/{pid}/fd")) else {
            continue;
        };
        for fd in fds.flatten() {
            let inode = fs::read_link(fd.path()).ok().and_then(|link| {
                let link = link.to_str()?;
                let inode = link.strip_prefix("socket:[")?.strip_suffix(']')?;
                inode.parse().ok()
            });
            if inode.is_some_and(|inode: u64| inodes.contains(&inode)) {
                *counts.entry(pid).or_default() += 1;
            }
        }
        if Instant::now() > until {
            break;
        }
    }
    let mut holders: Vec<PortHolder> = counts
        .into_iter()
        .map(|(pid, count)| {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            PortHolder {
                pid,
                name: clean(name.trim()),
                count,
            }
        })
        .collect();
    holders.sort_by_key(|holder| (std::cmp::Reverse(holder.count), holder.pid));
    holders.truncate(MOST_HOLDERS);
    holders
}

/// One line of `/proc/net/tcp`, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    port: u16,
    to: SocketAddr,
    state: u8,
    inode: u64,
}

impl Row {
    fn of(line: &str) -> Option<Row> {
        let mut words = line.split_ascii_whitespace().skip(1);
        let (_, port) = words.next()?.split_once(':')?;
        let (ip, to) = words.next()?.split_once(':')?;
        Some(Row {
            port: u16::from_str_radix(port, 16).ok()?,
            to: SocketAddr::new(address(ip)?, u16::from_str_radix(to, 16).ok()?),
            state: u8::from_str_radix(words.next()?, 16).ok()?,
            inode: words.nth(5)?.parse().ok()?,
        })
    }
}

/// `0100007F` is 127.0.0.1: words of four bytes, each in the machine's order.
fn address(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let word = u32::from_str_radix(hex.get(at..at + 8)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    if hex.len() == 8 {
        return Some(IpAddr::from(word(0)?));
    }
    let mut bytes = [0; 16];
    for (at, part) in bytes.chunks_exact_mut(4).enumerate() {
        part.copy_from_slice(&word(at * 8)?);
    }
    Some(IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical())
}

/// `32768 60999`, with a tab between them.
fn range(text: &str) -> Option<(u16, u16)> {
    let mut words = text.split_ascii_whitespace().map(str::parse);
    match (words.next(), words.next()) {
        (Some(Ok(low)), Some(Ok(high))) if low <= high => Some((low, high)),
        _ => None,
    }
}

/// `8080,9148-9150`.
fn set(text: &str) -> HashSet<u16> {
    let mut ports = HashSet::new();
    for item in text.trim().split(',') {
        let (low, high) = item.split_once('-').unwrap_or((item, item));
        if let (Ok(low), Ok(high)) = (low.parse::<u16>(), high.parse::<u16>()) {
            ports.extend(low..=high);
        }
    }
    ports
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_table_is_read() {
        let line = "   1: 0100007F:EE48 0100007F:0BB8 06 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 20 4 30 10 -1";
        assert_eq!(
            Row::of(line),
            Some(Row {
                port: 61000,
                to: "127.0.0.1:3000".parse().unwrap(),
                state: TIME_WAIT,
                inode: 4711,
            })
        );
        let mapped = "0000000000000000FFFF00000100007F";
        assert_eq!(address(mapped), "127.0.0.1".parse().ok());
        for line in [
            "",
            "x",
            "1: 0:",
            "1: 00:00 é:0 0",
            "1: 0100007F:EE48 é100007F:0BB8 06",
        ] {
            assert_eq!(Row::of(line), None, "{line}");
        }
    }

    #[test]
    fn ranges_and_sets_are_read() {
        assert_eq!(range("32768\t60999\n"), Some((32768, 60999)));
        assert_eq!(range("5 4"), None);
        assert_eq!(range(""), None);
        assert_eq!(set("8080,9148-9150\n").len(), 4);
        assert!(set("\n").is_empty());
    }

    #[test]
    fn this_machine_has_ports_left() {
        let to = "127.0.0.1:9".parse().unwrap();
        let ports = source_ports(to, Duration::from_secs(10)).unwrap();
        assert!(ports.taken < ports.size());
    }
}
