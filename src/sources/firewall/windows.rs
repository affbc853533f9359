//! The firewall of Windows, as far as what other machines send is concerned.

use std::time::{Duration, Instant};

use super::read::rules;
use super::{Course, Packet, Wanted, advfirewall};
use crate::facts::{Firewall, Gap};
use crate::sources::tool::Command;

/// Everybody may read the rules.
pub(super) fn may_look() -> bool {
    true
}

pub(super) fn look(
    packet: &Packet,
    _wanted: Wanted,
    deadline: Duration,
    _probe: impl Fn(),
) -> Result<Firewall, Gap> {
    // What a machine sends to itself passes, and what it sends to others is not read yet.
    if !matches!(packet.course, Course::In(_)) {
        return Err(Gap::Unsupported);
    }
    let until = Instant::now() + deadline;
    let netsh = Command::find(&["netsh.exe"]).ok_or(Gap::NotRunning)?;
    let profile = netsh.run(&["advfirewall", "show", "currentprofile"], until)?;
    let every = [
        "advfirewall",
        "firewall",
        "show",
        "rule",
        "name=all",
        "dir=in",
        "verbose",
    ];
    let text = netsh.run(&every, until)?;
    let read = advfirewall::parse(&profile, &text, packet)
        .ok_or_else(|| Gap::Failed("netsh answers in another language".to_owned()))?;
    Ok(Firewall {
        rules: rules(read),
        read_by: "netsh".to_owned(),
    })
}

pub(super) fn forwards(_port: u16, _deadline: Duration) -> Result<bool, Gap> {
    Err(Gap::Unsupported)
}
