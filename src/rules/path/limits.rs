//! What units of systemd take away, and whom it hits.

use std::net::{IpAddr, Ipv4Addr};

use crate::facts::{
    Known, Outcome, Probe, ProcState, Unit, UnitLimits, UnitSetting, UnitState, Whose, same_network,
};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen};
use crate::rules::presence::service_stopped::{in_words, read_log};
use crate::rules::{Case, evidence, presence};

use super::firewall_drops::has_room;

/// A unit that drops the packets, or one that may not listen.
pub(super) fn by_unit(case: &Case) -> Option<Finding> {
    drops(case, Whose::Server)
        .or_else(|| drops(case, Whose::Client))
        .or_else(|| cannot_listen(case))
}

/// The setting that gives a server a network of its own.
pub(in crate::rules) fn private_network(case: &Case) -> Option<(String, Evidence)> {
    let units = case.facts.way.limits.items().iter();
    let (unit, setting) = units
        .filter(|unit| unit.whose == Whose::Server)
        .flat_map(|unit| unit.of("PrivateNetwork").map(move |one| (unit, one)))
        .find(|(_, one)| is_on(&one.value))?;
    Some((unit.unit.clone(), in_force(unit, setting)))
}

fn is_on(value: &str) -> bool {
    let on = ["yes", "true", "on", "1", "y", "t"];
    on.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// A filter of packets, in the cgroup of one end.
fn drops(case: &Case, whose: Whose) -> Option<Finding> {
    let units: Vec<&UnitLimits> = units_of(case, whose);
    let innermost = units.last()?;
    let lost = |probe: &&Probe| {
        let here = case.is_local(probe.to.ip()) == Some(true);
        match whose {
            Whose::Client => probe.outcome == Outcome::TimedOut,
            _ => probe.outcome == Outcome::TimedOut && here,
        }
    };
    let (probe, (unit, setting)) = case
        .probes()
        .filter(lost)
        .find_map(|probe| Some((probe, denying(&units, other_end(probe.to.ip()))?)))?;
    let ip = probe.to.ip();
    let here = case.is_local(ip) == Some(true);
    let listener = case.listener_for(ip);
    // A rule of the firewall that takes the packet comes first, and a full queue is as silent.
    let firewall = case.facts.host.firewall.seen();
    let stopped = firewall.is_some_and(|rules| rules.stoppers().next().is_some());
    let room = has_room(case, probe);
    if stopped || here && (listener.is_none() || room == Some(false)) {
        return None;
    }
    let owner = listener.and_then(|listener| case.owner(listener));
    let runs = owner.is_some_and(|owner| {
        !matches!(
            owner.state,
            ProcState::Stopped | ProcState::Traced | ProcState::Zombie
        )
    });
    let sure = here && runs && room == Some(true) && firewall.is_some() && tracks(case);
    let confidence = match sure {
        true => Confidence::Certain,
        false => Confidence::Likely,
    };
    let written = format!("{}={} of {}", setting.key, setting.value, unit.unit);
    let says = match whose {
        Whose::Client => format!(
            "systemd drops what this shell sends to {}: {written}",
            probe.to
        ),
        _ => format!(
            "systemd drops connections to port {}: {written} keeps {} out",
            case.port(),
            other_end(ip)
        ),
    };
    let stands = owner.filter(|_| whose == Whose::Server).and_then(|owner| {
        let cgroup = owner.cgroup.as_deref()?;
        Some(Evidence::new(
            format!("pid {} runs in {cgroup}", owner.id.pid),
            Seen::Process {
                pid: owner.id.pid,
                what: "cgroup".to_owned(),
            },
        ))
    });
    Some(
        Finding::new(confidence, says)
            .because(evidence::probe(probe))
            .because_all(listener.map(|listener| evidence::listener(case, listener)))
            .because_all(stands)
            .because(in_force(unit, setting))
            .fix(allow(&innermost.unit, other_end(ip))),
    )
}

/// Whether the table of tracked connections is known to have room.
fn tracks(case: &Case) -> bool {
    match &case.facts.way.tracking {
        Known::Seen(table) => {
            table.max == 0 || table.count.saturating_mul(100) < table.max.saturating_mul(90)
        }
        Known::Unseen(_) => false,
    }
}

fn units_of<'a>(case: &Case<'a>, whose: Whose) -> Vec<&'a UnitLimits> {
    let units = case.facts.way.limits.items().iter();
    units.filter(|unit| unit.whose == whose).collect()
}

/// The address of the other end, as a unit's filter sees it: what a machine sends to any
/// loopback address of its own comes from the first one.
fn other_end(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(four) if four.is_loopback() || four.is_unspecified() => {
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        }
        IpAddr::V6(six) if six.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        other => other.to_canonical(),
    }
}

