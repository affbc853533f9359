//! Family 9 client and far end, and what remains.

pub mod blind_spot;
mod browser;
pub mod browser_policy;
pub mod browser_remembers;
pub mod hsts;
pub mod local_network_access;
pub mod remote_refuses;
pub mod remote_silent;
pub mod unexplained;
pub mod unsafe_port;

use std::net::IpAddr;

use crate::facts::{Container, Probe};
use crate::findings::{Evidence, Fix, Seen};
use crate::rules::{Case, fixes};

/// Whether an address is in a network of this machine; nothing if its addresses were not seen.
fn is_neighbour(case: &Case, ip: IpAddr) -> Option<bool> {
    let own = case.facts.host.addresses.seen()?;
    Some(own.iter().any(|address| address.is_neighbour(ip)))
}

/// The container that has this address on one of its networks.
fn container_at<'a>(case: &Case<'a>, ip: IpAddr) -> Option<&'a Container> {
    case.facts.containers.items().iter().find(|container| {
        let mut networks = container.networks.iter();
        networks.any(|network| network.ip == Some(ip))
    })
}

/// The far end in words: its name with the address behind it, or the container's name.
fn far_end(case: &Case, ip: IpAddr) -> String {
    if let Some(container) = container_at(case, ip) {
        return format!("container {} ({ip})", container.name);
    }
    match case.target.ip() {
        Some(_) => ip.to_string(),
        None => format!("{} ({ip})", case.target.host),
    }
}

/// Where the far end stands, as seen from here.
fn place(case: &Case, probe: &Probe) -> Option<Evidence> {
    let ip = probe.to.ip();
    if container_at(case, ip).is_some() {
        return None;
    }
    let says = if is_neighbour(case, ip)? {
        format!("{ip} is in a network of this machine")
    } else {
        format!("{ip} is in no network of this machine")
    };
    Some(Evidence::new(
        says,
        Seen::Kernel {
            what: "addresses of the interfaces".to_owned(),
        },
    ))
}

/// How to look from the other side.
fn look_there(case: &Case, ip: IpAddr) -> Fix {
    let port = case.port();
    if let Some(container) = container_at(case, ip) {
        return fixes::sockets_inside(container);
    }
    Fix::read(
        "look from the other side",
        format!(
            "on {} itself, run `devdoctor why {port}`: it tells a stopped server from a \
             firewall",
            case.target.host
        ),
    )
}

/// Which way packets to this address take, by the system's own tool.
fn route(case: &Case, ip: IpAddr) -> Fix {
    let ip = ip.to_string();
    let argv: &[&str] = match case.facts.host.os.as_str() {
        "macos" => &["route", "-n", "get", &ip],
        "windows" => &["pathping", "-n", &ip],
        _ => &["ip", "route", "get", &ip],
    };
    Fix::safe("see which way the packets take", argv.iter().copied())
}
