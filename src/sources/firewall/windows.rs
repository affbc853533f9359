//! The firewall of Windows, as far as what other machines send is concerned.

use std::time::{Duration, Instant};

use super::read::{Read, rules};
use super::{Course, Packet, Wanted, advfirewall, powershell};
use crate::facts::{Firewall, Gap, Known};
use crate::sources::pending::Pending;
use crate::sources::tool::Command;

/// How long PowerShell may take where nothing else can be read: it has to load its module
/// first.
const SLOW: Duration = Duration::from_secs(5);

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
    let began = Instant::now();
    let asked = packet.clone();
    let cmdlets = Pending::begin("powershell", move || by_cmdlets(&asked, began + SLOW));
    // The two are asked at once: netsh is quick, and speaks the language of its Windows.
    let netsh = by_netsh(packet, began + deadline);
    let patience = if netsh.is_ok() { deadline } else { SLOW };
    let (read, read_by) = match (cmdlets.wait(patience), netsh) {
        (Known::Seen(Ok(read)), _) => (read, "Get-NetFirewallRule"),
        (_, Ok(read)) => (read, "netsh"),
        (Known::Seen(Err(gap)), Err(by_netsh)) => return Err(both(&gap, &by_netsh)),
        (Known::Unseen(gap), Err(by_netsh)) => return Err(both(&gap, &by_netsh)),
    };
    Ok(Firewall {
        rules: rules(read),
        read_by: read_by.to_owned(),
    })
}

/// Why neither could be read, in one gap.
fn both(cmdlets: &Gap, netsh: &Gap) -> Gap {
    Gap::Failed(format!("Get-NetFirewallRule: {cmdlets}; netsh: {netsh}"))
}

fn by_cmdlets(packet: &Packet, until: Instant) -> Result<Vec<Read>, Gap> {
    let shell = Command::find(&["powershell.exe", "pwsh.exe"]).ok_or(Gap::NotRunning)?;
    let words = ["-NoLogo", "-NoProfile", "-NonInteractive", "-Command"];
    let words: Vec<&str> = words.into_iter().chain([powershell::SCRIPT]).collect();
    let answer = shell.run(&words, until)?;
    powershell::parse(&answer, packet)
        .ok_or_else(|| Gap::Failed("PowerShell answers in another form".to_owned()))
}

fn by_netsh(packet: &Packet, until: Instant) -> Result<Vec<Read>, Gap> {
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
    advfirewall::parse(&profile, &text, packet)
        .ok_or_else(|| Gap::Failed("netsh answers in another language than English".to_owned()))
}

pub(super) fn forwards(_port: u16, _deadline: Duration) -> Result<bool, Gap> {
    Err(Gap::Unsupported)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_neither_can_be_read_it_is_said_why() {
        let language = Gap::Failed("netsh answers in another language than English".to_owned());
        let words = both(&Gap::TooSlow, &language).to_string();
        assert!(words.contains("Get-NetFirewallRule") && words.contains("another language"));
    }
}