/// The setting that keeps an address out: what any of the units allows is let in, else what
/// any of them denies is not. Nothing where a word of them is not understood.
fn denying<'a>(units: &[&'a UnitLimits], ip: IpAddr) -> Option<(&'a UnitLimits, &'a UnitSetting)> {
    for unit in units {
        for setting in unit.of("IPAddressAllow") {
            if setting
                .value
                .split_whitespace()
                .any(|word| holds(word, ip) != Some(false))
            {
                return None;
            }
        }
    }
    units.iter().rev().find_map(|unit| {
        let denied = |one: &&UnitSetting| {
            let mut words = one.value.split_whitespace();
            words.any(|word| holds(word, ip) == Some(true))
        };
        Some((*unit, unit.of("IPAddressDeny").find(denied)?))
    })
}

/// Whether a word of such a list holds the address; nothing where it is not understood.
fn holds(word: &str, ip: IpAddr) -> Option<bool> {
    let named: &[&str] = match word {
        "any" => return Some(true),
        "localhost" => &["127.0.0.0/8", "::1/128"],
        "link-local" => &["169.254.0.0/16", "fe80::/64"],
        "multicast" => &["224.0.0.0/4", "ff00::/8"],
        one => return network(one, ip),
    };
    named
        .iter()
        .try_fold(false, |found, word| Some(found || network(word, ip)?))
}

fn network(word: &str, ip: IpAddr) -> Option<bool> {
    let (address, prefix) = word.split_once('/').unwrap_or((word, ""));
    let address: IpAddr = address.parse().ok()?;
    let whole = if address.is_ipv4() { 32 } else { 128 };
    let prefix: u8 = match prefix {
        "" => whole,
        number => number.parse().ok().filter(|number| *number <= whole)?,
    };
    Some(address.is_ipv4() == ip.is_ipv4() && (prefix == 0 || same_network(address, ip, prefix)))
}

/// A unit that should listen, has failed, and may not.
fn cannot_listen(case: &Case) -> Option<Finding> {
    let refused = presence::refused(case)?;
    let port = case.port();
    let failed = |unit: &&Unit| {
        matches!(unit.state, UnitState::Failed | UnitState::Starting) && unit.result.is_some()
    };
    let units = units_of(case, Whose::Missing);
    case.facts
        .units
        .items()
        .iter()
        .filter(failed)
        .find_map(|unit| {
            let limits = units.iter().find(|one| one.unit == unit.name)?;
            let (setting, fixes) = match (no_family(limits), no_port(limits, port)) {
                (Some(setting), _) => (setting, give_families(&unit.name)),
                (None, Some(setting)) => (setting, give_port(&unit.name, port)),
                (None, None) => return None,
            };
            let says = format!(
                "nobody listens on port {port}: {}, which should, may not ({}={})",
                unit.name, setting.key, setting.value
            );
            Some(
                Finding::new(Confidence::Likely, says)
                    .because(evidence::probe(refused))
                    .because(evidence::nobody_listens(case))
                    .because(in_words(unit))
                    .because(in_force(limits, setting))
                    .fix_all(fixes)
                    .fix_all(read_log(unit)),
            )
        })
}

/// The setting that takes both families of addresses away.
fn no_family(unit: &UnitLimits) -> Option<&UnitSetting> {
    let mut listed: Vec<&str> = Vec::new();
    let mut only_listed = None;
    let mut last = None;
    for setting in unit.of("RestrictAddressFamilies") {
        let (names, inverted) = match setting.value.strip_prefix('~') {
            Some(names) => (names, true),
            None => (setting.value.as_str(), false),
        };
        let only = *only_listed.get_or_insert(!inverted);
        for name in names.split_whitespace().filter(|name| *name != "none") {
            match only != inverted {
                true => listed.push(name),
                false => listed.retain(|known| *known != name),
            }
        }
        last = Some(setting);
    }
    let only = only_listed?;
    let permitted = |family: &str| listed.contains(&family) == only;
    if permitted("AF_INET") || permitted("AF_INET6") {
        return None;
    }
    last
}

/// The setting that forbids the port.
fn no_port(unit: &UnitLimits, port: u16) -> Option<&UnitSetting> {
    let covers = |one: &&UnitSetting| {
        let mut words = one.value.split_whitespace();
        words.any(|word| binds(word, port))
    };
    match unit.of("SocketBindAllow").find(covers) {
        Some(_) => None,
        None => unit.of("SocketBindDeny").find(covers),
    }
}

/// Whether a word like `any`, `tcp`, `3000-3010` or `ipv4:tcp:3000` is for this port.
fn binds(word: &str, port: u16) -> bool {
    word.split(':').all(|part| match part {
        "any" | "tcp" | "ipv4" | "ipv6" => true,
        part => {
            let (low, high) = part.split_once('-').unwrap_or((part, part));
            let range = low.parse().ok().zip(high.parse().ok());
            range.is_some_and(|(low, high): (u16, u16)| (low..=high).contains(&port))
        }
    })
}

