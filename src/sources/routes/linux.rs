//! Routes of Linux, asked of the kernel through `NETLINK_ROUTE`; anybody may.

mod tables;
mod wire;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rustix::fd::OwnedFd;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with,
};

use super::{Seen, unknown};
use crate::facts::{Fate, Gap, Interface, PolicyRule, Route, RouteEntry, clean};
use tables::Packet;
use wire::{
    AF_INET, AF_INET6, Entry, Link, Message, RTM_GETLINK, RTM_GETROUTE, RTM_GETRULE, RTM_NEWLINK,
    RTM_NEWROUTE, RTM_NEWRULE, Rule,
};

/// How long the kernel may take at most; it answers from memory.
const DEADLINE: Duration = Duration::from_millis(300);
/// The kernel fills datagrams up to this size.
const BUFFER: usize = 32 * 1024;
/// More interfaces than these nobody reads.
const MOST_LINKS: usize = 4096;
/// More entries than these for a few addresses, or more rules, nobody has.
const MOST: usize = 512;
/// `EAFNOSUPPORT` and `EOPNOTSUPP`: the kernel was built without policy routing.
const NO_RULES: [i32; 2] = [97, 95];

pub(super) fn look(to: &[SocketAddr], deadline: Duration) -> Seen {
    let mut kernel = Kernel::open(deadline.min(DEADLINE)).map_err(|error| Gap::of(&error))?;
    let seen = kernel.look(to);
    seen.map_err(|error| Gap::of(&error))
}

/// A socket to the kernel. After an error it must not be used again.
struct Kernel {
    socket: OwnedFd,
    sequence: u32,
    buffer: Vec<u8>,
    until: Instant,
}

