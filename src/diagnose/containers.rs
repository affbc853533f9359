//! The looks by which the causes in containers are told from each other.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::looks::count;
use super::parts::find_owners;
use super::why::Doctor;
use crate::facts::{Gap, Known, Listener, NextDoor, ProcId, Runs, Vantage, is_machine_name};
use crate::rules::Case;
use crate::sources::{Pending, containers, probes, processes};

/// How long somebody next door may take to accept a connection.
const NEXT_DOOR: Duration = Duration::from_millis(400);

impl Doctor<'_> {
    /// What only a failure in a container, or before one, needs.
    pub(super) fn look_at_containers(&mut self) {
        self.look_next_door();
        self.name_the_called();
    }

    /// From inside a container: whether the machine that runs it, or a neighbour that the
    /// project's files name, has the port that nobody has here.
    fn look_next_door(&mut self) {
        let case = Case::new(self.target, &self.facts);
        let here = &self.facts.host.vantage;
        let inside = matches!(here, Vantage::Container | Vantage::Devcontainer);
        let missing = case.on_this_machine() && case.all_refused() && case.nobody_listens();
        if !inside || !missing || self.is_passive() {
            return;
        }
        let port = self.target.port;
        let began = Instant::now();
        let budget = self.budget(|_| NEXT_DOOR);
        let services = case.own_project().and_then(|own| own.claims.seen());
        let services = services.iter().flat_map(|claims| &claims.services);
        let mut doors: Vec<(String, Option<String>)> = services
            .filter(|service| service.runs == Runs::Container)
            .filter(|service| {
                let mut wants = service.expects.iter();
                wants.any(|wants| wants.target == Some(port) || wants.port == Some(port))
            })
            .map(|service| (service.name.clone(), Some(service.name.clone())))
            .collect();
        let machine = containers::machine_from_inside();
        doors.extend(machine.into_iter().map(|host| (host, None)));
        let knocks: Vec<_> = doors
            .into_iter()
            .map(|(host, service)| {
                let there = host.clone();
                let knock = move || probes::knock(&there, port, NEXT_DOOR);
                (host, service, Pending::begin("next door", knock))
            })
            .collect();
        let found: Vec<NextDoor> = knocks
            .into_iter()
            .map(|(host, service, pending)| NextDoor {
                host,
                service,
                takes: match pending.wait(budget) {
                    Known::Seen(takes) => takes,
                    Known::Unseen(_) => Some(false),
                },
            })
            .collect();
        self.facts.next_door = Known::Seen(found.into());
        let saw = count(&self.facts.next_door, |list| list.len(), "place");
        self.looks.note("next door", saw, began);
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