fn in_force(unit: &UnitLimits, setting: &UnitSetting) -> Evidence {
    let says = format!("{} has {}={}", unit.unit, setting.key, setting.value);
    let seen = match &setting.file {
        Some(file) => Seen::File {
            file: file.clone(),
            line: setting.line,
        },
        None => Seen::Kernel {
            what: "systemctl show".to_owned(),
        },
    };
    Evidence::new(says, seen)
}

/// Let the address in, at once and for good. What has no file lives as long as it runs.
fn allow(unit: &str, ip: IpAddr) -> Fix {
    let from = match ip.is_loopback() {
        true => "IPAddressAllow=localhost".to_owned(),
        false => format!("IPAddressAllow={ip}"),
    };
    let runtime = unit.ends_with(".scope").then_some("--runtime");
    let words = ["sudo", "systemctl", "set-property"]
        .into_iter()
        .chain(runtime)
        .chain([unit, &from]);
    Fix::safe(format!("let {unit} exchange packets with it"), words)
}

fn give_port(unit: &str, port: u16) -> Vec<Fix> {
    let property = format!("SocketBindAllow=tcp:{port}");
    vec![
        Fix::safe(
            "allow the port",
            ["sudo", "systemctl", "set-property", unit, &property],
        ),
        restart(unit),
    ]
}

fn give_families(unit: &str) -> Vec<Fix> {
    let text = format!(
        "`sudo systemctl edit {unit}`, and write `[Service]` and below it \
         `RestrictAddressFamilies=` and `RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX`, a line \
         each"
    );
    vec![
        Fix::read("give it the families of the network", text),
        restart(unit),
    ]
}

fn restart(unit: &str) -> Fix {
    Fix::run(
        format!("then start {unit} again"),
        Safety::Disruptive,
        ["sudo", "systemctl", "restart", unit],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Manager;

    fn unit(settings: &[(&str, &str)]) -> UnitLimits {
        let setting = |(key, value): &(&str, &str)| UnitSetting {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
            file: None,
            line: None,
        };
        UnitLimits {
            unit: "a.service".to_owned(),
            manager: Manager::Systemd,
            whose: Whose::Server,
            settings: settings.iter().map(setting).collect(),
        }
    }

    fn denied(settings: &[(&str, &str)], ip: &str) -> bool {
        let unit = unit(settings);
        denying(&[&unit], ip.parse().unwrap()).is_some()
    }

    #[test]
    fn what_is_allowed_wins_over_what_is_denied() {
        let any = ("IPAddressDeny", "any");
        assert!(
            denied(&[any], "::1") && denied(&[("IPAddressDeny", "::/0 0.0.0.0/0")], "10.0.0.1")
        );
        assert!(!denied(
            &[any, ("IPAddressAllow", "localhost")],
            "127.0.0.1"
        ));
        assert!(denied(
            &[any, ("IPAddressAllow", "localhost")],
            "192.168.1.20"
        ));
        assert!(!denied(
            &[any, ("IPAddressAllow", "192.168.0.0/16")],
            "192.168.1.20"
        ));
        assert!(!denied(&[("IPAddressDeny", "10.0.0.0/8")], "127.0.0.1"));
        // A word that is not understood may allow it.
        assert!(!denied(&[any, ("IPAddressAllow", "%i")], "127.0.0.1"));
        assert!(!denied(&[("IPAddressDeny", "%i 1.2.3.4/99")], "1.2.3.4"));
        let (slice, service) = (unit(&[any]), unit(&[("IPAddressAllow", "localhost")]));
        let local: IpAddr = "127.0.0.1".parse().unwrap();
        assert!(denying(&[&slice, &service], local).is_none());
    }

    #[test]
    fn families_are_listed_or_left_out() {
        let key = "RestrictAddressFamilies";
        let closed = |values: &[&str]| {
            let settings: Vec<_> = values.iter().map(|value| (key, *value)).collect();
            no_family(&unit(&settings)).is_some()
        };
        assert!(closed(&["AF_UNIX"]) && closed(&["none"]) && closed(&["~AF_INET AF_INET6"]));
        assert!(!closed(&["AF_UNIX AF_INET6"]) && !closed(&["~AF_INET"]) && !closed(&[]));
        assert!(!closed(&["AF_UNIX", "AF_INET"]) && closed(&["AF_INET", "~AF_INET"]));
        assert!(!closed(&["~AF_INET AF_INET6", "AF_INET"]));
    }

    #[test]
    fn ports_are_allowed_or_denied() {
        let closed = |settings: &[(&str, &str)]| no_port(&unit(settings), 3000).is_some();
        let any = ("SocketBindDeny", "any");
        assert!(closed(&[any]) && closed(&[("SocketBindDeny", "ipv4:tcp:2999-3001")]));
        assert!(!closed(&[any, ("SocketBindAllow", "tcp:3000")]));
        assert!(closed(&[any, ("SocketBindAllow", "udp")]));
        assert!(!closed(&[("SocketBindDeny", "udp")]) && !closed(&[("SocketBindDeny", "3001")]));
    }
}
