//! The daemon, for real: started, asked, killed and started again, each story in
//! namespaces of its own (see `live/stage.rs`).
#![cfg(target_os = "linux")]

#[path = "live/acts.rs"]
#[allow(dead_code, reason = "other stories play the other parts")]
mod acts;
#[path = "daemon/keeper.rs"]
mod keeper;
#[path = "daemon/life.rs"]
mod life;
#[path = "support/machine.rs"]
mod machine;
#[path = "daemon/news.rs"]
mod news;
#[path = "live/stage.rs"]
#[allow(dead_code, reason = "other stories need the rest")]
mod stage;

/// A server process of a story: this binary, called by the story with its part.
#[test]
fn act() {
    acts::play();
}
