//! The firewall of Windows, as the cmdlets of its module `NetSecurity` tell of it: in JSON,
//! whose words are the same in every language of Windows.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use super::advfirewall::{Profile, Rule, judge};
use super::read::Read;
use super::{Course, Packet};

/// What PowerShell runs. The filters of all rules are asked for at once: asking for those
/// of one rule after the other takes minutes. What has no such filter is left as null.
pub(super) const SCRIPT: &str = "\
$ErrorActionPreference='Stop';\
[Console]::OutputEncoding=[Text.Encoding]::UTF8;\
$store=@{PolicyStore='ActiveStore'};\
@{\
networks=@(Get-NetConnectionProfile|Select-Object InterfaceAlias,NetworkCategory);\
profiles=@(Get-NetFirewallProfile @store|Select-Object Name,Enabled,DefaultInboundAction);\
rules=@(Get-NetFirewallRule @store -Enabled True -Direction Inbound|\
Select-Object InstanceID,DisplayName,Enabled,Direction,Profile,Action);\
ports=@(Get-NetFirewallPortFilter @store|Select-Object InstanceID,Protocol,LocalPort,RemotePort);\
programs=@(Get-NetFirewallApplicationFilter @store|Select-Object InstanceID,Program,Package);\
addresses=@(Get-NetFirewallAddressFilter @store|Select-Object InstanceID,LocalAddress,RemoteAddress);\
services=@(Get-NetFirewallServiceFilter @store|Select-Object InstanceID,Service)\
}|ConvertTo-Json -Depth 4 -Compress";

/// What it does with the packet. Nothing if the answer has another form.
pub(super) fn parse(json: &str, packet: &Packet) -> Option<Vec<Read>> {
    let all: Value = serde_json::from_str(json.trim_start_matches('\u{feff}').trim()).ok()?;
    let category = category(&all, packet)?;
    let profile = profile(&all, category)?;
    if !matches!(packet.course, Course::In(_)) || !profile.on {
        return Some(Vec::new());
    }
    let ports = by_id(&all, "ports");
    let programs = by_id(&all, "programs");
    let addresses = by_id(&all, "addresses");
    let services = by_id(&all, "services");
    let rules = all.get("rules")?;
    let rules = list(rules).map(|rule| {
        let id = rule.get("InstanceID").and_then(Value::as_str);
        let of = |table: &HashMap<&str, &'_ Value>, key: &str| -> String {
            let row = id.and_then(|id| table.get(id).copied());
            words(row.and_then(|row| row.get(key)))
        };
        let port = of(&ports, "LocalPort");
        // A list of ports that only Windows knows: `RPC`, `PlayToDiscovery`.
        let more = [
            of(&ports, "RemotePort"),
            of(&addresses, "LocalAddress"),
            of(&addresses, "RemoteAddress"),
            of(&services, "Service"),
            of(&programs, "Package"),
        ];
        // Without its filters nobody knows what a rule asks for.
        let unknown = id.is_none_or(|id| !ports.contains_key(id) || !programs.contains_key(id));
        Rule {
            name: Cow::Owned(words(rule.get("DisplayName"))),
            enabled: number(rule.get("Enabled"), &[("True", 1)])
                .map_or("", |_| "Yes")
                .into(),
            direction: number(rule.get("Direction"), &[("Inbound", 1)])
                .map_or("", |_| "In")
                .into(),
            profiles: Cow::Owned(profiles(rule.get("Profile"))),
            protocol: Cow::Owned(of(&ports, "Protocol")),
            port: Cow::Owned(port),
            program: Cow::Owned(of(&programs, "Program")),
            action: match number(rule.get("Action"), &[("Allow", 2), ("Block", 4)]) {
                Some(2) => "Allow".into(),
                Some(4) => "Block".into(),
                _ => "".into(),
            },
            asks_more: unknown || more.iter().any(|one| !matches!(one.as_str(), "" | "Any")),
        }
    });
    Some(judge(&profile, rules, packet))
}

/// The kind of the network that the packet comes from: that of the interface, or else of
/// all of them, if they agree.
fn category<'a>(all: &Value, packet: &Packet) -> Option<&'a str> {
    let named = |network: &Value| {
        let names = [("Public", 0), ("Private", 1), ("DomainAuthenticated", 2)];
        match number(network.get("NetworkCategory"), &names)? {
            0 => Some("Public"),
            1 => Some("Private"),
            _ => Some("Domain"),
        }
    };
    let networks = all.get("networks")?;
    if let Course::In(Some(interface)) = &packet.course {
        let is = |network: &&Value| {
            let alias = network.get("InterfaceAlias").and_then(Value::as_str);
            alias == Some(interface.as_str())
        };
        if let Some(network) = list(networks).find(is) {
            return named(network);
        }
    }
    let mut kinds = list(networks).map(named);
    // A network that nobody has named is a public one.
    let first = kinds.next().unwrap_or(Some("Public"))?;
    kinds.all(|kind| kind == Some(first)).then_some(first)
}

