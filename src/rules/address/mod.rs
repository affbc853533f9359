//! Family 3 address: somebody listens, elsewhere than dialled.

pub mod address_gone;
pub mod bound_elsewhere;
pub mod ipv6_disabled;
pub mod loopback_only;
pub mod split_brain;
pub mod unspecified_destination;
pub mod v6_only_wildcard;
pub mod wrong_family;
