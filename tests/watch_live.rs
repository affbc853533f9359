//! Sockets kept fresh, and the ends of their owners, on real ones: each story has a
//! network and a process table of its own.

#![cfg(target_os = "linux")]

#[path = "watch_live/exits.rs"]
mod exits;
#[path = "support/machine.rs"]
mod machine;
#[path = "watch_live/sockets.rs"]
mod sockets;
#[allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "a part of it is used"
)]
#[path = "live/stage.rs"]
mod stage;

/// What the stage asks of a test that brings servers of its own.
#[allow(dead_code, reason = "the servers here are programs")]
mod acts {
    pub const PART: &str = "DEVDOCTOR_PART";
    pub const READY: &str = "ready";
}
