//! Ends of processes on every system but Linux: they are noticed when the socket is gone.

use crate::facts::{Ended, Known, ProcId};

#[derive(Debug, Default)]
pub(super) struct Exits;

impl Exits {
    #[allow(clippy::unused_self, reason = "the shape that another system asks for")]
    pub(super) fn watch(&mut self, _: &[ProcId]) {}

    #[allow(clippy::unused_self, reason = "the shape that another system asks for")]
    pub(super) async fn next(&mut self) -> (ProcId, Known<Ended>) {
        std::future::pending().await
    }

    #[allow(clippy::unused_self, reason = "the shape that another system asks for")]
    pub(super) fn mode(&self) -> String {
        "not on this system: an end is noticed with the next look at the sockets".to_owned()
    }
}
