//! What listens inside a container, from the kernel's own table.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::facts::Listener;

/// The state `LISTEN` in `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// The listeners in the text of `/proc/net/tcp`, `/proc/net/tcp6`, or both one after
/// the other; nothing if the text is no such table.
pub(super) fn parse(text: &str) -> Option<Vec<Listener>> {
    if !text.contains("local_address") {
        return None;
    }
    let mut found: Vec<Listener> = text.lines().filter_map(line).collect();
    found.sort_by_key(|listener| (listener.at.port(), listener.at.ip()));
    Some(found)
}

/// `sl local_address rem_address st tx_queue:rx_queue tr:when retrnsmt uid timeout inode …`
fn line(text: &str) -> Option<Listener> {
    let mut words = text.split_ascii_whitespace();
    words.next()?.strip_suffix(':')?;
    let local = words.next()?;
    let _remote = words.next()?;
    if words.next()? != LISTEN {
        return None;
    }
    let uid = words.nth(3).and_then(|uid| uid.parse().ok());
    let inode = words.nth(1).and_then(|inode| inode.parse().ok());
    let (ip, port) = local.split_once(':')?;
    let at = SocketAddr::new(address(ip)?, u16::from_str_radix(port, 16).ok()?);
    Some(Listener {
        uid,
        inode: inode.unwrap_or(0),
        ..Listener::at(at)
    })
}

/// An address as the kernel prints it: words of 32 bits in hexadecimal, each in the
/// byte order of the machine.
fn address(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let digits = hex.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    match hex.len() {
        8 => Some(IpAddr::V4(Ipv4Addr::from(word(0)?))),
        32 => {
            let mut bytes = [0; 16];
            for at in 0..4 {
                bytes[at * 4..at * 4 + 4].copy_from_slice(&word(at)?);
            }
            Some(IpAddr::V6(Ipv6Addr::from(bytes)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 41 1 0 100 0
   1: 0B00007F:A4D5 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 42 1 0 100 0
   2: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 43 1 0 100 0
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 44 1 0 100 0
   1: 0000000000000000FFFF00000100007F:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 45 1 0 100 0
cat: can't open '/proc/net/x': No such file or directory
";

    #[test]
    fn only_listeners_of_both_tables_are_read() {
        let found = parse(TABLES).unwrap();
        let at: Vec<_> = found.iter().map(|l| l.at.to_string()).collect();
        assert_eq!(
            at,
            [
                "[::]:80",
                "127.0.0.1:8080",
                "[::ffff:127.0.0.1]:8081",
                "127.0.0.11:42197"
            ]
        );
        assert_eq!((found[1].uid, found[1].inode), (Some(1000), 41));
    }

    #[test]
    fn what_is_no_table_is_not_an_empty_one() {
        assert_eq!(
            parse("OCI runtime exec failed: exec: \"cat\": not found"),
            None
        );
        assert_eq!(parse(""), None);
        assert_eq!(parse("  sl  local_address rem_address st\n"), Some(vec![]));
    }

    #[test]
    fn broken_rows_are_passed_over() {
        for row in [
            "é: é:é é 0A",
            "0: 0100007F 0 0A 0",
            "0: G100007F:1F90 0 0A 0:0",
            "0:",
        ] {
            assert_eq!(line(row), None, "{row}");
        }
    }
}
