//! What the rules of this family ask of routes and interfaces, and how they tell it.

use std::net::IpAddr;

use crate::facts::{Interface, MAIN_TABLE, Route, RouteEntry};
use crate::findings::{Evidence, Seen};
use crate::rules::Case;

/// The route to an address, where it was looked at.
pub(super) fn route<'a>(case: &Case<'a>, ip: IpAddr) -> Option<&'a Route> {
    let mut routes = case.facts.way.routes.items().iter();
    routes.find(|route| route.to == ip)
}

/// The interface of this name.
pub(super) fn interface<'a>(case: &Case<'a>, name: &str) -> Option<&'a Interface> {
    let mut interfaces = case.facts.way.interfaces.items().iter();
    interfaces.find(|interface| interface.name == name)
}

/// The words that name an entry to `ip route`: `blackhole 10.1.0.0/16 table 7`.
pub(super) fn name_of(entry: &RouteEntry) -> Vec<String> {
    let mut words = Vec::new();
    if entry.interface.is_none() || entry.fate != crate::facts::Fate::Sent {
        words.push(entry.fate.word().to_owned());
    }
    words.push(entry.network());
    if let Some(gateway) = entry.gateway {
        words.extend(["via".to_owned(), gateway.to_string()]);
    }
    if let Some(interface) = entry
        .interface
        .as_ref()
        .filter(|_| words.len() == 1 || entry.gateway.is_some())
    {
        words.extend(["dev".to_owned(), interface.clone()]);
    }
    if entry.metric != 0 {
        words.extend(["metric".to_owned(), entry.metric.to_string()]);
    }
    if entry.table != MAIN_TABLE {
        let table = match entry.table {
            255 => "local".to_owned(),
            table => table.to_string(),
        };
        words.extend(["table".to_owned(), table]);
    }
    words
}

/// The entry and the rule that decide about an address.
pub(super) fn route_evidence(route: &Route) -> Vec<Evidence> {
    let kernel = |what: &str| Seen::Kernel {
        what: what.to_owned(),
    };
    let mut evidence = Vec::new();
    if let Some(entry) = &route.entry {
        let words = name_of(entry).join(" ");
        let says = format!("the route to {} is `{words}`", route.to);
        evidence.push(Evidence::new(says, kernel("routes")));
    }
    if let Some(rule) = &route.rule {
        let does = if rule.decides {
            "decides about it"
        } else {
            "chooses the table"
        };
        let says = format!(
            "the policy rule of priority {} {does}: `{}`",
            rule.priority, rule.text
        );
        evidence.push(Evidence::new(says, kernel("rules")));
    }
    evidence
}

/// The tool of this system that shows and changes routes, for the family of an address.
pub(super) fn ip_tool(ip: IpAddr) -> &'static [&'static str] {
    if ip.is_ipv4() { &["ip"] } else { &["ip", "-6"] }
}
