//! Facts kept fresh: one loop over one closed set of events.
//!
//! What is behind a [`Handle`] is the only state there is. `state` and `alerts` are pure
//! machines that are handed the time; everything that waits or reads the world comes in
//! as an [`Event`]. The socket and the notifications stand in front, in `frontends`.

mod adopt;
pub mod alerts;
mod calls;
mod ears;
mod errand;
mod event;
mod handle;
mod judge;
mod known_projects;
mod looks;
mod pace;
mod refusals;
mod run;
pub mod state;
pub mod store;

pub use errand::{Errand, FilesRead};
pub use event::{Event, Moment, Part};
pub use handle::{Asked, Handle, News, Watchers, Watching};
pub use looks::Unasked;
pub use run::{Outside, run};
