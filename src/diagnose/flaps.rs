//! A listener that went, or came, between two looks.

use crate::facts::{Departed, Listener, ProcId, ProcState, Process};

/// The owner of a port that was there at the first look only, and its ancestors.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Flap {
    owner: ProcId,
    departed: Departed,
    above: Vec<ProcId>,
}

/// Whether other sockets listen on the port than before.
pub(super) fn changed(port: u16, old: &[Listener], fresh: &[Listener]) -> bool {
    let of = |list: &[Listener]| {
        let mut sockets: Vec<_> = list
            .iter()
            .filter(|listener| listener.at.port() == port)
            .map(|listener| (listener.at, listener.inode))
            .collect();
        sockets.sort_unstable();
        sockets
    };
    of(old) != of(fresh)
}

impl Flap {
    /// The process that had the port before, if it was seen.
    pub(super) fn of(port: u16, old: &[Listener], processes: &[Process]) -> Option<Flap> {
        let owner = old
            .iter()
            .filter(|listener| listener.at.port() == port)
            .find_map(Listener::owner)?;
        let process = processes.iter().find(|process| process.id == owner)?;
        let mut above: Vec<ProcId> = Vec::new();
        let mut next = process.parent;
        while let Some(parent) = processes.iter().find(|one| one.id.pid == next)
            && !above.contains(&parent.id)
        {
            above.push(parent.id);
            next = parent.parent;
        }
        let departed = Departed {
            port: Some(port),
            name: process.name.clone(),
            ended: "ended while we looked".to_owned(),
            ago_s: None,
            watcher: None,
            restarts: 0,
            seen_in: format!("two looks at the port, the first with pid {}", owner.pid),
            ..Departed::default()
        };
        Some(Flap {
            owner,
            departed,
            above,
        })
    }

    /// Whether the process has ended, `now` being how it is seen.
    ///
    /// One that closes its socket and lives may be restarting within itself.
    pub(super) fn has_ended(&self, now: impl Fn(ProcId) -> Vec<Process>) -> bool {
        let lives = |one: &Process| one.id == self.owner && one.state != ProcState::Zombie;
        !now(self.owner).iter().any(lives)
    }

    /// Adds it to those who were seen to end.
    ///
    /// Where it ran under one whose server comes and goes, this was one of the times,
    /// and the port is the one.
    pub(super) fn join(self, list: &mut Vec<Departed>) {
        let same = list.iter_mut().find(|other| {
            let under = |id| self.above.contains(&id);
            other.restarts > 0 && other.watcher.is_some_and(under)
        });
        match same {
            Some(other) => {
                other.port = self.departed.port;
                other.restarts = other.restarts.saturating_add(1);
            }
            None => list.insert(0, self.departed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Known;

    fn id(pid: u32) -> ProcId {
        ProcId { pid, started: 1 }
    }

    fn listener(inode: u64, pid: u32) -> Listener {
        let listener = r#"{ "at": "127.0.0.1:3000" }"#;
        Listener {
            inode,
            owners: Known::Seen(vec![id(pid)]),
            ..serde_json::from_str(listener).unwrap()
        }
    }

    fn process(pid: u32, parent: u32) -> Process {
        let process = format!(
            r#"{{ "id": {{ "pid": {pid}, "started": 1 }}, "parent": {parent}, "name": "p{pid}" }}"#
        );
        serde_json::from_str(&process).unwrap()
    }

    fn looping(watcher: u32) -> Departed {
        Departed {
            port: None,
            name: "node server.js".to_owned(),
            ended: "ended".to_owned(),
            ago_s: None,
            watcher: Some(id(watcher)),
            restarts: 1,
            seen_in: "its children".to_owned(),
            ..Departed::default()
        }
    }

    #[test]
    fn another_socket_is_a_change_and_another_port_is_not() {
        let old = [listener(7, 1)];
        assert!(changed(3000, &old, &[]));
        assert!(changed(3000, &[], &old));
        assert!(changed(3000, &old, &[listener(8, 1)]));
        assert!(!changed(3000, &old, &old));
        assert!(!changed(3001, &old, &[]));
    }

    #[test]
    fn only_an_owner_that_has_ended_is_told() {
        let old = [listener(7, 5)];
        // A circle of parents must end too.
        let processes = [process(5, 4), process(4, 3), process(3, 4)];
        assert_eq!(Flap::of(3001, &old, &processes), None);
        assert_eq!(Flap::of(3000, &old, &[]), None);
        let flap = Flap::of(3000, &old, &processes).unwrap();
        assert_eq!(flap.departed.name, "p5");
        assert_eq!(flap.above, [id(4), id(3)]);
        assert!(!flap.has_ended(|_| processes.to_vec()));
        assert!(flap.has_ended(|_| processes[1..].to_vec()));
    }

    #[test]
    fn it_counts_where_its_supervisor_was_seen_to_restart_it() {
        let processes = [process(5, 4), process(4, 1)];
        let flap = Flap::of(3000, &[listener(7, 5)], &processes).unwrap();
        let mut list = vec![looping(4)];
        flap.clone().join(&mut list);
        assert_eq!(
            (list.len(), list[0].port, list[0].restarts),
            (1, Some(3000), 2)
        );
        let mut list = vec![looping(9)];
        flap.join(&mut list);
        assert_eq!((list.len(), list[0].restarts), (2, 0));
    }
}
