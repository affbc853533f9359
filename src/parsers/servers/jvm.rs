//! `application.properties` and `application.yml`: Spring Boot, Quarkus, Micronaut.

use super::{add, default, expects, has, service, take_host};
use crate::facts::{Claims, Origin, SetBy, UnknownSetting};
use crate::parsers::context::{Context, folder, join, name};
use crate::parsers::format;
use crate::parsers::pointers::{self, Setting, is_here};
use crate::parsers::tree::{Node, Value};

/// A framework that is configured so.
struct Kind {
    key: &'static str,
    /// What in the build file tells it.
    build: &'static [&'static str],
    port: &'static str,
    host: &'static str,
    /// The variables of the environment that set the same.
    port_variable: &'static str,
    host_variable: &'static str,
    /// What names the profile, and the one without.
    profile: (&'static str, &'static str, &'static str),
    /// The arguments of Maven and of Gradle that start it.
    maven: &'static str,
    gradle: &'static str,
}

const KINDS: &[Kind] = &[
    Kind {
        key: "spring-boot",
        build: &[
            "spring-boot-starter-web",
            "spring-boot-starter-webmvc",
            "spring-boot-starter-webflux",
            "spring-boot-starter-jersey",
        ],
        port: "server.port",
        host: "server.address",
        port_variable: "SERVER_PORT",
        host_variable: "SERVER_ADDRESS",
        profile: ("spring.profiles.active", "SPRING_PROFILES_ACTIVE", ""),
        maven: "spring-boot:run",
        gradle: "bootRun",
    },
    Kind {
        key: "quarkus",
        build: &["quarkus-"],
        port: "quarkus.http.port",
        host: "quarkus.http.host",
        port_variable: "QUARKUS_HTTP_PORT",
        host_variable: "QUARKUS_HTTP_HOST",
        profile: ("quarkus.profile", "QUARKUS_PROFILE", "dev"),
        maven: "quarkus:dev",
        gradle: "quarkusDev",
    },
    Kind {
        key: "micronaut",
        build: &["micronaut-http-server"],
        port: "micronaut.server.port",
        host: "micronaut.server.host",
        port_variable: "MICRONAUT_SERVER_PORT",
        host_variable: "MICRONAUT_SERVER_HOST",
        profile: ("micronaut.environments", "MICRONAUT_ENVIRONMENTS", ""),
        maven: "mn:run",
        gradle: "run",
    },
];

/// All three take this one.
const PORT: u16 = 8080;

/// The endings, the strongest first.
const ENDINGS: &[&str] = &["properties", "yml", "yaml"];

/// Files that tell how a module is built.
const BUILDS: &[&str] = &["pom.xml", "build.gradle", "build.gradle.kts"];

/// Whether this is the configuration of an application.
pub fn takes(name: &str) -> bool {
    ENDINGS
        .iter()
        .any(|ending| name.strip_prefix("application.") == Some(ending))
}

/// Adds the application that this file configures.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let within = folder(path);
    if within.ends_with("src/test/resources") {
        return;
    }
    let names = cx.files.names(within);
    let first = ENDINGS.iter().map(|ending| format!("application.{ending}"));
    // Several of them are one application.
    if first
        .into_iter()
        .find(|first| has(&names, first))
        .as_deref()
        != Some(name(path))
    {
        return;
    }
    let module = ["src/main/resources", "config", ""]
        .iter()
        .find_map(|below| within.strip_suffix(below))
        .unwrap_or(within)
        .trim_end_matches('/');
    let base = files(cx, within, "application", claims);
    let Some(kind) = kind(cx, module, &base) else {
        return;
    };
    let (setting, variable, without) = kind.profile;
    let named = cx.environment.get(variable).cloned();
    let named = named.or_else(|| Some(find(&base, setting)?.text()?.to_owned()));
    let named = named.unwrap_or_else(|| without.to_owned());
    // The last profile is the strongest.
    let profiles: Vec<&str> = named.split(',').map(str::trim).rev().collect();
    let profiles = profiles.into_iter().filter(|profile| !profile.is_empty());
    let mut trees = Vec::new();
    for profile in profiles {
        trees.extend(files(cx, within, &format!("application-{profile}"), claims));
        // Quarkus keeps the settings of a profile in the same file, too.
        for tree in base.iter().filter(|_| kind.key == "quarkus") {
            trees.extend(tree.get(&format!("%{profile}")).cloned());
            trees.push(below_prefix(tree, &format!("%{profile}.")));
        }
    }
    trees.extend(base);
    dialled(cx, &trees, claims);
    if let Some(made) = application(cx, kind, module, path, &trees) {
        add(claims, made);
    }
}

