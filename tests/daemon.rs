//! The daemon, for real: started, asked, killed and started again, each story in
//! namespaces of its own (see `live/stage.rs`).
#![cfg(target_os = "linux")]

#[path = "live/acts.rs"]
#[allow(dead_code, reason = "other stories play the other parts")]
mod acts;
#[path = "notifications/bus.rs"]
#[allow(dead_code, reason = "other tests need the rest")]
mod bus;
#[path = "daemon/crowd.rs"]
mod crowd;
#[path = "daemon/desktop.rs"]
mod desktop;
#[path = "notifications/dunst.rs"]
mod dunst;
#[path = "daemon/keeper.rs"]
mod keeper;
#[path = "daemon/life.rs"]
mod life;
#[path = "support/machine.rs"]
mod machine;
#[path = "daemon/news.rs"]
mod news;
#[path = "notifications/recorder.rs"]
#[allow(dead_code, reason = "other tests need the rest")]
mod recorder;
#[path = "live/stage.rs"]
#[allow(dead_code, reason = "other stories need the rest")]
mod stage;
#[path = "notifications/until.rs"]
mod until;

/// A server process of a story: this binary, called by the story with its part.
#[test]
fn act() {
    acts::play();
}
