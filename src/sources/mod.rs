//! The world, turned into facts. The only code that reads the world.
//!
//! Every look has a deadline and comes back with what was seen or with the
//! reason why nothing could be ([`crate::facts::Known`]). Code for one operating
//! system stands only here, one file a system: `linux.rs`, and `os.rs` for every
//! other, which sees nothing and says so where there is no way to look.

pub mod binding;
pub mod browser;
pub mod clock;
pub mod containers;
pub mod desktop;
pub mod devices;
pub mod firewall;
mod folders;
pub mod host;
mod ini;
pub mod kernel;
pub mod names;
pub mod onward;
pub mod outside;
pub mod own;
pub mod owners;
mod pending;
pub mod pid_files;
pub mod policy;
pub mod probes;
pub mod processes;
pub mod projects;
pub mod proxies;
pub mod radar;
pub mod routes;
pub mod service;
pub mod sockets;
#[cfg_attr(
    not(any(target_os = "linux", target_os = "macos", windows)),
    allow(dead_code, reason = "no tool is run there")
)]
mod tool;
pub mod tunnels;
pub mod units;
pub mod vm;

pub use pending::Pending;
