//! What the files of systemd's units take away from those who run in them: text in, facts
//! out.

use crate::facts::{UnitSetting, clean};

/// The settings that matter for a connection, and whether what is said of one adds up.
const KEYS: &[(&str, bool)] = &[
    ("IPAddressAllow", true),
    ("IPAddressDeny", true),
    ("SocketBindAllow", true),
    ("SocketBindDeny", true),
    ("RestrictAddressFamilies", true),
    ("PrivateNetwork", false),
];

/// More settings than these nobody writes.
const MOST: usize = 64;

/// The units of the machine that a cgroup stands in, the outermost first:
/// `/system.slice/web.service` is in `system.slice` and in `web.service`. What is below
/// the first unit that runs something is another manager's.
pub(super) fn chain(cgroup: &str) -> Vec<String> {
    let mut units = Vec::new();
    for part in cgroup.split('/').filter(|part| !part.is_empty()) {
        if !is_unit(part) {
            break;
        }
        units.push(part.to_owned());
        if !part.ends_with(".slice") {
            break;
        }
    }
    units
}

/// Whether this may be the name of a unit that has a cgroup. It becomes part of a path.
fn is_unit(name: &str) -> bool {
    let kind = [".slice", ".service", ".scope", ".socket"];
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@:\\".contains(c);
    kind.iter()
        .any(|kind| name.strip_suffix(kind).is_some_and(|stem| !stem.is_empty()))
        && name.len() < 256
        && name.chars().all(plain)
}

/// The names of the file that may describe a unit, the strongest first.
pub(super) fn file_names(unit: &str) -> Vec<String> {
    let mut names = vec![unit.to_owned()];
    names.extend(template(unit));
    names
}

/// `web@.service` of `web@8080.service`
fn template(unit: &str) -> Option<String> {
    let (stem, kind) = unit.rsplit_once('.')?;
    let (name, instance) = stem.split_once('@')?;
    (!instance.is_empty()).then(|| format!("{name}@.{kind}"))
}

/// The folders whose files add to a unit's, the strongest first: `web-api.service.d`,
/// `web-.service.d`, `service.d`.
pub(super) fn drop_ins(unit: &str) -> Vec<String> {
    let mut names: Vec<String> = file_names(unit);
    if let Some((stem, kind)) = unit.rsplit_once('.') {
        let stem = stem.split('@').next().unwrap_or(stem);
        let dashes: Vec<usize> = stem.match_indices('-').map(|(at, _)| at).collect();
        let begins = dashes.iter().rev().filter(|at| **at + 1 < stem.len());
        names.extend(begins.map(|at| format!("{}.{kind}", &stem[..=*at])));
        names.push(kind.to_owned());
    }
    names.into_iter().map(|name| format!("{name}.d")).collect()
}

/// What is in force once all these files have been read, one after the other.
pub(super) fn settings(files: &[(String, String)]) -> Vec<UnitSetting> {
    let mut found: Vec<UnitSetting> = Vec::new();
    for (file, text) in files {
        for line in lines(text) {
            if !matches!(line.section, "Service" | "Socket" | "Slice" | "Scope") {
                continue;
            }
            let known = KEYS.iter().find(|(key, _)| *key == line.key);
            let Some((key, adds_up)) = known else {
                continue;
            };
            // An empty one forgets what was said before.
            if !adds_up || line.value.is_empty() {
                found.retain(|one| one.key != *key);
            }
            if !line.value.is_empty() && found.len() < MOST {
                found.push(UnitSetting {
                    key: (*key).to_owned(),
                    value: clean(&line.value),
                    file: Some(clean(file)),
                    line: Some(line.number),
                });
            }
        }
    }
    found
}

/// A line that sets something.
struct Line<'a> {
    section: &'a str,
    key: &'a str,
    value: String,
    number: u32,
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut found: Vec<Line> = Vec::new();
    let mut section = "";
    let mut goes_on = false;
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        // A comment may stand between two parts of one value.
        if line.starts_with(['#', ';']) {
            continue;
        }
        let (words, more) = match line.strip_suffix('\\') {
            Some(words) => (words.trim_end(), true),
            None => (line, false),
        };
        if goes_on {
            if let Some(last) = found.last_mut() {
                last.value.push(' ');
                last.value.push_str(words);
            }
        } else if let Some(named) = line.strip_prefix('[') {
            section = named.split(']').next().unwrap_or_default();
        } else if let Some((key, value)) = words.split_once('=') {
            found.push(Line {
                section,
                key: key.trim(),
                value: value.trim().to_owned(),
                number,
            });
        } else {
            // What is of no known form has no value that could go on.
            goes_on = false;
            continue;
        }
        goes_on = more;
    }
    found
}

