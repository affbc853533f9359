//! Family 9 client and far end, and what remains.

pub mod blind_spot;
pub mod broken_ipv6_path;
mod browser;
pub mod browser_policy;
pub mod browser_remembers;
pub mod captive_portal;
mod compare;
pub mod hsts;
pub mod local_network_access;
pub mod offline;
pub mod remote_refuses;
pub mod remote_silent;
pub mod unexplained;
pub mod unsafe_port;

use std::net::IpAddr;

use crate::facts::{Container, Http, Probe, Protocol};
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

/// Whether somebody is at an address, asked in the plainest way.
fn ping(case: &Case, ip: IpAddr) -> Vec<String> {
    let count = if case.facts.host.os == "windows" {
        "-n"
    } else {
        "-c"
    };
    ["ping", count, "3", &ip.to_string()]
        .map(str::to_owned)
        .to_vec()
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

/// Whether something on the way may have answered in the far end's name: it sends the
/// client on to another site, or does not speak what was asked.
#[must_use]
pub fn may_be_intercepted(case: &Case, probe: &Probe) -> bool {
    let Some(greeting) = probe.greeting.seen() else {
        return false;
    };
    let web = matches!(greeting.asked, Protocol::Http | Protocol::Tls);
    let strange = greeting
        .spoken
        .is_some_and(|spoken| spoken != greeting.asked);
    let sent_on = greeting
        .http
        .as_ref()
        .is_some_and(|http| is_portals(case, http));
    web && (strange || sent_on)
}

/// Whether an answer looks like that of a portal: it asks for a login to the network, or
/// sends the client to another site.
fn is_portals(case: &Case, http: &Http) -> bool {
    let elsewhere = http
        .location
        .as_deref()
        .and_then(site)
        .is_some_and(|there| {
            let host = case.target.host.trim_end_matches('.');
            // `www.shop.com` and `login.shop.com` are of the same people.
            domain(&there) != domain(host)
        });
    http.status == 511 || (300..400).contains(&http.status) && elsewhere
}

/// The host of a URL; nothing if it names none.
fn site(url: &str) -> Option<String> {
    let rest = url.split_once("://").map(|(_, rest)| rest)?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next()?,
        None => host.split(':').next()?,
    };
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}

/// The last two labels of a name, which is nearly always who owns it.
fn domain(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    let labels: Vec<&str> = host.rsplit('.').take(2).collect();
    labels.join(".")
}
