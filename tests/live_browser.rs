//! A real Chromium, or Firefox, is led into each fault, and then the real binary reads its
//! profile.
//!
//! Every story first sees the fault with the browser's own eyes: that it fails, or shows
//! what no server sends. What a machine lacks for it is said, and the story is passed
//! over; with `DEVDOCTOR_REQUIRE_LIVE=1` it fails instead.
#![cfg(target_os = "linux")]

#[path = "live/acts.rs"]
#[allow(dead_code, reason = "other stories play the parts")]
mod acts;
#[path = "editors/bring.rs"]
#[allow(dead_code, reason = "other tests need the rest")]
mod bring;
#[path = "live_browser/firefox.rs"]
mod firefox;
#[path = "support/machine.rs"]
mod machine;
#[path = "live_browser/marionette.rs"]
mod marionette;
#[path = "live/stage.rs"]
#[allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "other stories need the rest"
)]
mod stage;
#[path = "live_browser/stories.rs"]
mod stories;
#[path = "live_browser/visitor.rs"]
mod visitor;

/// A server process of a story: this binary, called by the story with its part.
#[test]
fn act() {
    acts::play();
}
