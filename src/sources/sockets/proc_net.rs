//! The socket tables below `/proc/net`, as text.
//!
//! The second choice: the kernel walks every connection to print them. Listeners
//! are printed first, so reading stops at the first line that is none.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use crate::facts::{Gap, Known, Listener, Proto, clean};

const LISTEN: &str = "0A";
const CLOSE: &str = "07";

/// The waiting sockets in the tables of this folder (`/proc/net`, `/proc/PID/net`).
pub(super) fn read(folder: &Path, proto: Proto, port: Option<u16>) -> io::Result<Vec<Listener>> {
    let (four, six) = match proto {
        Proto::Tcp => ("tcp", "tcp6"),
        Proto::Udp => ("udp", "udp6"),
    };
    let mut listeners = Vec::new();
    table(&folder.join(four), proto, port, &mut listeners)?;
    match table(&folder.join(six), proto, port, &mut listeners) {
        // A kernel without IPv6 has no such table.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => other?,
    }
    Ok(listeners)
}

fn table(
    path: &Path,
    proto: Proto,
    port: Option<u16>,
    listeners: &mut Vec<Listener>,
) -> io::Result<()> {
    let mut lines = BufReader::with_capacity(32 * 1024, File::open(path)?);
    let mut line = String::new();
    lines.read_line(&mut line)?;
    loop {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        match row(&line, proto) {
            Some(Row::Waiting(listener)) => {
                if port.is_none_or(|port| port == listener.at.port()) {
                    listeners.push(listener);
                }
            }
            Some(Row::Other) if proto == Proto::Tcp => return Ok(()),
            Some(Row::Other) => {}
            None => {
                let problem = format!("{} has a line of another form", path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
            }
        }
    }
}

#[derive(Debug, PartialEq)]
enum Row {
    Waiting(Listener),
    Other,
}

/// `0: 0100007F:1F90 00000000:0000 0A 00000000:00000001 00:00000000 00000000 1000 0 12345 …`
fn row(line: &str, proto: Proto) -> Option<Row> {
    let mut words = line.split_ascii_whitespace().skip(1);
    let at = address(words.next()?)?;
    let waiting = match proto {
        Proto::Tcp => LISTEN,
        Proto::Udp => CLOSE,
    };
    if words.nth(1)? != waiting {
        return Some(Row::Other);
    }
    // The accept queue's length is there, its limit is not: no queue without both.
    let uid = words.nth(3)?.parse().ok()?;
    let inode = words.nth(1)?.parse().ok()?;
    let unseen = |there: bool| match there {
        true => Known::Unseen(Gap::Unsupported),
        false => Known::Unseen(Gap::NotAsked),
    };
    Some(Row::Waiting(Listener {
        proto,
        uid: Some(uid),
        inode,
        v6only: unseen(at.is_ipv6()),
        queue: match proto {
            Proto::Tcp => Known::Unseen(Gap::Unsupported),
            Proto::Udp => Known::default(),
        },
        ..Listener::at(at)
    }))
}

/// A TCP connection: from where, to where, and the number of its socket.
#[derive(Debug, PartialEq)]
pub(in crate::sources) struct Connection {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub inode: u64,
}

/// The connection that a line tells of, if it is one that stands or is being made.
pub(in crate::sources) fn connection(line: &str) -> Option<Connection> {
    let mut words = line.split_ascii_whitespace().skip(1);
    let from = address(words.next()?)?;
    let to = address(words.next()?)?;
    // Established, and asked for.
    if !matches!(words.next()?, "01" | "02") {
        return None;
    }
    let inode = words.nth(5)?.parse().ok()?;
    Some(Connection { from, to, inode })
}

/// `0100007F:1F90`: words of four bytes as the machine reads them, then the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| {
        let digits = address.get(at..at + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    let address = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            let mut bytes = [0; 16];
            for (place, byte) in bytes.iter_mut().zip(words.as_flattened()) {
                *place = *byte;
            }
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some(SocketAddr::new(address, port))
}

/// The paths of the listening sockets in the text of `/proc/net/unix`.
pub(super) fn unix_listeners(text: &[u8]) -> Vec<String> {
    const ACCEPTS: u32 = 0x0001_0000;
    let path = |line: &[u8]| {
        let line = String::from_utf8_lossy(line);
        // `0000000000000000: 00000002 00000000 00010000 0001 01 12345 /path with spaces`
        let mut fields = line.trim_start().splitn(7, ' ');
        let flags = u32::from_str_radix(fields.nth(3)?, 16).ok()?;
        let rest = fields.nth(2)?.trim_start();
        let (_inode, path) = rest.split_once(' ')?;
        (flags & ACCEPTS != 0 && !path.is_empty()).then(|| clean(path))
    };
    let mut paths: Vec<String> = text
        .split(|&byte| byte == b'\n')
        .skip(1)
        .filter_map(path)
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(line: &str) -> Listener {
        match row(line, Proto::Tcp) {
            Some(Row::Waiting(listener)) => listener,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn rows_are_read() {
        let four = waiting(
            "   1: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000        0 4242 1 0000000000000000 100 0 0 10 0",
        );
        assert_eq!(four.at, "127.0.0.1:8080".parse().unwrap());
        assert_eq!((four.uid, four.inode), (Some(1000), 4242));
        assert_eq!(four.v6only, Known::default());
        let six = waiting(
            "   0: 00000000000000000000000001000000:0BB8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1 0000000000000000 100 0 0 10 0",
        );
        assert_eq!(six.at, "[::1]:3000".parse().unwrap());
        assert_eq!(six.v6only, Known::Unseen(Gap::Unsupported));
    }

    #[test]
    fn what_is_no_listener_and_what_is_no_row_are_told_apart() {
        let established =
            "  2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000 1000 0 1 1";
        assert_eq!(row(established, Proto::Tcp), Some(Row::Other));
        for garbage in [
            "",
            "0:",
            "0: 0100007F",
            "0: xx:yy a 0A b c d e f g",
            "0: é0007F:1F90 x 0A",
        ] {
            assert_eq!(row(garbage, Proto::Tcp), None, "{garbage:?}");
        }
    }

    #[test]
    fn unix_sockets_are_those_that_accept() {
        let text = b"Num       RefCount Protocol Flags    Type St Inode Path\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 12345 /run/a b.sock\n\
            0000000000000000: 00000002 00000000 00010000 0005 01   345 @abstract\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 12346 /run/connected.sock\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 12347\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 12348 /run/\xff\x1b.sock\n\
            garbage";
        assert_eq!(
            unix_listeners(text),
            ["/run/a b.sock", "/run/\u{fffd}\u{fffd}.sock", "@abstract"]
        );
    }
}
