//! Routes of macOS, by its own tool.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::{Seen, route_get, unknown};
use crate::facts::{Fate, Gap, Interface, MAIN_TABLE, Route, RouteEntry, same_network};
use crate::sources::tool::Command;

pub(super) fn look(to: &[SocketAddr], deadline: Duration) -> Seen {
    let tool = Command::named("route")?;
    let until = Instant::now() + deadline;
    let mut routes = Vec::new();
    for to in to {
        let ip = to.ip().to_string();
        let family = if to.is_ipv4() { "-inet" } else { "-inet6" };
        // It ends without success where there is no route, and says so.
        routes.push(match tool.run(&["-n", "get", family, &ip], until) {
            Ok(said) => route_get::parse(&said, unknown(to.ip())),
            Err(Gap::Failed(said)) => route_get::parse(&said, unknown(to.ip())),
            Err(gap) => return Err(gap),
        });
    }
    let own = if_addrs::get_if_addrs().map_err(|error| Gap::of(&error))?;
    let mut interfaces: Vec<Interface> = Vec::new();
    for own in &own {
        if interfaces.iter().all(|known| known.name != own.name) {
            interfaces.push(Interface {
                name: own.name.clone(),
                kind: own.is_loopback().then(|| "loopback".to_owned()),
                up: own.is_oper_up(),
            });
        }
        for route in &mut routes {
            overlap(route, own);
        }
    }
    Ok((routes, interfaces))
}

/// Notes that an interface's own network holds the address too, and is not taken.
fn overlap(route: &mut Route, own: &if_addrs::Interface) {
    let prefix = match &own.addr {
        if_addrs::IfAddr::V4(v4) => v4.prefixlen,
        if_addrs::IfAddr::V6(v6) => v6.prefixlen,
    };
    let taken = route.interface.as_deref() == Some(&own.name);
    if route.fate == Fate::Sent && !taken && prefix > 1 && same_network(own.ip(), route.to, prefix)
    {
        route.shadowed.push(RouteEntry {
            network: network_of(own.ip(), prefix),
            prefix,
            table: MAIN_TABLE,
            fate: Fate::Sent,
            interface: Some(own.name.clone()),
            gateway: None,
            metric: 0,
        });
    }
}

/// The first address of a network.
fn network_of(ip: IpAddr, prefix: u8) -> IpAddr {
    let off = |bits: u32| bits.saturating_sub(u32::from(prefix));
    match ip {
        IpAddr::V4(v4) => {
            let kept = u32::MAX.checked_shl(off(32)).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & kept).into())
        }
        IpAddr::V6(v6) => {
            let kept = u128::MAX.checked_shl(off(128)).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & kept).into())
        }
    }
}
