//! Desktop notifications over a real bus: what a recording service and dunst are told.
#![cfg(target_os = "linux")]

#[path = "support/machine.rs"]
mod machine;

#[path = "notifications/bus.rs"]
mod bus;
#[path = "notifications/buttons.rs"]
mod buttons;
#[path = "notifications/dunst.rs"]
mod dunst;
#[path = "notifications/left.rs"]
mod left;
#[path = "notifications/recorder.rs"]
mod recorder;
#[path = "notifications/screen.rs"]
mod screen;
#[path = "notifications/stage.rs"]
mod stage;
#[path = "notifications/told.rs"]
mod told;
#[path = "notifications/until.rs"]
mod until;
#[path = "notifications/without.rs"]
mod without;
