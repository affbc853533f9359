//! What other systems tell of themselves.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use crate::facts::{Address, Known, Vantage};

/// Where we stand, as far as the system tells: nothing special can be told here.
pub(super) fn vantage() -> Option<Vantage> {
    None
}

/// Whether IPv6 works here: some interface that is up has `::1`.
pub(super) fn ipv6(addresses: &Known<Arc<[Address]>>) -> Known<bool> {
    addresses.clone().map(|list| {
        list.iter()
            .any(|address| address.up && address.ip == IpAddr::V6(Ipv6Addr::LOCALHOST))
    })
}

/// Signs of a firewall that anybody may read: none are known here.
pub(super) fn firewall_signs() -> Vec<String> {
    Vec::new()
}
