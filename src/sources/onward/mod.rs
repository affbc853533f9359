//! Where those who stand on the way pass connections on to: what their command lines
//! say, what the files of a reverse proxy say, and what their processes connect to.

mod argv;
mod config;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
mod os;
/// The code for other systems runs on this one too, so here it is tested.
#[cfg(test)]
#[path = "os.rs"]
mod portable;

use std::net::SocketAddr;

use crate::facts::Known;

pub use argv::{Passage, local, may_be_named, of_command};
pub use config::config_of;

/// The connections that these processes have made to others, without those that others
/// have made to a port of theirs.
#[must_use]
pub fn peers(pids: &[u32], own_ports: &[u16]) -> Known<Vec<SocketAddr>> {
    let mut found = match os::peers(pids, own_ports) {
        Known::Seen(found) => found,
        Known::Unseen(gap) => return Known::Unseen(gap),
    };
    found.sort_unstable();
    found.dedup();
    found.truncate(MOST_PEERS);
    Known::Seen(found)
}

/// More connections of one process than this tell nothing more.
const MOST_PEERS: usize = 16;

#[cfg(test)]
mod tests {
    use super::portable;
    use crate::facts::{Gap, Known};

    #[test]
    fn a_system_without_a_way_to_look_says_so() {
        assert_eq!(portable::peers(&[1], &[]), Known::Unseen(Gap::Unsupported));
    }
}
