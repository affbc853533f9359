//! The route to an address: what the system does with a packet to it, and which entry of
//! its tables says so. Nothing is sent: the system is asked.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod os;
/// The code for other systems runs on this one too, so here it is tested.
#[cfg(all(test, target_os = "linux"))]
#[path = "windows.rs"]
mod portable_windows;
#[cfg(any(target_os = "macos", test))]
mod route_get;
#[cfg(any(windows, test))]
mod table;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::facts::{Gap, Interface, Known, Route, Way};

/// More networks than these that hold one address nobody reads.
#[cfg(any(windows, target_os = "linux", test))]
const MOST_SHADOWED: usize = 8;

/// The routes to these addresses and the interfaces that matter for them.
#[must_use]
pub fn look(to: &[SocketAddr], deadline: Duration) -> Way {
    let seen = os::look(to, deadline);
    let mut way = Way::default();
    match seen {
        Ok((routes, interfaces)) => {
            let named = |interface: &Interface| {
                let name = Some(interface.name.as_str());
                let taken = routes.iter().any(|route| {
                    let shadowed = route.shadowed.iter();
                    route.interface.as_deref() == name
                        || shadowed
                            .chain(&route.entry)
                            .any(|entry| entry.interface.as_deref() == name)
                });
                interface.is_loopback() || taken
            };
            let interfaces: Vec<_> = interfaces.into_iter().filter(named).collect();
            way.interfaces = Known::Seen(interfaces.into());
            way.routes = Known::Seen(routes.into());
        }
        Err(gap) => {
            way.routes = Known::Unseen(gap.clone());
            way.interfaces = Known::Unseen(gap);
        }
    }
    way
}

/// What a system tells: the routes, and every interface.
type Seen = Result<(Vec<Route>, Vec<Interface>), Gap>;

/// A route of which nothing is known yet.
fn unknown(to: IpAddr) -> Route {
    Route {
        to,
        fate: crate::facts::Fate::Unknown,
        interface: None,
        gateway: None,
        entry: None,
        rule: None,
        shadowed: Vec::new(),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_is_not_there_is_a_gap_and_no_route() {
        let to = ["192.168.1.50:80".parse().unwrap()];
        let seen = portable_windows::look(&to, Duration::from_secs(5));
        assert!(matches!(seen, Err(Gap::Failed(_))), "{seen:?}");
    }
}
