//! pf, and the application firewall, which judges programs.

use std::time::{Duration, Instant};

use super::read::{Read, around_a_probe, rules};
use super::{Course, Packet, Wanted, alf, pf};
use crate::facts::{Firewall, Gap};
use crate::sources::tool::Command;

/// Everybody may ask the application firewall.
pub(super) fn may_look() -> bool {
    true
}

pub(super) fn look(
    packet: &Packet,
    wanted: Wanted,
    deadline: Duration,
    probe: impl Fn(),
) -> Result<Firewall, Gap> {
    // pf meets a packet that comes in first, and the application firewall what it passes.
    let by_pf = pf_rules(packet, wanted, deadline, probe);
    let by_program = match packet.course {
        Course::In(_) => programs(packet, Instant::now() + deadline),
        Course::Within | Course::Out => Err(Gap::Unsupported),
    };
    let (mut all, read_by) = match (by_pf, &by_program) {
        (Ok(all), Ok(_)) => (all, "pfctl and socketfilterfw"),
        (Ok(all), Err(_)) => (all, "pfctl"),
        (Err(_), Ok(_)) => (Vec::new(), "socketfilterfw"),
        (Err(gap), Err(_)) => return Err(gap),
    };
    all.extend(rules(by_program.unwrap_or_default()));
    Ok(Firewall {
        rules: all,
        read_by: read_by.to_owned(),
    })
}

pub(super) fn forwards(_port: u16, _deadline: Duration) -> Result<bool, Gap> {
    Err(Gap::Unsupported)
}

fn pf_rules(
    packet: &Packet,
    wanted: Wanted,
    deadline: Duration,
    probe: impl Fn(),
) -> Result<Vec<crate::facts::FirewallRule>, Gap> {
    // The device is root's alone: there is no need to try.
    if uzers::get_effective_uid() != 0 {
        return Err(Gap::Forbidden);
    }
    let pfctl = Command::find(&["pfctl"]).ok_or(Gap::NotRunning)?;
    let info = pfctl.run(&["-s", "info"], Instant::now() + deadline)?;
    if !pf::is_on(&info) {
        return Ok(Vec::new());
    }
    around_a_probe(packet, wanted, deadline, probe, |until| {
        let text = pfctl.run(&["-v", "-s", "rules"], until)?;
        Ok(pf::parse(&text, packet))
    })
}

fn programs(packet: &Packet, until: Instant) -> Result<Vec<Read>, Gap> {
    let tool = Command::find(&["socketfilterfw"]).ok_or(Gap::NotRunning)?;
    let state = tool.run(&["--getglobalstate"], until)?;
    let apps = tool.run(&["--listapps"], until)?;
    Ok(alf::parse(&state, &apps, packet))
}
