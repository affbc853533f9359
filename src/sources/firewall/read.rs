//! Rules as they were read, and what their counters tell.

use std::time::{Duration, Instant};

use super::{Course, Packet, Wanted};
use crate::facts::{FirewallRule, FirewallVerdict, Gap};

/// More rules than these nobody reads.
const MOST_RULES: usize = 64;

/// A rule, and what tells it from every other.
#[derive(Debug, Clone)]
pub(super) struct Read {
    pub(super) rule: FirewallRule,
    /// What its counter shows, where it counts exactly the packets that it takes.
    pub(super) packets: Option<u64>,
}

/// Reads the rules, has a probe made where one tells more, and reads them again.
pub(super) fn around_a_probe(
    packet: &Packet,
    wanted: Wanted,
    deadline: Duration,
    probe: impl Fn(),
    read: impl Fn(Instant) -> Result<Vec<Read>, Gap>,
) -> Result<Vec<FirewallRule>, Gap> {
    let mut until = Instant::now() + deadline;
    let before = read(until)?;
    let is_wanted = |read: &Read| {
        let verdict = read.rule.verdict;
        let redirects = verdict == FirewallVerdict::Redirect;
        let blocks = matches!(verdict, FirewallVerdict::Drop | FirewallVerdict::Reject);
        let does = match wanted {
            Wanted::All => return true,
            Wanted::Redirects => redirects,
            Wanted::Blocks => blocks,
        };
        does && (read.rule.names_port || !read.rule.conditional)
    };
    let comes_in = matches!(packet.course, Course::In(_));
    if comes_in || !(wanted == Wanted::All || before.iter().any(is_wanted)) {
        return Ok(rules(before));
    }
    let probing = Instant::now();
    probe();
    // The time for reading is not spent by connecting.
    until += probing.elapsed();
    let after = read(until)?;
    Ok(rules(counted(&before, after)))
}

/// The rules alone.
pub(super) fn rules(mut read: Vec<Read>) -> Vec<FirewallRule> {
    read.truncate(MOST_RULES);
    read.into_iter().map(|read| read.rule).collect()
}

/// The rules of the second reading, with what their counters gained since the first.
fn counted(before: &[Read], after: Vec<Read>) -> Vec<Read> {
    after
        .into_iter()
        .map(|mut read| {
            let earlier = before.iter().find(|old| same_rule(&old.rule, &read.rule));
            read.rule.counted = match (earlier.and_then(|old| old.packets), read.packets) {
                (Some(old), Some(new)) => Some(new.saturating_sub(old)),
                _ => None,
            };
            read
        })
        .collect()
}

fn same_rule(one: &FirewallRule, other: &FirewallRule) -> bool {
    one.table == other.table
        && one.chain == other.chain
        && one.handle == other.handle
        && (one.handle.is_some() || one.text == other.text)
}
