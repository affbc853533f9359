//! Family 2 presence: nobody listens.

pub mod crash_looping;
pub mod exited;
pub mod nothing_listens;
pub mod other_namespace;
pub mod udp_only;
pub mod unix_socket_only;
