//! `supabase/config.toml`: the ports of a local Supabase, whose parts run in containers.

use super::{default, service, take_port};
use crate::facts::{Claims, Runs};
use crate::parsers::context::{Context, folder, name};
use crate::parsers::format;
use crate::parsers::tree::{Node, Value};

/// The parts: the table, the key of its port, the port without a setting, and whether
/// it runs unless the file says otherwise.
const PARTS: &[(&str, &str, u16, bool)] = &[
    ("api", "port", 54321, true),
    ("db", "port", 54322, true),
    ("studio", "port", 54323, true),
    ("inbucket", "port", 54324, true),
    ("analytics", "port", 54327, true),
    ("db.pooler", "port", 54329, false),
];

/// Whether this may be Supabase's file.
pub fn takes(name: &str) -> bool {
    name == "config.toml"
}

/// Adds the parts that this file configures.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let within = folder(path);
    if name(within) != "supabase" {
        return;
    }
    let Some(tree) = format::open(cx, path, claims) else {
        return;
    };
    // It is started from the folder above.
    let above = folder(within);
    for (table, key, port, runs) in PARTS {
        let Some(part) = tree.at(table) else {
            continue;
        };
        let on = part.get("enabled").and_then(Value::flag).unwrap_or(*runs);
        if !on {
            continue;
        }
        let mut made = service("", above, &part.origin, &["supabase", "start"]);
        made.name = format!("supabase-{}", table.rsplit('.').next().unwrap_or(table));
        made.runs = Runs::Container;
        made.group = Some(path.to_owned());
        match part.get(key) {
            Some(value) => {
                let value = from_environment(cx, value);
                take_port(&mut made, &format!("{table}.{key}"), &value);
            }
            None => made.expects.push(default(*port, &part.origin)),
        }
        claims.services.push(made);
    }
}

/// A value that is `env(NAME)` is that variable's.
fn from_environment(cx: &Context<'_>, value: &Value) -> Value {
    let named = value
        .text()
        .and_then(|text| text.strip_prefix("env(")?.strip_suffix(')'));
    let node = match named {
        None => value.node.clone(),
        Some(name) => match cx.environment.get(name) {
            Some(set) => Node::Text(set.clone()),
            None => Node::Unknown(format!("the variable {name} is not set")),
        },
    };
    Value {
        node,
        ..value.clone()
    }
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    #[test]
    fn each_part_has_its_port() {
        let text = "project_id = \"x\"\n[api]\nport = 64321\n[db]\nport = \"env(DB)\"\n[db.pooler]\nenabled = false\n[studio]\nenabled = false\n[inbucket]\nenabled = true\n";
        let files = Held::new([("supabase/config.toml", text), (".cargo/config.toml", text)]);
        let claims = files.claims_with(&[("DB", "64322")]);
        let told: Vec<_> = claims
            .services
            .iter()
            .map(|s| format!("{} {:?} {}", s.name, s.port(), s.expects[0].origin))
            .collect();
        assert_eq!(
            told,
            [
                "supabase-api Some(64321) supabase/config.toml:3:8",
                "supabase-db Some(64322) supabase/config.toml:5:8",
                "supabase-inbucket Some(54324) supabase/config.toml:10:1",
            ]
        );
        let unknown = files.claims();
        assert_eq!(unknown.services[1].unknown[0].key, "db.port");
    }
}
