//! The daemon's socket, real: a server process of its own for every story, and clients
//! that behave, do not behave, or are somebody else.
//!
//! Behind the socket stands a small loop that answers like a daemon, so that a story can
//! say what happens. The test runs itself again as that process.
#![cfg(target_os = "linux")]

#[path = "socket/crowd.rs"]
mod crowd;
#[path = "socket/described.rs"]
mod described;
#[path = "support/machine.rs"]
mod machine;
#[path = "socket/malformed.rs"]
mod malformed;
#[path = "socket/responder.rs"]
mod responder;
#[path = "support/schema.rs"]
mod schema;
#[path = "socket/stage.rs"]
mod stage;
#[path = "socket/start.rs"]
mod start;
#[path = "socket/strangers.rs"]
mod strangers;
#[path = "socket/subscribe.rs"]
mod subscribe;
#[path = "socket/talk.rs"]
mod talk;

/// The server process of a story: this binary, called by the story.
#[test]
fn act() {
    responder::play();
}
