//! How compose puts files on top of each other: mappings by their keys, lists one after
//! the other, a few things by rules of their own; `!reset` and `!override`.

use crate::facts::Origin;
use crate::parsers::format::yaml::{Entry, Kind, Yaml};

/// A path of keys.
pub(super) type Path = Vec<String>;

/// Takes what is tagged `!reset` out of a file, and gives the paths that this file
/// takes away from, or puts in the place of, what stood there before.
pub(super) fn resets(file: &mut Yaml) -> Vec<Path> {
    let mut paths = Vec::new();
    reset(file, &mut Vec::new(), &mut paths);
    paths
}

fn reset(yaml: &mut Yaml, path: &mut Path, paths: &mut Vec<Path>) {
    match &mut yaml.kind {
        Kind::Table(entries) => entries.retain_mut(|entry| {
            path.push(entry.key.clone());
            let tag = entry.value.tag.take();
            let gone = tag.as_deref() == Some("!reset");
            if gone || tag.as_deref() == Some("!override") {
                paths.push(path.clone());
            }
            if !gone {
                reset(&mut entry.value, path, paths);
            }
            path.pop();
            !gone
        }),
        Kind::List(items) => items.retain(|item| item.tag.as_deref() != Some("!reset")),
        _ => {}
    }
}

/// Takes away what stands at a path.
pub(super) fn remove(tree: &mut Yaml, path: &[String]) {
    let (Some((key, rest)), Kind::Table(entries)) = (path.split_first(), &mut tree.kind) else {
        return;
    };
    if rest.is_empty() {
        entries.retain(|entry| entry.key != *key);
    } else {
        for entry in entries.iter_mut().filter(|entry| entry.key == *key) {
            remove(&mut entry.value, rest);
        }
    }
}

/// One whole file on top of another.
pub(super) fn files(base: Yaml, over: Yaml) -> Yaml {
    tables(base, over, &|base, over, key| {
        if key == "services" {
            tables(base, over, &|base, over, _| service(base, over))
        } else {
            value(base, over)
        }
    })
}

/// One service on top of another: of an override file, or of one that extends it.
pub(super) fn service(base: Yaml, over: Yaml) -> Yaml {
    tables(base, over, &|base, over, key| match key {
        "command" | "entrypoint" => over,
        "environment" => value(keyed(base), keyed(over)),
        "build" => value(build(base), build(over)),
        "env_file" => value(listed(base), listed(over)),
        _ => value(base, over),
    })
}

/// Two tables by their keys; what they both have by `both`.
fn tables(mut base: Yaml, over: Yaml, both: &dyn Fn(Yaml, Yaml, &str) -> Yaml) -> Yaml {
    let (Kind::Table(entries), Kind::Table(others)) = (&mut base.kind, over.kind.clone()) else {
        return if over.kind == Kind::Null { base } else { over };
    };
    for other in others {
        match entries.iter_mut().find(|entry| entry.key == other.key) {
            None => entries.push(other),
            Some(entry) => {
                let before = std::mem::replace(&mut entry.value, nothing(&other.at));
                entry.value = both(before, other.value, &other.key);
            }
        }
    }
    base
}

fn value(mut base: Yaml, over: Yaml) -> Yaml {
    match (&mut base.kind, &over.kind) {
        (Kind::Table(_), Kind::Table(_)) => tables(base, over, &|base, over, _| value(base, over)),
        (Kind::List(items), Kind::List(_)) => {
            if let Kind::List(others) = over.kind {
                items.extend(others);
            }
            base
        }
        (Kind::Table(_) | Kind::List(_), Kind::Null) => base,
        _ => over,
    }
}

fn nothing(origin: &Origin) -> Yaml {
    Yaml {
        kind: Kind::Null,
        origin: origin.clone(),
        written: String::new(),
        tag: None,
    }
}

/// A list of `KEY=value` as the table that it means.
pub(super) fn keyed(mut yaml: Yaml) -> Yaml {
    if let Kind::List(items) = &yaml.kind {
        let mut entries: Vec<Entry> = Vec::new();
        for item in items {
            let Some(text) = item.plain() else { continue };
            let (key, kind) = match text.split_once('=') {
                Some((key, value)) => (key, Kind::Text(value.to_owned())),
                None => (text, Kind::Null),
            };
            entries.push(Entry {
                key: key.to_owned(),
                at: item.origin.clone(),
                value: Yaml {
                    kind,
                    ..item.clone()
                },
            });
        }
        yaml.kind = Kind::Table(entries);
    }
    yaml
}

/// `build: ./web` as the table that it means.
pub(super) fn build(mut yaml: Yaml) -> Yaml {
    if let Kind::Text(_) = yaml.kind {
        let origin = yaml.origin.clone();
        let context = Entry {
            key: "context".to_owned(),
            at: origin.clone(),
            value: yaml,
        };
        yaml = nothing(&origin);
        yaml.kind = Kind::Table(vec![context]);
    }
    yaml
}

/// One value as the list that it means.
pub(super) fn listed(mut yaml: Yaml) -> Yaml {
    if let Kind::Text(_) | Kind::Table(_) = yaml.kind {
        let origin = yaml.origin.clone();
        let items = vec![yaml];
        yaml = nothing(&origin);
        yaml.kind = Kind::List(items);
    }
    yaml
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parsers::format::yaml::tagged;

    fn read(text: &str) -> Yaml {
        tagged("a.yaml", text).unwrap().remove(0)
    }

    fn over(base: &str, other: &str) -> Yaml {
        let (mut base, mut other) = (read(base), read(other));
        for path in resets(&mut other) {
            remove(&mut base, &path);
        }
        files(base, other)
    }

    fn texts(yaml: &Yaml) -> Vec<&str> {
        yaml.items().iter().filter_map(Yaml::plain).collect()
    }

    #[test]
    fn lists_are_joined_and_commands_replaced() {
        let all = over(
            "services: { web: { ports: ['1:1'], command: [a, b], environment: [A=1, B=2] } }",
            "services: { web: { ports: ['2:2'], command: c, environment: { B: 3 } } }",
        );
        let web = all.get("services").unwrap().get("web").unwrap();
        assert_eq!(texts(web.get("ports").unwrap()), ["1:1", "2:2"]);
        assert_eq!(web.get("command").unwrap().plain(), Some("c"));
        let environment = web.get("environment").unwrap();
        assert_eq!(environment.get("A").unwrap().plain(), Some("1"));
        assert_eq!(environment.get("B").unwrap().plain(), Some("3"));
    }

    #[test]
    fn override_replaces_and_reset_takes_away() {
        let base = "services: { web: { ports: ['1:1'], expose: [5] }, db: { ports: ['9:9'] } }";
        let all = over(
            base,
            "services:\n  web:\n    ports: !override ['2:2']\n    expose: !reset []\n  db: !reset null",
        );
        let services = all.get("services").unwrap();
        let web = services.get("web").unwrap();
        assert_eq!(texts(web.get("ports").unwrap()), ["2:2"]);
        assert_eq!(web.get("expose"), None);
        assert_eq!(services.get("db"), None);
    }

    #[test]
    fn nothing_over_something_leaves_it() {
        let all = over(
            "services: { web: { ports: [1] } }",
            "services: { web: { ports: } }",
        );
        let ports = all.get("services").unwrap().get("web").unwrap();
        assert_eq!(texts(ports.get("ports").unwrap()), ["1"]);
    }
}
