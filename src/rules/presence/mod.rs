//! Family 2 presence: nobody listens.

/// The causes that keep this whole family silent, and those that keep one rule of it
/// silent besides: somebody else was dialled, or a container is to blame.
macro_rules! unless {
    ($($more:path),* $(,)?) => {
        &[
            &$crate::rules::name::name_not_found::RULE,
            &$crate::rules::name::hosts_entry::RULE,
            &$crate::rules::path::proxy_in_the_way::RULE,
            &$crate::rules::client::remote_refuses::RULE,
            &$crate::rules::container::container_paused::RULE,
            &$crate::rules::container::container_restarting::RULE,
            &$crate::rules::container::container_exited::RULE,
            &$crate::rules::container::container_never_started::RULE,
            &$crate::rules::container::container_not_ready::RULE,
            &$crate::rules::container::published_elsewhere::RULE,
            &$crate::rules::container::not_published::RULE,
            $(&$more),*
        ]
    };
}
use unless;

pub mod crash_looping;
pub mod exited;
pub mod moved_port;
pub mod not_started;
pub mod nothing_listens;
pub mod other_namespace;
pub mod other_port;
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
