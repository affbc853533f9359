//! The way of a connection, place by place, where others stand between the client and
//! the server.

use super::Case;
use crate::findings::Hop;

mod containers;
mod forwarders;

/// The places that a connection passes, in its order; none where it ends at the listener.
#[must_use]
pub fn hops(case: &Case) -> Vec<Hop> {
    let hops = containers::hops(case);
    if hops.is_empty() {
        return forwarders::hops(case);
    }
    hops
}
