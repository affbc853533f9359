//! Real development servers, and what devdoctor says about them.
//!
//! Each is installed in a pinned version, and started in three ways: its port is
//! free; somebody else has it; the project's files say another port or host. What
//! then listens is compared with what devdoctor reads in the project's files and
//! with what the catalogue says.
#![cfg(target_os = "linux")]

#[allow(dead_code, reason = "the servers are real here")]
#[path = "live/acts.rs"]
mod acts;
#[path = "servers/kit.rs"]
mod kit;
#[path = "support/machine.rs"]
mod machine;
#[path = "servers/node.rs"]
mod node;
#[path = "servers/others.rs"]
mod others;
#[path = "servers/python.rs"]
mod python;
#[path = "servers/scene.rs"]
mod scene;
#[allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "a part of it is used"
)]
#[path = "live/stage.rs"]
mod stage;
#[path = "servers/table.rs"]
mod table;
#[path = "servers/upstream.rs"]
mod upstream;
#[path = "servers/ways.rs"]
mod ways;