fn application(
    cx: &Context<'_>,
    kind: &Kind,
    module: &str,
    path: &str,
    trees: &[Value],
) -> Option<crate::facts::Service> {
    let web = find(trees, "spring.main.web-application-type");
    if kind.key == "spring-boot" && web.and_then(Value::text) == Some("none") {
        return None;
    }
    let origin = Origin {
        file: path.to_owned(),
        line: 1,
        column: 1,
    };
    let start = start(cx, module, kind);
    let start: Vec<&str> = start.iter().map(String::as_str).collect();
    let mut made = service(kind.key, module, &origin, &start);
    made.framework = Some(kind.key.to_owned());

    let in_environment = |name: &str| cx.environment.get(name).map(String::as_str);
    let port = find(trees, kind.port);
    if let Some(port) = in_environment(kind.port_variable).and_then(|port| port.parse().ok()) {
        let mut wanted = default(port, &origin);
        wanted.by = SetBy::Variable;
        wanted.key = kind.port_variable.to_owned();
        made.expects.push(wanted);
    } else if let Some(value) = port {
        match resolved(cx, trees, value) {
            // -1 is no server; for Micronaut, any port.
            Ok(text) if text == "-1" && kind.key == "spring-boot" => return None,
            Ok(text) if text == "-1" => made.expects.push(expects(kind.port, value, None)),
            Ok(text) => match text.parse() {
                Ok(port) => made.expects.push(expects(kind.port, value, Some(port))),
                Err(_) => made
                    .unknown
                    .push(unknown(kind.port, value, "it is not a port")),
            },
            Err(why) => made.unknown.push(unknown(kind.port, value, &why)),
        }
    } else {
        made.expects.push(default(PORT, &origin));
    }
    if let Some(host) = in_environment(kind.host_variable) {
        for wanted in &mut made.expects {
            wanted.host = Some(host.to_owned());
        }
    } else if let Some(value) = find(trees, kind.host) {
        match resolved(cx, trees, value) {
            Ok(host) => {
                let node = Node::Text(host);
                let value = Value {
                    node,
                    ..value.clone()
                };
                take_host(&mut made, kind.host, &value);
            }
            Err(why) => made.unknown.push(unknown(kind.host, value, &why)),
        }
    }
    // The port of the endpoints for watching it, where that is another.
    if let Some(value) = find(trees, "management.server.port")
        && let Ok(Ok(port)) = resolved(cx, trees, value).map(|text| text.parse::<u16>())
    {
        made.expects
            .push(expects("management.server.port", value, Some(port)));
    }
    Some(made)
}

/// Adds the servers of this machine that URLs in the settings name: `spring.datasource.url`.
fn dialled(cx: &Context<'_>, trees: &[Value], claims: &mut Claims) {
    let mut told: Vec<String> = Vec::new();
    for tree in trees {
        let mut open: Vec<(String, &Value)> = vec![(String::new(), tree)];
        while let Some((path, value)) = open.pop() {
            for (key, below) in value.entries().iter().rev() {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                open.push((path, below));
            }
            // What a stronger file sets holds.
            if !value.text().is_some_and(|text| text.contains("://")) || told.contains(&path) {
                continue;
            }
            let Ok(text) = resolved(cx, trees, value) else {
                continue;
            };
            let setting = Setting {
                service: "",
                key: &path,
                value: &text,
                origin: &value.origin,
                written: &value.written,
                inside: false,
            };
            claims.pointers.extend(pointers::of(&setting, &is_here));
            told.push(path);
        }
    }
}

fn unknown(key: &str, value: &Value, why: &str) -> UnknownSetting {
    UnknownSetting {
        key: key.to_owned(),
        origin: value.origin.clone(),
        why: why.to_owned(),
    }
}

/// The files of a name, the strongest first.
fn files(cx: &Context<'_>, within: &str, stem: &str, claims: &mut Claims) -> Vec<Value> {
    let paths = ENDINGS
        .iter()
        .filter_map(|ending| join(within, &format!("{stem}.{ending}")));
    paths
        .filter_map(|path| format::open(cx, &path, claims))
        .collect()
}

