//! Which process holds a socket.

use crate::facts::Listener;

#[cfg_attr(target_os = "linux", path = "linux.rs")]
pub(super) mod os;
/// The code for other systems runs on this one too, so here it is tested.
#[cfg(test)]
#[path = "os.rs"]
mod portable;

/// Fills in the owners of these listeners, in one pass over the processes.
///
/// The first owner is the one a person would name: the topmost of a family of
/// processes that share the socket. Owners that are known already stay. Where
/// they remain unseen, the cgroup of the socket is filled in if there is one.
pub fn find(listeners: &mut [Listener]) {
    os::find(listeners);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Gap, Known, ProcId};

    #[test]
    fn elsewhere_a_pid_gets_its_start_time() {
        let pid = std::process::id();
        let owner = |pid| Known::Seen(vec![ProcId { pid, started: 0 }]);
        let at = Listener::at("127.0.0.1:1".parse().unwrap());
        let mut listeners = [
            Listener {
                owners: owner(pid),
                ..at.clone()
            },
            Listener {
                owners: Known::Unseen(Gap::Forbidden),
                ..at.clone()
            },
            Listener {
                owners: owner(u32::MAX),
                ..at
            },
        ];
        portable::find(&mut listeners);
        assert!(listeners[0].owner().unwrap().started > 1_000_000_000);
        assert_eq!(listeners[1].owners, Known::Unseen(Gap::Forbidden));
        assert_eq!(listeners[2].owner().unwrap().started, 0);
    }
}
