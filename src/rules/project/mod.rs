//! Family 8 project: the files against each other and against reality.
//!
//! Every rule here answers two questions: what is wrong in the whole project
//! ([`ASKED`]), and what of it matters for one port.

pub mod config_drift;
pub mod proxy_target_drift;
pub mod setting_ignored;
pub mod unreadable_config;
pub mod wanted_twice;

use super::survey::taken;
use super::{Case, Rule, Survey, process};
use crate::findings::Finding;

/// Everything that one rule finds in a whole project.
pub type Ask = fn(&Survey) -> Vec<Finding>;

/// The rules that are asked about a whole project.
pub static ASKED: &[(&Rule, Ask)] = &[
    (&unreadable_config::RULE, unreadable_config::all),
    (&wanted_twice::RULE, wanted_twice::all),
    (&process::port_taken::RULE, taken::all),
    (&config_drift::RULE, config_drift::all),
    (&setting_ignored::RULE, setting_ignored::all),
    (&proxy_target_drift::RULE, proxy_target_drift::all),
];

/// The user's project, where the question is about this machine.
fn survey<'a>(case: &Case<'a>) -> Option<Survey<'a>> {
    if !case.on_this_machine() {
        return None;
    }
    Survey::of(case.facts)
}

/// Whether the asked port fails a client, on some address.
fn fails(case: &Case) -> bool {
    case.probes().any(|probe| !Case::content(probe))
}

/// So many services are named in one sentence.
const MOST_NAMED: usize = 4;

/// The names, the last ones as a number where they are too many for one sentence.
fn some_of(mut names: Vec<String>) -> Vec<String> {
    if names.len() > MOST_NAMED {
        let more = names.split_off(MOST_NAMED - 1).len();
        names.push(format!("{more} more"));
    }
    names
}

/// `a`, `a and b`, `a, b and c`.
fn join(list: &[String]) -> String {
    match list {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}