fn profile<'a>(all: &Value, name: &'a str) -> Option<Profile<'a>> {
    let is = |profile: &&Value| profile.get("Name").and_then(Value::as_str) == Some(name);
    let profile = list(all.get("profiles")?).find(is)?;
    let on = number(profile.get("Enabled"), &[("False", 0), ("True", 1)])? == 1;
    let inbound = [("NotConfigured", 0), ("Allow", 2), ("Block", 4)];
    // What was never set is Windows' own default: to block.
    let blocks = number(profile.get("DefaultInboundAction"), &inbound)? != 2;
    Some(Profile { name, on, blocks })
}

/// The rows of a table. PowerShell writes a list of one as that one, and none as null.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    let rows: &[Value] = match value {
        Value::Array(rows) => rows,
        Value::Null => &[],
        one => std::slice::from_ref(one),
    };
    rows.iter()
}

fn by_id<'a>(all: &'a Value, table: &str) -> HashMap<&'a str, &'a Value> {
    let rows = all.get(table).into_iter().flat_map(list);
    rows.filter_map(|row| Some((row.get("InstanceID")?.as_str()?, row)))
        .collect()
}

/// A word, or several: an older PowerShell writes a list as `{"value": […], "Count": 2}`.
fn words(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(word)) => word.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Array(list)) => {
            let words: Vec<String> = list.iter().map(|one| words(Some(one))).collect();
            words.join(",")
        }
        Some(Value::Object(of)) => of
            .get("value")
            .map(|list| words(Some(list)))
            .unwrap_or_default(),
        _ => String::new(),
    }
}

/// The number of one of these names, which stand for numbers: JSON has either.
fn number(value: Option<&Value>, names: &[(&str, u64)]) -> Option<u64> {
    let is = |(name, number): &&(&str, u64)| match value {
        Some(Value::Number(given)) => given.as_u64() == Some(*number),
        Some(Value::String(given)) => given == name,
        Some(Value::Bool(given)) => *name == if *given { "True" } else { "False" },
        _ => false,
    };
    names.iter().find(is).map(|(_, number)| *number)
}

