//! Connections of processes on Linux: their descriptors beside the tables of `/proc`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::facts::{Gap, Known};
use crate::sources::processes::os::proc::sockets as held_by;
use crate::sources::sockets::os::proc_net::connection;

/// A process with more descriptors than this is read so far.
const MOST_DESCRIPTORS: usize = 4096;
/// A table with more lines than this is read so far.
const MOST_LINES: usize = 100_000;

pub(super) fn peers(pids: &[u32], own_ports: &[u16]) -> Known<Vec<SocketAddr>> {
    let mut found = Vec::new();
    for &pid in pids {
        let held = match held_by(pid, MOST_DESCRIPTORS) {
            Ok(held) => held,
            Err(error) => return Known::Unseen(Gap::of(&error)),
        };
        // Its own namespace may be another one than ours.
        let folder = PathBuf::from(format!("/proc/{pid}/net"));
        for table in ["tcp", "tcp6"] {
            if let Err(error) = read(&folder.join(table), &held, own_ports, &mut found)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                return Known::Unseen(Gap::of(&error));
            }
        }
    }
    Known::Seen(found)
}

fn read(
    table: &Path,
    held: &[u64],
    own_ports: &[u16],
    found: &mut Vec<SocketAddr>,
) -> std::io::Result<()> {
    let lines = BufReader::with_capacity(32 * 1024, File::open(table)?).lines();
    for line in lines.skip(1).take(MOST_LINES) {
        let line = line?;
        let Some(one) = connection(&line) else {
            continue;
        };
        // Whoever came in by its own port is a client of it.
        if held.contains(&one.inode) && !own_ports.contains(&one.from.port()) {
            found.push(one.to);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_connection_is_found_at_the_side_that_made_it() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = server.local_addr().unwrap();
        let _client = TcpStream::connect(at).unwrap();
        let _taken = server.accept().unwrap();
        let own = std::process::id();
        let seen = peers(&[own], &[at.port()]);
        assert!(seen.seen().unwrap().contains(&at), "{seen:?}");
        let Known::Seen(all) = peers(&[own], &[]) else {
            panic!("our own connections can be seen");
        };
        assert!(all.len() > seen.seen().unwrap().len(), "{all:?}");
    }

    #[test]
    fn a_process_that_is_not_there_is_not_one_without_connections() {
        assert!(peers(&[u32::MAX], &[]).gap().is_some());
    }
}
