//! What has to do with the port besides its listeners: looked at where nobody listens, or
//! somebody does and is silent.

use std::time::Instant;

use super::ahead::TOOL;
use super::looks::count;
use super::why::Doctor;
use crate::facts::{Connection, Known, Outcome, ProcId, Process, is_below};
use crate::rules::{Case, is_debuggers, is_managers};
use crate::sources::{binding, pid_files, processes, sockets};

impl Doctor<'_> {
    /// What has to do with the port besides its listeners.
    pub(super) fn look_at_port(&mut self) {
        let case = Case::new(self.target, &self.facts);
        let nobody = case.nobody_listens();
        let silent = case
            .probes()
            .any(|probe| matches!(probe.outcome, Outcome::Silent | Outcome::TimedOut));
        let managers = case.listeners().any(|one| is_managers(&case, one));
        // A manager is asked beside everything else.
        if (nobody || managers) && self.ahead.units.is_none() {
            self.begin_units();
        }
        if nobody {
            self.look_at_connections();
            let budget = self.budget(|_| TOOL);
            self.facts.binding = self.looks.at(
                "binding",
                || binding::look(budget),
                |seen| count(seen, |limits| limits.reserved.len(), "reserved range"),
            );
            self.look_at_pid_files();
        } else if silent {
            self.look_at_debuggers();
        }
        if let Some(asked) = self.ahead.units.take() {
            let saw = |seen: &_| count(seen, Vec::len, "unit");
            self.facts.units = asked.end(&mut self.looks, saw).map(Into::into);
        }
    }

    /// Sockets on the port that do not listen, and who holds them.
    fn look_at_connections(&mut self) {
        let Some(begun) = self.ahead.connections.take() else {
            return self.look_at_sockets(&[self.target.port]);
        };
        let saw = |seen: &_| count(seen, Vec::len, "socket");
        let found = begun.end(&mut self.looks, saw);
        self.add_connections(found);
    }

    /// The same of these ports.
    fn look_at_sockets(&mut self, ports: &[u16]) {
        let mut found = Known::Seen(Vec::new());
        let began = Instant::now();
        for port in ports {
            match (sockets::connections(*port), &mut found) {
                (Known::Seen(list), Known::Seen(all)) => all.extend(list),
                (Known::Unseen(gap), _) => found = Known::Unseen(gap),
                _ => {}
            }
        }
        let saw = count(&found, Vec::len, "socket");
        self.looks.note("connections", saw, began);
        self.add_connections(found);
    }

    fn add_connections(&mut self, found: Known<Vec<Connection>>) {
        let holders = found.seen().into_iter().flatten();
        let ids: Vec<ProcId> = holders
            .filter_map(|one| one.owners.seen())
            .flatten()
            .copied()
            .collect();
        self.facts.connections = found.map(Into::into);
        self.add_processes(processes::look(&ids));
    }

    /// Who traces the owners, and who is connected to the ports of their debuggers.
    fn look_at_debuggers(&mut self) {
        let tracers: Vec<ProcId> = self
            .holders()
            .iter()
            .filter_map(|process| process.tracer)
            .map(|pid| ProcId { pid, started: 0 })
            .collect();
        self.add_processes(processes::look(&tracers));
        let listeners = self.facts.listeners.items().iter();
        let mut ports: Vec<u16> = listeners
            .filter(|one| is_debuggers(one) && one.at.port() != self.target.port)
            .map(|one| one.at.port())
            .collect();
        ports.dedup();
        if !ports.is_empty() {
            self.look_at_sockets(&ports);
        }
    }

    /// The files by which servers of the user's project say that they run.
    fn look_at_pid_files(&mut self) {
        let Some(own) = self.facts.own_project() else {
            self.facts.pid_files = Known::Seen(Default::default());
            return;
        };
        let root = own.root.trim_end_matches('/');
        let services = own.claims.seen().into_iter().flat_map(|own| &own.services);
        let mut folders = vec![root.to_owned()];
        folders.extend(services.map(|service| format!("{root}/{}", service.folder)));
        folders.retain(|folder| is_below(folder, root) && !folder.contains(".."));
        folders.sort_unstable();
        for folder in &mut folders {
            folder.truncate(folder.trim_end_matches('/').len());
        }
        folders.dedup();
        let began = Instant::now();
        let (files, named) = pid_files::look(&folders);
        let saw = count(&files, Vec::len, "pid file");
        self.facts.pid_files = files.map(Into::into);
        self.add_processes(named);
        self.looks.note("pid files", saw, began);
    }

    fn add_processes(&mut self, fresh: Vec<Process>) {
        if fresh.is_empty() {
            return;
        }
        let mut all = self.facts.processes.items().to_vec();
        for process in fresh {
            if all.iter().all(|known| known.id != process.id) {
                all.push(process);
            }
        }
        self.facts.processes = Known::Seen(all.into());
    }
}
