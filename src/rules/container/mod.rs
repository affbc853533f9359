//! Family 5 container: the port leads into a container.

pub mod container_exited;
pub mod container_never_started;
pub mod container_not_ready;
pub mod container_paused;
pub mod container_restarting;
pub mod engine_down;
pub mod loopback_inside;
pub mod not_published;
pub mod published_elsewhere;
pub mod published_on_one_address;
pub mod wrong_container_port;
