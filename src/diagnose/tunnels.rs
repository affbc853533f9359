//! The agents of public tunnels, where the public end of one says that something behind it
//! has failed: they run on this machine, or nowhere that can be seen from here.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::why::Doctor;
use crate::facts::{
    Carries, Known, Onward, Process, SaidBy, Snapshot, TUNNEL_SERVICES, TunnelAgent, TunnelService,
};
use crate::rules::{Case, public_tunnel};
use crate::sources::{onward, owners, processes, tunnels};

/// How long an agent may take to tell its names: it is a program of this machine.
const PATIENCE: Duration = Duration::from_millis(500);
/// Of so many agents, and no more.
const MOST_AGENTS: usize = 8;

impl Doctor<'_> {
    /// Looks for the agent that brings requests of the asked name, and follows it to the
    /// local server.
    pub(super) fn look_at_tunnels(&mut self) {
        let case = Case::new(self.target, &self.facts);
        if self.is_passive() || self.facts.tunnels.is_seen() {
            return;
        }
        let Some(service) = public_tunnel::service(&case) else {
            return;
        };
        let began = Instant::now();
        let keys: Vec<&str> = TUNNEL_SERVICES.iter().map(|one| one.agent).collect();
        let running = match processes::that_are(&keys) {
            Known::Seen(running) => running,
            Known::Unseen(gap) => {
                self.facts.tunnels = Known::Unseen(gap);
                return;
            }
        };
        let own = running
            .iter()
            .filter(|process| process.framework.as_deref() == Some(service.agent));
        let own: Vec<&Process> = own.take(MOST_AGENTS).collect();
        let agents: Vec<TunnelAgent> = own.iter().map(|one| self.ask_agent(one, service)).collect();
        let place = own.iter().zip(&agents).find_map(|(process, agent)| {
            place(process, agent, &self.target.host, self.target.port)
        });
        self.looks
            .note("tunnels", format!("{} agents", agents.len()), began);
        self.facts.tunnels = Known::Seen(agents.into());
        add(&mut self.facts, &own);
        if let Some(place) = place {
            let known = self.facts.onward.items().iter().cloned();
            let all: Vec<Onward> = known.chain([place.clone()]).collect();
            self.facts.onward = Known::Seen(all.into());
            self.follow_onward(&place);
        }
    }

    /// What an agent says of itself, at the ports that it has on this machine.
    fn ask_agent(&self, process: &Process, service: &TunnelService) -> TunnelAgent {
        let listeners = self.facts.listeners.items().iter();
        let loopback = |ip: IpAddr| ip.to_canonical().is_loopback();
        let mut near: Vec<_> = listeners
            .filter(|one| loopback(one.at.ip()))
            .cloned()
            .collect();
        owners::find(&mut near);
        let own = near.iter().filter(|one| {
            let owners = one.owners.seen().map_or(&[][..], Vec::as_slice);
            owners.contains(&process.id)
        });
        let at: Vec<SocketAddr> = own.map(|one| one.at).collect();
        TunnelAgent {
            by: Some(process.id),
            kind: service.agent.to_owned(),
            names: tunnels::names(service.agent, &at, self.budget(|_| PATIENCE)),
        }
    }
}

/// Where this agent brings requests of the name; nothing where they are another's.
fn place(process: &Process, agent: &TunnelAgent, host: &str, port: u16) -> Option<Onward> {
    let argv = process.argv.seen().map_or(&[][..], Vec::as_slice);
    let by_argv = || onward::of_command(&agent.kind, argv).into_iter().next();
    let names = agent.names.seen().map_or(&[][..], Vec::as_slice);
    let told = names.iter().find(|one| one.name.eq_ignore_ascii_case(host));
    let (passage, said_by) = match told {
        Some(name) => match onward::local(&name.to) {
            Some(passage) => (
                passage,
                SaidBy::Agent {
                    name: host.to_owned(),
                },
            ),
            None => (by_argv()?, SaidBy::Argv),
        },
        // Who has other names does not bring requests of this one.
        None if !names.is_empty() || !onward::may_be_named(argv, host) => return None,
        None => (by_argv()?, SaidBy::Argv),
    };
    let scheme = told.and_then(|name| Some(name.to.split_once("://")?.0.to_owned()));
    Some(Onward {
        port,
        by: Some(process.id),
        carries: Carries::Tunnel,
        host: passage.host,
        to: passage.to,
        scheme,
        said_by,
        ..Onward::default()
    })
}

/// Keeps what is known of the agents.
fn add(facts: &mut Snapshot, agents: &[&Process]) {
    let known = facts.processes.items();
    let fresh = agents
        .iter()
        .filter(|one| known.iter().all(|old| old.id != one.id));
    let all: Vec<Process> = known.iter().chain(fresh.copied()).cloned().collect();
    facts.processes = Known::Seen(all.into());
}
