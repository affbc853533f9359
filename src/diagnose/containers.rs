//! The looks by which the causes in containers are told from each other.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::beside::Beside;
use super::looks::count;
use super::parts::find_owners;
use super::why::Doctor;
use crate::facts::{
    Gap, Known, Listener, NextDoor, Outcome, ProcId, Runs, Vantage, is_machine_name,
};
use crate::rules::Case;
use crate::sources::{Pending, containers, firewall, probes, processes, sockets};

/// How long somebody next door may take to accept a connection.
const NEXT_DOOR: Duration = Duration::from_millis(400);

impl Doctor<'_> {
    /// What only a failure in a container, or before one, needs.
    pub(super) fn look_at_containers(&mut self) {
        self.look_next_door();
        self.name_the_called();
        self.look_at_engine_rules();
    }

    /// Where an engine without a forwarder publishes a port that falls silent: whether the
    /// kernel still sends it to the container, and whether that takes connections itself.
    fn look_at_engine_rules(&mut self) {
        let case = Case::new(self.target, &self.facts);
        let Some(behind) = case.container_behind() else {
            return;
        };
        let holds = |listener: &Listener| {
            let owner = case.owner(listener);
            owner.is_some_and(|one| one.framework.as_deref() == Some("dockerd"))
                || (owner.is_none() && case.is_engines(listener))
        };
        let lost = |outcome: Outcome| {
            let outcomes = [Outcome::Silent, Outcome::TimedOut, Outcome::Connected];
            outcomes.contains(&outcome)
        };
        if !case.listeners().any(holds) || !case.probes().any(|probe| lost(probe.outcome)) {
            return;
        }
        let silent = case
            .probes()
            .any(|probe| probe.outcome != Outcome::Connected);
        let port = self.target.port;
        let own = case
            .published()
            .find(|(container, _)| std::ptr::eq(*container, behind))
            .and_then(|(container, publish)| {
                let ip = container.networks.iter().find_map(|network| network.ip)?;
                Some((container.id.clone(), ip, publish.container_port))
            });
        let began = Instant::now();
        // Who was let in by the kernel's rules never waits at the placeholder.
        let waits = self.renew_queues(port);
        if !silent && !waits {
            return;
        }
        let budget = self.budget(|of| of.firewall);
        self.facts.engine_rules = firewall::forwards(port, budget);
        if let Some((id, ip, port)) = own.filter(|_| !self.is_passive()) {
            let takes = probes::knock(&ip.to_string(), port, self.budget(|_| NEXT_DOOR));
            let mut list = self.facts.containers.items().to_vec();
            for container in list.iter_mut().filter(|one| one.id == id) {
                container.takes = Known::Seen(takes == Some(true));
            }
            self.facts.containers = Known::Seen(list.into());
        }
        let saw = match &self.facts.engine_rules {
            Known::Seen(true) => "a rule sends the port on".to_owned(),
            Known::Seen(false) => "no rule sends the port on".to_owned(),
            Known::Unseen(gap) => gap.to_string(),
        };
        self.looks.note("engine rules", saw, began);
    }

    /// Reads the accept queues of the port again; whether anybody waits in one.
    fn renew_queues(&mut self, port: u16) -> bool {
        let (Known::Seen(old), Known::Seen(fresh)) = (
            &self.facts.listeners,
            sockets::listeners(Some(port)).listeners,
        ) else {
            return false;
        };
        let mut list = old.to_vec();
        for listener in list.iter_mut().filter(|one| one.at.port() == port) {
            let now = fresh
                .iter()
                .find(|now| now.inode == listener.inode && now.at == listener.at);
            if let Some(now) = now {
                listener.queue = now.queue.clone();
            }
        }
        let waits = |one: &Listener| {
            one.at.port() == port && one.queue.seen().is_some_and(|queue| queue.waiting > 0)
        };
        let some = list.iter().any(waits);
        self.facts.listeners = Known::Seen(list.into());
        some
    }

    /// From inside a container: begins to look whether the machine that runs it, or a
    /// neighbour that the project's files name, has the port that nobody has here.
    pub(super) fn begin_next_door(&mut self) {
        let case = Case::new(self.target, &self.facts);
        let here = &self.facts.host.vantage;
        let inside = matches!(here, Vantage::Container | Vantage::Devcontainer);
        let missing = case.on_this_machine() && case.all_refused() && case.nobody_listens();
        if !inside || !missing || self.is_passive() {
            return;
        }
        let port = self.target.port;
        let budget = self.budget(|_| NEXT_DOOR);
        let services = case.own_project().and_then(|own| own.claims.seen());
        let services = services.iter().flat_map(|claims| &claims.services);
        let neighbours: Vec<String> = services
            .filter(|service| service.runs == Runs::Container)
            .filter(|service| {
                let mut wants = service.expects.iter();
                wants.any(|wants| wants.target == Some(port) || wants.port == Some(port))
            })
            .map(|service| service.name.clone())
            .collect();
        let look = move || Known::Seen(next_door(neighbours, port, budget));
        self.ahead.next_door = Some(Beside::begin("next door", budget + NEXT_DOOR, look));
    }

    fn look_next_door(&mut self) {
        if let Some(begun) = self.ahead.next_door.take() {
            let saw = |seen: &_| count(seen, Vec::len, "place");
            self.facts.next_door = begun.end(&mut self.looks, saw).map(Into::into);
        }
    }

    /// Names the owners of the ports of this machine that a container calls in vain.
    fn name_the_called(&mut self) {
        let Known::Seen(listeners) = &self.facts.listeners else {
            return;
        };
        let here: Vec<IpAddr> = self
            .facts
            .host
            .addresses
            .items()
            .iter()
            .map(|address| address.ip)
            .collect();
        let all = self.facts.containers.items().iter();
        let called: Vec<u16> = all
            .flat_map(|container| &container.failed_dials)
            .filter(|dial| {
                is_machine_name(&dial.host) || dial.host.parse().is_ok_and(|ip| here.contains(&ip))
            })
            .filter_map(|dial| dial.port)
            .collect();
        let unknown = |one: &Listener| {
            called.contains(&one.at.port()) && one.owners == Known::Unseen(Gap::NotAsked)
        };
        if !listeners.iter().any(unknown) {
            return;
        }
        let mut list = listeners.to_vec();
        list.sort_by_key(|one| !unknown(one));
        let wanted = list.partition_point(unknown);
        find_owners(&mut self.looks, &mut list[..wanted]);
        let ids: Vec<ProcId> = list[..wanted].iter().filter_map(Listener::owner).collect();
        self.facts.listeners = Known::Seen(list.into());
        let mut known = self.facts.processes.items().to_vec();
        for process in processes::look(&ids) {
            if known.iter().all(|one| one.id != process.id) {
                known.push(process);
            }
        }
        self.facts.processes = Known::Seen(known.into());
    }
}

/// Who has the port: these neighbours by their names, and the machine around us.
fn next_door(neighbours: Vec<String>, port: u16, budget: Duration) -> Vec<NextDoor> {
    let neighbours = neighbours
        .into_iter()
        .map(|name| (name.clone(), Some(name)));
    let machine = containers::machine_from_inside();
    let doors = neighbours.chain(machine.into_iter().map(|host| (host, None)));
    let knocks: Vec<_> = doors
        .map(|(host, service)| {
            let there = host.clone();
            let knock = move || probes::knock(&there, port, NEXT_DOOR);
            (host, service, Pending::begin("next door", knock))
        })
        .collect();
    knocks
        .into_iter()
        .map(|(host, service, pending)| NextDoor {
            host,
            service,
            takes: match pending.wait(budget) {
                Known::Seen(takes) => takes,
                Known::Unseen(_) => Some(false),
            },
        })
        .collect()
}
