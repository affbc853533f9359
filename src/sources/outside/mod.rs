//! What lies between this machine and others: the ways out, other places of the target,
//! well-known hosts.
//!
//! Looked at only where the target is another machine and something is wrong with it.
//! What is sent says nothing: connections are made and left, one public page is fetched.

// The words of every system's tool are read on every system, where they are tested.
#[cfg_attr(not(any(test, target_os = "macos")), allow(dead_code))]
mod netstat;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod os;
/// The code for other systems runs on this one too, so here it is tested.
#[cfg(all(test, target_os = "linux"))]
#[path = "windows.rs"]
mod portable_windows;
#[cfg_attr(not(any(test, windows)), allow(dead_code))]
pub(crate) mod route_print;

use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use super::{Pending, names, probes};
use crate::facts::{
    Address, Gap, Gateway, Known, Outcome, Outside, PortalCheck, Probe, Protocol, WELL_KNOWN,
    WELL_KNOWN_PORT, clean,
};

/// The page of which everybody gets nothing but a status, unless something answers in
/// its place. Phones and browsers ask for it for the same reason.
const PORTAL_HOST: &str = "connectivitycheck.gstatic.com";
/// The path of the page.
const PORTAL_PATH: &str = "/generate_204";
/// Such a page is never fetched over TLS: nobody could answer in its place.
const PORTAL_PORT: u16 = 80;

/// The port of a router that is dialled to see whether it is there: whether it accepts
/// or refuses is the same.
const GATEWAY_PORT: u16 = 80;

/// The most ways out that are kept.
const MOST_GATEWAYS: usize = 4;

/// What is to be looked at.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Places of the target that are dialled for comparison.
    pub places: Vec<SocketAddr>,
    /// Whether hosts of the internet may be dialled: the target is one of them.
    pub internet: bool,
    /// The addresses of this machine.
    pub own: Vec<Address>,
}

/// Looks around, everywhere at once, within the budget.
#[must_use]
pub fn look(wanted: &Wanted, budget: Duration) -> Outside {
    let portal = wanted
        .internet
        .then(|| Pending::begin("portal", move || portal(budget)));
    let mut gateways = os::gateways(budget);
    let routers: Vec<SocketAddr> = gateways
        .seen()
        .into_iter()
        .flatten()
        .filter_map(router)
        .collect();
    let mut places = wanted.places.clone();
    if wanted.internet {
        let known = WELL_KNOWN.iter();
        places.extend(known.map(|ip| SocketAddr::new(*ip, WELL_KNOWN_PORT)));
    }
    let mut all = places.clone();
    all.extend(&routers);
    let (knocks, probes): (Vec<Probe>, Vec<Probe>) = dial(&all, &wanted.own, budget)
        .into_iter()
        .partition(|probe| routers.contains(&probe.to) && !places.contains(&probe.to));
    if let Known::Seen(list) = &mut gateways {
        for gateway in list {
            (gateway.answers, gateway.took_us) = answers(gateway, &knocks);
        }
    }
    Outside {
        gateways,
        probes,
        portal: match portal {
            Some(pending) => match pending.wait(budget + Duration::from_millis(500)) {
                Known::Seen(seen) => seen,
                Known::Unseen(gap) => Known::Unseen(gap),
            },
            None => Known::Unseen(Gap::NotAsked),
        },
    }
}

/// Connects to places of the target for comparison, and leaves.
#[must_use]
pub fn dial(places: &[SocketAddr], own: &[Address], budget: Duration) -> Vec<Probe> {
    let ask = probes::Ask {
        protocol: None,
        web: false,
        host: String::new(),
        path: String::new(),
        connect_local: budget,
        connect_remote: budget,
        own_addresses: own.iter().map(|address| address.ip).collect(),
    };
    let mut dialling = probes::dial(places, &ask);
    dialling.wait(budget);
    dialling.finish()
}

/// Several routes may lead to the same one.
fn add(found: &mut Vec<Gateway>, gateway: Gateway) {
    if !found.contains(&gateway) {
        found.push(gateway);
    }
}

/// Where a router is dialled.
fn router(gateway: &Gateway) -> Option<SocketAddr> {
    match gateway.ip? {
        // Such an address is another one on every interface.
        IpAddr::V6(ip) if ip.is_unicast_link_local() => {
            let scope = names::interface_number(&gateway.interface)?;
            Some(SocketAddrV6::new(ip, GATEWAY_PORT, 0, scope).into())
        }
        ip => Some(SocketAddr::new(ip, GATEWAY_PORT)),
    }
}

/// Whether the router is there, and how long it took to say so.
fn answers(gateway: &Gateway, knocks: &[Probe]) -> (Known<bool>, u64) {
    let Some(ip) = gateway.ip else {
        return (Known::default(), 0);
    };
    let knock = knocks.iter().find(|probe| probe.to.ip() == ip);
    match knock.map(|probe| (probe.outcome, probe.took_us)) {
        Some((Outcome::Refused, took)) => (Known::Seen(true), took),
        Some((outcome, took)) if outcome.connected() => (Known::Seen(true), took),
        // It may be there and keep silent: the system knows whether it found it.
        Some(_) => (os::is_neighbour_there(ip), 0),
        None => (Known::Unseen(Gap::TooSlow), 0),
    }
}

/// Fetches the page that gives itself away where something answers in its place.
fn portal(budget: Duration) -> Known<PortalCheck> {
    let addresses = match names::resolve(PORTAL_HOST, budget).addresses {
        Known::Seen(list) => list,
        Known::Unseen(gap) => return Known::Unseen(gap),
    };
    // A name server that answers for everybody leads to an address of its own.
    let Some(ip) = addresses
        .iter()
        .find(|ip| ip.is_ipv4())
        .or(addresses.first())
    else {
        return Known::Unseen(Gap::Failed(format!("{PORTAL_HOST} has no address")));
    };
    let ask = probes::Ask {
        protocol: Some(Protocol::Http),
        web: true,
        host: PORTAL_HOST.to_owned(),
        path: PORTAL_PATH.to_owned(),
        connect_local: budget,
        connect_remote: budget,
        own_addresses: Vec::new(),
    };
    let mut dialling = probes::dial(&[SocketAddr::new(*ip, PORTAL_PORT)], &ask);
    dialling.wait(budget);
    let probe = dialling.finish().into_iter().next();
    let http = probe.and_then(|probe| probe.greeting.seen()?.http.clone());
    match http {
        Some(http) => Known::Seen(PortalCheck {
            url: format!("http://{PORTAL_HOST}{PORTAL_PATH}"),
            status: http.status,
            location: http.location.as_deref().map(clean),
        }),
        None => Known::Unseen(Gap::TooSlow),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_is_not_there_is_a_gap_and_no_empty_list() {
        let seen = portable_windows::gateways(Duration::from_secs(5));
        assert!(matches!(seen.gap(), Some(Gap::Failed(_))), "{seen:?}");
        let ip = IpAddr::from([192, 168, 1, 1]);
        assert!(portable_windows::is_neighbour_there(ip).gap().is_some());
    }
}