/// The properties that [`told`] reads, as `systemctl show` takes them.
pub(super) const PROPERTIES: &str = "--property=Id,IPAddressAllow,IPAddressDeny,SocketBindAllow,\
     SocketBindDeny,RestrictAddressFamilies,PrivateNetwork";

/// The units of an answer of `systemctl show`, with what they take away.
pub(super) fn told(answer: &str) -> Vec<(String, Vec<UnitSetting>)> {
    let blocks = answer.split("\n\n").filter_map(|block| {
        let mut pairs = block.lines().filter_map(|line| line.split_once('='));
        let (_, id) = pairs.clone().find(|(key, _)| *key == "Id")?;
        let known = |key: &str| KEYS.iter().any(|(known, _)| *known == key);
        let set = |(key, value): &(&str, &str)| known(key) && !matches!(*value, "" | "no");
        let settings = pairs.by_ref().filter(set).map(|(key, value)| UnitSetting {
            key: key.to_owned(),
            value: clean(value),
            file: None,
            line: None,
        });
        Some((clean(id), settings.take(MOST).collect()))
    });
    blocks.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cgroup_names_its_units() {
        assert_eq!(
            chain("/system.slice/web.service/worker"),
            ["system.slice", "web.service"]
        );
        assert_eq!(
            chain("/user.slice/user-1000.slice/user@1000.service/app.slice/a.service"),
            ["user.slice", "user-1000.slice", "user@1000.service"]
        );
        for none in ["", "/", "/docker/abc", "/.service", "/../a.service"] {
            assert_eq!(chain(none), [""; 0], "{none}");
        }
    }

    #[test]
    fn the_places_of_a_units_settings_are_known() {
        assert_eq!(
            drop_ins("web-api-v2@8080.service"),
            [
                "web-api-v2@8080.service.d",
                "web-api-v2@.service.d",
                "web-api-.service.d",
                "web-.service.d",
                "service.d"
            ]
        );
        assert_eq!(drop_ins("system.slice"), ["system.slice.d", "slice.d"]);
    }

    #[test]
    fn settings_add_up_and_an_empty_one_forgets() {
        let file = "[Unit]\nIPAddressDeny=1.2.3.4\n[Service]\n# IPAddressDeny=any\n\
                    IPAddressDeny=10.0.0.0/8 \\\n; between\n  192.168.0.0/16\nPrivateNetwork=yes\n";
        let more = "[Service]\nPrivateNetwork=no\nIPAddressAllow=localhost\n";
        let files = |list: &[&str]| -> Vec<(String, String)> {
            let named = list.iter().enumerate();
            named
                .map(|(at, text)| (format!("/etc/{at}"), (*text).to_owned()))
                .collect()
        };
        let words = |list: &[&str]| -> Vec<String> {
            settings(&files(list))
                .iter()
                .map(|one| {
                    let file = one.file.as_deref().unwrap();
                    format!("{file}:{} {}={}", one.line.unwrap(), one.key, one.value)
                })
                .collect()
        };
        assert_eq!(
            words(&[file, more]),
            [
                "/etc/0:5 IPAddressDeny=10.0.0.0/8 192.168.0.0/16",
                "/etc/1:2 PrivateNetwork=no",
                "/etc/1:3 IPAddressAllow=localhost",
            ]
        );
        assert_eq!(
            words(&[file, "[Service]\nIPAddressDeny=\nIPAddressDeny=any\n"]),
            ["/etc/0:8 PrivateNetwork=yes", "/etc/1:3 IPAddressDeny=any"]
        );
    }

    #[test]
    fn an_answer_of_systemd_is_read() {
        // After the documented format, not a recording.
        let answer = "IPAddressDeny=::/0 0.0.0.0/0\nIPAddressAllow=\nPrivateNetwork=no\n\
                      Id=web.service\n\nId=system.slice\nIPAddressDeny=\n";
        let told = told(answer);
        assert_eq!(told.len(), 2);
        assert_eq!(told[0].0, "web.service");
        assert_eq!(told[0].1[0].value, "::/0 0.0.0.0/0");
        assert_eq!(told[0].1.len() + told[1].1.len(), 1);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(\\PC|[\\[\\]=\\\\\n#;]|Service|IPAddressDeny){0,200}") {
            let _ = settings(&[(text.clone(), text.clone())]);
            let _ = told(&text);
            for unit in chain(&text) {
                prop_assert!(!unit.contains('/') && unit != "..");
            }
            let _ = (drop_ins(&text), file_names(&text));
        }
    }
}
