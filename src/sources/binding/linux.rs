//! The settings of the network namespace, and the rights of this process.
//!
//! `ip_local_reserved_ports` is no limit: it only keeps the kernel from choosing those
//! ports by itself, and whoever binds one gets it.

use std::fs;
use std::time::Duration;

use crate::facts::{Binding, Gap, PortRange};

/// `CAP_NET_BIND_SERVICE`.
const BIND_SERVICE: u32 = 10;

/// See [`super::look`].
pub(super) fn look(_budget: Duration) -> Result<Binding, Gap> {
    let read = |file: &str| fs::read_to_string(file).map_err(|error| Gap::of(&error));
    let setting = |name: &str| read(&format!("/proc/sys/net/ipv4/{name}"));
    let status = read("/proc/self/status")?;
    // Before Linux 4.11 there is no such setting, and no sandbox has any.
    let from = setting("ip_unprivileged_port_start").ok();
    let from = from.map_or(Some(1024), |text| text.trim().parse().ok());
    Ok(Binding {
        unprivileged_from: from,
        privileged: is_privileged(&status),
        outgoing: setting("ip_local_port_range")
            .ok()
            .and_then(|text| range(&text)),
        reserved: Vec::new(),
    })
}

/// Whether programs that this user starts may bind low ports: root's may, and those that
/// are given the right by whoever starts them (`CapAmb`).
fn is_privileged(status: &str) -> bool {
    let set = |name: &str| {
        let hex = status.lines().find_map(|line| line.strip_prefix(name))?;
        u64::from_str_radix(hex.trim(), 16).ok()
    };
    let has = |set: Option<u64>| set.is_some_and(|set| set >> BIND_SERVICE & 1 == 1);
    let root = status
        .lines()
        .find_map(|line| line.strip_prefix("Uid:"))
        .and_then(|uids| uids.split_whitespace().nth(1))
        == Some("0");
    root && has(set("CapBnd:")) || has(set("CapAmb:"))
}

/// `32768 60999`, with a tab
fn range(text: &str) -> Option<PortRange> {
    let mut words = text.split_whitespace();
    Some(PortRange {
        first: words.next()?.parse().ok()?,
        last: words.next()?.parse().ok()?,
        by_hand: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_of_this_machine_are_read() {
        let seen = look(Duration::ZERO).unwrap();
        assert!(seen.unprivileged_from.is_some() && seen.outgoing.is_some());
        assert_eq!(range("32768\n"), None);
    }

    #[test]
    fn rights_are_those_of_the_programs_that_are_started() {
        let status = |uid: u32, ambient: &str, bound: &str| {
            format!("Name:\ta\nUid:\t7\t{uid}\t7\t7\nCapBnd:\t{bound}\nCapAmb:\t{ambient}\n")
        };
        let all = "000001ffffffffff";
        assert!(is_privileged(&status(0, "0000000000000000", all)));
        assert!(!is_privileged(&status(
            0,
            "0000000000000000",
            "0000000000000000"
        )));
        assert!(!is_privileged(&status(1000, "0000000000000000", all)));
        assert!(is_privileged(&status(1000, "0000000000000400", all)));
        assert!(!is_privileged(""));
    }
}
