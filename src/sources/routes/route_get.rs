//! What `route -n get ADDRESS` of macOS and the BSDs prints, after `route(8)`.

use std::net::IpAddr;

use crate::facts::{Fate, MAIN_TABLE, Route, RouteEntry, clean};

/// The route that the tool's words tell.
pub(super) fn parse(said: &str, mut route: Route) -> Route {
    if said.contains("not in table") {
        route.fate = Fate::NoRoute;
        return route;
    }
    let field = |name: &str| {
        said.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key.trim() == name).then(|| value.trim())
        })
    };
    let Some(flags) = field("flags") else {
        return route;
    };
    let has = |flag: &str| {
        let mut flags = flags.trim_matches(['<', '>']).split(',');
        flags.any(|other| other == flag)
    };
    let interface = field("interface").map(clean);
    route.fate = match () {
        () if has("BLACKHOLE") => Fate::Blackhole,
        () if has("REJECT") => Fate::Unreachable,
        () if has("LOCAL") || interface.as_deref() == Some("lo0") => Fate::Local,
        () => Fate::Sent,
    };
    route.gateway = field("gateway").and_then(|gateway| gateway.parse().ok());
    route.entry = entry(&route, field("destination"), field("mask"), &interface);
    if route.fate == Fate::Sent {
        route.interface = interface;
    }
    route
}

fn entry(
    route: &Route,
    destination: Option<&str>,
    mask: Option<&str>,
    interface: &Option<String>,
) -> Option<RouteEntry> {
    let whole = if route.to.is_ipv4() { 32 } else { 128 };
    let (network, prefix) = match destination? {
        "default" => (unspecified(route.to), 0),
        // An entry without a mask is for one address.
        word => {
            let network = word.split('%').next()?.parse().ok()?;
            (network, mask.map_or(Some(whole), bits)?)
        }
    };
    Some(RouteEntry {
        network,
        prefix,
        table: MAIN_TABLE,
        fate: route.fate,
        interface: interface.clone(),
        gateway: route.gateway,
        metric: 0,
    })
}

fn unspecified(like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    }
}

/// `255.255.0.0` is 16 bits.
fn bits(mask: &str) -> Option<u8> {
    if mask == "default" {
        return Some(0);
    }
    let ones = match mask.parse().ok()? {
        IpAddr::V4(v4) => v4.to_bits().leading_ones(),
        IpAddr::V6(v6) => v6.to_bits().leading_ones(),
    };
    u8::try_from(ones).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::routes::unknown;

    // After the documented format, not a recording.
    const BY_VPN: &str = "   route to: 192.168.1.20
destination: 192.168.0.0
       mask: 255.255.0.0
    gateway: 10.8.0.1
  interface: utun4
      flags: <UP,GATEWAY,DONE,STATIC,PRCLONING,GLOBAL>
 recvpipe  sendpipe  ssthresh  rtt,msec    rttvar  hopcount      mtu     expire
       0         0         0         0         0         0      1420         0
";

    fn told(said: &str) -> Route {
        parse(said, unknown("192.168.1.20".parse().unwrap()))
    }

    #[test]
    fn the_interface_and_the_network_are_read() {
        let route = told(BY_VPN);
        assert_eq!(route.fate, Fate::Sent);
        assert_eq!(route.interface.as_deref(), Some("utun4"));
        assert_eq!(route.entry.unwrap().network(), "192.168.0.0/16");
    }

    #[test]
    fn routes_that_lead_nowhere_are_told_apart() {
        let none = "route: route: writing to routing socket: not in table";
        assert_eq!(told(none).fate, Fate::NoRoute);
        let reject = BY_VPN.replace("STATIC", "REJECT,STATIC");
        assert_eq!(told(&reject).fate, Fate::Unreachable);
        let blackhole = BY_VPN.replace("STATIC", "BLACKHOLE,STATIC");
        assert_eq!(told(&blackhole).fate, Fate::Blackhole);
        let local = BY_VPN.replace("utun4", "lo0");
        assert_eq!(told(&local).fate, Fate::Local);
    }

    #[test]
    fn anything_is_read_without_a_panic() {
        for said in [
            "",
            "flags:",
            "flags: <",
            "destination: x\nflags: <UP>",
            ":::",
        ] {
            told(said);
        }
    }
}
