//! Family 7 path: something between client and server.

pub mod firewall_drops;
pub mod firewall_rejects;
pub mod proxy_in_the_way;
pub mod proxy_unreachable;