/// What is built with this file's module: by its build file, or else by what is set.
fn kind(cx: &Context<'_>, module: &str, trees: &[Value]) -> Option<&'static Kind> {
    let builds = BUILDS.iter().filter_map(|name| {
        let text = cx.files.text(&join(module, name)?).ok()?;
        Some(text)
    });
    let builds: Vec<_> = builds.collect();
    let by_build = KINDS.iter().find(|kind| {
        let mut words = kind.build.iter();
        words.any(|word| builds.iter().any(|text| text.contains(word)))
    });
    by_build.or_else(|| KINDS.iter().find(|kind| find(trees, kind.port).is_some()))
}

/// The command that starts a module: the wrapper of its build tool, if it has one here.
fn start(cx: &Context<'_>, module: &str, kind: &Kind) -> Vec<String> {
    let names = cx.files.names(module);
    let gradle = has(&names, "build.gradle") || has(&names, "build.gradle.kts");
    let (wrapper, tool, task) = if gradle {
        ("gradlew", "gradle", kind.gradle)
    } else {
        ("mvnw", "mvn", kind.maven)
    };
    if !gradle && !has(&names, "pom.xml") {
        return Vec::new();
    }
    let program = if has(&names, wrapper) {
        format!("./{wrapper}")
    } else {
        tool.to_owned()
    };
    vec![program, task.to_owned()]
}

/// A setting in the strongest tree that has it.
fn find<'a>(trees: &'a [Value], path: &str) -> Option<&'a Value> {
    trees.iter().find_map(|tree| below(tree, path, 0))
}

/// A setting by its path, whatever of it is one key with dots and what are tables.
fn below<'a>(tree: &'a Value, path: &str, depth: usize) -> Option<&'a Value> {
    if depth > 16 {
        return None;
    }
    tree.entries().iter().rev().find_map(|(key, value)| {
        if key == path {
            return Some(value);
        }
        let rest = path.strip_prefix(key.as_str())?.strip_prefix('.')?;
        below(value, rest, depth + 1)
    })
}

/// The settings whose keys begin so, without that.
fn below_prefix(tree: &Value, prefix: &str) -> Value {
    let entries = tree.entries().iter();
    let own = entries.filter_map(|(key, value)| {
        let key = key.strip_prefix(prefix)?;
        Some((key.to_owned(), value.clone()))
    });
    Value {
        node: Node::Table(own.collect()),
        origin: tree.origin.clone(),
        written: String::new(),
    }
}

/// How many placeholders are followed in one value.
const MOST_PLACEHOLDERS: usize = 32;

/// A setting with its placeholders (`${PORT:8080}`) replaced; why it cannot be.
fn resolved(cx: &Context<'_>, trees: &[Value], value: &Value) -> Result<String, String> {
    let mut text = match &value.node {
        Node::Text(text) => text.trim().to_owned(),
        Node::Number(number) => number.to_string(),
        Node::Unknown(why) => return Err(why.clone()),
        _ => return Err("it is not a port".to_owned()),
    };
    for _ in 0..MOST_PLACEHOLDERS {
        // The innermost first.
        let Some(from) = text.rfind("${") else {
            return Ok(text);
        };
        let Some(end) = text[from..].find('}') else {
            return Ok(text);
        };
        let inner = &text[from + 2..from + end];
        let (key, other) = match inner.split_once(':') {
            Some((key, other)) => (key, Some(other)),
            None => (inner, None),
        };
        let as_variable = key.to_ascii_uppercase().replace(['.', '-'], "_");
        let set = cx.environment.get(key);
        let set = set.or_else(|| cx.environment.get(&as_variable)).cloned();
        let set = set.or_else(|| match &find(trees, key)?.node {
            Node::Text(text) => Some(text.clone()),
            Node::Number(number) => Some(number.to_string()),
            _ => None,
        });
        let Some(put) = set.or_else(|| other.map(str::to_owned)) else {
            return Err(format!("`{key}` is not set"));
        };
        text.replace_range(from..=from + end, put.trim());
    }
    Err("its placeholders refer to each other".to_owned())
}

#[cfg(test)]
#[path = "jvm_tests.rs"]
mod tests;
