//! Family 2 presence: nobody listens.

/// The causes that keep this whole family silent, and those that keep one rule of it
/// silent besides: somebody else was dialled, or a container or a leftover file is to
/// blame.
macro_rules! unless {
    ($($more:path),* $(,)?) => {
        &[
            &$crate::rules::name::name_not_found::RULE,
            &$crate::rules::name::hosts_entry::RULE,
            &$crate::rules::path::proxy_in_the_way::RULE,
            &$crate::rules::path::sandboxed::RULE,
            &$crate::rules::client::remote_refuses::RULE,
            &$crate::rules::container::container_paused::RULE,
            &$crate::rules::container::container_restarting::RULE,
            &$crate::rules::container::container_exited::RULE,
            &$crate::rules::container::localhost_inside_container::RULE,
            &$crate::rules::container::host_service_on_loopback::RULE,
            &$crate::rules::container::dependency_not_ready::RULE,
            &$crate::rules::container::container_never_started::RULE,
            &$crate::rules::container::engine_elsewhere::RULE,
            &$crate::rules::container::host_network::RULE,
            &$crate::rules::container::no_network::RULE,
            &$crate::rules::container::not_recreated::RULE,
            &$crate::rules::container::container_not_ready::RULE,
            &$crate::rules::container::published_elsewhere::RULE,
            &$crate::rules::container::not_published::RULE,
            &$crate::rules::container::profile_not_selected::RULE,
            &$crate::rules::process::stale_pid_file::RULE,
            $(&$more),*
        ]
    };
}
use unless;

pub mod alive_not_listening;
pub mod bound_not_listening;
pub mod crash_looping;
pub mod exited;
pub mod moved_port;
pub mod not_started;
pub mod nothing_listens;
pub mod other_namespace;
pub mod other_port;
pub mod service_stopped;
pub mod still_starting;
pub mod udp_only;
pub mod unix_socket_only;

use crate::facts::{Outcome, Probe, Process};
use crate::findings::{Evidence, Seen};

use super::Case;

/// What every cause of the family begins with: this machine refuses the connection, and
/// nobody listens on the port.
pub(super) fn refused<'a>(case: &Case<'a>) -> Option<&'a Probe> {
    let refused = case.probe_that(Outcome::Refused)?;
    (case.on_this_machine() && case.nobody_listens()).then_some(refused)
}

/// Seconds after its start during which a server may well not listen yet.
const YOUNG: u64 = 60;
/// A large build may take so long, as long as it is at work.
const LONGEST_START: u64 = 600;
/// From this share of one processor on, in percent, a process is at work.
const BUSY: u64 = 20;

/// Whether a process that does not listen may be about to.
fn is_starting(case: &Case, process: &Process) -> bool {
    let busy = || {
        case.busy_percent(process)
            .is_some_and(|percent| percent >= BUSY)
    };
    process.age_s < YOUNG || process.age_s < LONGEST_START && busy()
}

/// How much of a processor it and what is below it used while it was watched.
fn at_work(case: &Case, process: &Process) -> Option<Evidence> {
    let percent = case.busy_percent(process)?;
    Some(Evidence::new(
        format!(
            "pid {} used {percent} % of a processor while it was watched",
            process.id.pid
        ),
        Seen::Process {
            pid: process.id.pid,
            what: "processor time".to_owned(),
        },
    ))
}