impl Kernel {
    fn open(deadline: Duration) -> io::Result<Self> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC,
            // `NETLINK_ROUTE` is the protocol of number 0.
            None,
        )?;
        set_socket_timeout(&socket, Timeout::Recv, Some(DEADLINE))?;
        Ok(Kernel {
            socket,
            sequence: 0,
            buffer: vec![0; BUFFER],
            until: Instant::now() + deadline,
        })
    }

    fn look(&mut self, to: &[SocketAddr]) -> io::Result<(Vec<Route>, Vec<Interface>)> {
        let mut links = Vec::new();
        self.dump(RTM_GETLINK, 0, RTM_NEWLINK, |body| {
            links.extend(wire::link(body).filter(|_| links.len() < MOST_LINKS));
            Some(())
        })?;
        let uid = rustix::process::geteuid().as_raw();
        let mut routes = Vec::new();
        for family in [AF_INET, AF_INET6] {
            let to: Vec<SocketAddr> = to
                .iter()
                .copied()
                .filter(|to| wire::family_of(to.ip()) == family)
                .collect();
            if to.is_empty() {
                continue;
            }
            let rules = self.rules(family)?;
            let entries = self.entries(family, &to)?;
            for to in to {
                routes.push(self.route(to, uid, &rules, &entries, &links)?);
            }
        }
        let interfaces = links.into_iter().map(interface).collect();
        Ok((routes, interfaces))
    }

    fn rules(&mut self, family: u8) -> io::Result<Vec<Rule>> {
        let mut rules = Vec::new();
        let done = self.dump(RTM_GETRULE, family, RTM_NEWRULE, |body| {
            let rule = wire::rule(body)?;
            if rules.len() < MOST {
                rules.push(rule);
            }
            Some(())
        });
        match done {
            Ok(()) => Ok(rules),
            Err(error)
                if error
                    .raw_os_error()
                    .is_some_and(|no| NO_RULES.contains(&no)) =>
            {
                Ok(tables::plain_rules())
            }
            Err(error) => Err(error),
        }
    }

    /// The entries of all tables that hold one of these addresses.
    fn entries(&mut self, family: u8, to: &[SocketAddr]) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        self.dump(RTM_GETROUTE, family, RTM_NEWROUTE, |body| {
            if let Some(entry) = wire::entry(body)?
                && to.iter().any(|to| tables::holds(&entry, to.ip()))
                && entries.len() < MOST
            {
                entries.push(entry);
            }
            Some(())
        })?;
        Ok(entries)
    }

    fn route(
        &mut self,
        to: SocketAddr,
        uid: u32,
        rules: &[Rule],
        entries: &[Entry],
        links: &[Link],
    ) -> io::Result<Route> {
        let mut route = unknown(to.ip());
        let mut from = None;
        let mut said = self.ask(to, from)?;
        // A rule may ask for the sender's address, which the first answer names.
        if let Ok(first) = &said
            && first.source.is_some()
            && rules.iter().any(|rule| rule.from.is_some())
        {
            from = first.source;
            said = self.ask(to, from)?;
        }
        let taken = match &said {
            Ok(entry) => {
                route.fate = entry.fate.unwrap_or(Fate::Unknown);
                entry.interface
            }
            Err(fate) => {
                route.fate = *fate;
                None
            }
        };
        if route.fate == Fate::Sent
            && let Ok(entry) = &said
        {
            route.interface = taken.and_then(|index| name(links, index));
            route.gateway = entry.gateway;
        }
        let packet = Packet {
            to: to.ip(),
            from,
            port: to.port(),
            uid,
        };
        if let Some(found) = tables::find(rules, entries, &packet) {
            let same_way = route.fate != Fate::Sent
                || found.entry.is_none_or(|entry| entry.interface == taken);
            if found.fate == route.fate && same_way {
                route.entry = found.entry.map(|entry| self::entry(entry, links));
                route.rule = (!tables::is_everybodys(found.rule)).then(|| PolicyRule {
                    priority: found.rule.priority,
                    text: clean(&tables::words(found.rule)),
                    decides: found.entry.is_none(),
                });
            }
        }
        if route.fate != Fate::Local {
            let others = tables::shadowed(entries, to.ip(), taken);
            let others = others.into_iter().map(|other| entry(other, links));
            route.shadowed = others.collect();
        }
        Ok(route)
    }

    /// The kernel's own answer for one address, or what it does with the packet instead.
    fn ask(&mut self, to: SocketAddr, from: Option<IpAddr>) -> io::Result<Result<Entry, Fate>> {
        self.sequence = self.sequence.wrapping_add(1);
        let request = wire::route_to(self.sequence, to, from);
        send(&self.socket, &request, SendFlags::empty())?;
        loop {
            let length = self.receive()?;
            let bytes = self.buffer.get(..length).ok_or_else(wire::broken)?;
            for message in wire::messages(bytes, self.sequence)? {
                match message {
                    Message::Entry(RTM_NEWROUTE, body) => {
                        let entry = wire::entry(body).ok_or_else(wire::broken)?;
                        return Ok(entry.ok_or(Fate::Unknown));
                    }
                    Message::Error(number) => {
                        return match wire::fate_of(number) {
                            Some(fate) => Ok(Err(fate)),
                            None => Err(io::Error::from_raw_os_error(number)),
                        };
                    }
                    _ => {}
                }
            }
        }
    }

    /// Asks for everything of one kind; `take` says nothing for what is cut short.
    fn dump(
        &mut self,
        kind: u16,
        family: u8,
        answer: u16,
        mut take: impl FnMut(&[u8]) -> Option<()>,
    ) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let request = wire::dump(kind, self.sequence, family);
        send(&self.socket, &request, SendFlags::empty())?;
        loop {
            let length = self.receive()?;
            let bytes = self.buffer.get(..length).ok_or_else(wire::broken)?;
            for message in wire::messages(bytes, self.sequence)? {
                match message {
                    Message::Entry(kind, body) if kind == answer => {
                        take(body).ok_or_else(wire::broken)?;
                    }
                    Message::Done => return Ok(()),
                    Message::Error(0) | Message::Entry(..) => {}
                    Message::Error(number) => return Err(io::Error::from_raw_os_error(number)),
                }
            }
        }
    }

    fn receive(&mut self) -> io::Result<usize> {
        loop {
            if Instant::now() > self.until {
                return Err(io::Error::from(io::ErrorKind::TimedOut));
            }
            match recv(&self.socket, &mut self.buffer[..], RecvFlags::TRUNC) {
                Err(rustix::io::Errno::INTR) => {}
                Ok((_, 0)) => return Err(io::Error::from(io::ErrorKind::TimedOut)),
                other => return Ok(other?.1),
            }
        }
    }
}

fn name(links: &[Link], index: u32) -> Option<String> {
    let link = links.iter().find(|link| link.index == index)?;
    Some(clean(&link.name))
}

fn interface(link: Link) -> Interface {
    Interface {
        name: clean(&link.name),
        kind: link.kind.as_deref().map(clean),
        up: link.up,
    }
}

fn entry(entry: &Entry, links: &[Link]) -> RouteEntry {
    RouteEntry {
        network: entry.network,
        prefix: entry.prefix,
        table: entry.table,
        fate: entry.fate.unwrap_or(Fate::Unknown),
        interface: entry.interface.and_then(|index| name(links, index)),
        gateway: entry.gateway,
        metric: entry.metric,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_knows_the_way_to_this_machine_itself() {
        let to = ["127.0.0.1:3000".parse().unwrap()];
        let (routes, interfaces) = look(&to, Duration::from_secs(10)).unwrap();
        assert!(interfaces.iter().any(Interface::is_loopback));
        let [route] = &routes[..] else {
            panic!("{routes:?}");
        };
        assert_eq!(route.fate, Fate::Local);
        let entry = route.entry.as_ref().unwrap();
        assert_eq!((entry.table, entry.fate), (255, Fate::Local));
        assert!(entry.network.is_loopback() && entry.prefix >= 8);
        assert_eq!(route.rule, None);
    }
}
