//! Family 2 presence: nobody listens.

pub mod crash_looping;
pub mod exited;
pub mod nothing_listens;
pub mod other_namespace;
pub mod udp_only;
pub mod unix_socket_only;

use crate::facts::{Outcome, Probe};

use super::Case;

/// What every cause of the family begins with: this machine refuses the connection, and
/// nobody listens on the port.
fn refused<'a>(case: &Case<'a>) -> Option<&'a Probe> {
    let refused = case.probe_that(Outcome::Refused)?;
    (case.on_this_machine() && case.nobody_listens()).then_some(refused)
}