/// The profiles of a rule: a sum of 1, 2 and 4, or their names; 0 is every one.
fn profiles(value: Option<&Value>) -> String {
    const NAMES: [(u64, &str); 3] = [(1, "Domain"), (2, "Private"), (4, "Public")];
    let sum = match value {
        Some(Value::Number(number)) => number.as_u64().unwrap_or_default(),
        Some(Value::String(names)) if names != "Any" => return names.clone(),
        Some(Value::String(_)) => 0,
        _ => return String::new(),
    };
    let of = |(bit, _): &&(u64, &str)| sum == 0 || sum & bit != 0;
    let names: Vec<&str> = NAMES.iter().filter(of).map(|(_, name)| *name).collect();
    names.join(",")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::facts::FirewallVerdict;

    /// After the documented format; not a recording. The names are those of a German Windows.
    const JSON: &str = r#"{
"networks":[{"InterfaceAlias":"WLAN","NetworkCategory":0},{"InterfaceAlias":"vEthernet (WSL)","NetworkCategory":1}],
"profiles":[{"Name":"Domain","Enabled":1,"DefaultInboundAction":4},{"Name":"Private","Enabled":1,"DefaultInboundAction":4},{"Name":"Public","Enabled":1,"DefaultInboundAction":4}],
"rules":[
{"InstanceID":"{1}","DisplayName":"Datei- und Druckerfreigabe","Enabled":1,"Direction":1,"Profile":2,"Action":2},
{"InstanceID":"TCP Query User{2}","DisplayName":"Node.js JavaScript Runtime","Enabled":1,"Direction":1,"Profile":4,"Action":4},
{"InstanceID":"{3}","DisplayName":"Entwicklung","Enabled":1,"Direction":1,"Profile":0,"Action":2},
{"InstanceID":"{4}","DisplayName":"Nur das lokale Netz","Enabled":1,"Direction":1,"Profile":6,"Action":2}],
"ports":[{"InstanceID":"{1}","Protocol":"TCP","LocalPort":"445","RemotePort":"Any"},
{"InstanceID":"TCP Query User{2}","Protocol":"TCP","LocalPort":"Any","RemotePort":"Any"},
{"InstanceID":"{3}","Protocol":"TCP","LocalPort":["3000-3010","8080"],"RemotePort":"Any"},
{"InstanceID":"{4}","Protocol":"Any","LocalPort":"Any","RemotePort":"Any"}],
"programs":[{"InstanceID":"{1}","Program":"System","Package":null},
{"InstanceID":"TCP Query User{2}","Program":"C:\\program files\\nodejs\\node.exe","Package":null},
{"InstanceID":"{3}","Program":"Any","Package":null},{"InstanceID":"{4}","Program":"Any","Package":null}],
"addresses":[{"InstanceID":"{4}","LocalAddress":"Any","RemoteAddress":"LocalSubnet"}],
"services":{"InstanceID":"{3}","Service":"Any"}}"#;

    const NODE: &str = r"C:\Program Files\nodejs\node.exe";

    fn packet(interface: &str, program: &str) -> Packet {
        Packet {
            to: ([192, 168, 7, 20], 3000).into(),
            course: Course::In(Some(interface.to_owned())),
            program: Some(program.to_owned()),
        }
    }

    fn met(json: &str, packet: &Packet) -> Vec<(String, FirewallVerdict, bool)> {
        let read = parse(json, packet).unwrap().into_iter();
        read.map(|read| (read.rule.text, read.rule.verdict, read.rule.conditional))
            .collect()
    }

    #[test]
    fn rules_are_read_whatever_the_language_is() {
        let text = |text: &str| text.to_owned();
        assert_eq!(
            met(JSON, &packet("WLAN", NODE)),
            [
                (
                    text("Node.js JavaScript Runtime"),
                    FirewallVerdict::Drop,
                    false
                ),
                (text("Entwicklung"), FirewallVerdict::Accept, false),
                (text("Nur das lokale Netz"), FirewallVerdict::Accept, true),
                (
                    text("Public profile: BlockInbound"),
                    FirewallVerdict::Drop,
                    false
                ),
            ]
        );
        // In a private network the rule that blocks is not in force.
        let private = met(JSON, &packet("vEthernet (WSL)", NODE));
        assert_eq!(private[0].0, "Entwicklung");
        let other = met(JSON, &packet("WLAN", r"C:\py.exe"));
        assert_eq!(other[0].0, "Entwicklung");
    }

    #[test]
    fn which_network_it_is_is_not_guessed() {
        assert!(parse(JSON, &packet("Ethernet", NODE)).is_none());
        let one = JSON.replace("\"NetworkCategory\":1", "\"NetworkCategory\":0");
        assert!(parse(&one, &packet("Ethernet", NODE)).is_some());
    }

    #[test]
    fn a_firewall_that_is_off_stops_nothing() {
        let off = JSON.replace("\"Enabled\":1,\"Default", "\"Enabled\":0,\"Default");
        assert_eq!(met(&off, &packet("WLAN", NODE)), []);
    }

    #[test]
    fn names_may_stand_for_numbers_and_lists_for_one() {
        let named = JSON
            .replace("\"Action\":4", "\"Action\":\"Block\"")
            .replace("\"Direction\":1", "\"Direction\":\"Inbound\"")
            .replace("\"Enabled\":1", "\"Enabled\":\"True\"")
            .replace("\"Profile\":4", "\"Profile\":\"Public\"")
            .replace("\"NetworkCategory\":0", "\"NetworkCategory\":\"Public\"")
            .replace(
                "[\"3000-3010\",\"8080\"]",
                "{\"value\":[\"3000-3010\",\"8080\"],\"Count\":2}",
            );
        let packet = packet("WLAN", NODE);
        assert_eq!(met(&named, &packet), met(JSON, &packet));
    }

    #[test]
    fn a_rule_without_its_filters_is_no_certain_one() {
        let without = JSON.replace("\"programs\":[", "\"others\":[");
        let met = met(&without, &packet("WLAN", NODE));
        assert!(met[..3].iter().all(|(_, _, conditional)| *conditional));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC*") {
            prop_assert!(parse(&text, &packet("WLAN", NODE)).is_none());
        }

        #[test]
        fn a_damaged_answer_is_read(at in 0..JSON.len(), to in "[0-9\\[\\]{}\":,a-z]{0,3}") {
            let mut text = JSON.to_owned();
            let end = (at + to.len()).min(text.len());
            text.replace_range(at..end, &to);
            let _ = parse(&text, &packet("WLAN", NODE));
        }
    }
}
