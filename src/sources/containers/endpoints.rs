//! Whom to ask: every engine that this user's tools would talk to.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::os;
use crate::facts::{EngineKind, Gap, clean};

/// An engine that may be asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Endpoint {
    /// `unix:///var/run/docker.sock`.
    pub url: String,
    /// What made us ask there.
    pub chosen_by: String,
    /// What it is likely to be.
    pub kind: EngineKind,
    /// Why it cannot be asked, where that is clear beforehand.
    pub gap: Option<Gap>,
    /// Whether nobody chose it: then its absence tells nothing.
    pub default: bool,
}

#[cfg(test)]
impl Endpoint {
    /// One that the user of a test has chosen.
    pub(super) fn chosen(url: String) -> Self {
        Endpoint {
            url,
            chosen_by: "DOCKER_HOST".to_owned(),
            kind: EngineKind::Docker,
            gap: None,
            default: false,
        }
    }
}

/// What the choice of an engine hangs on.
pub(super) struct Surroundings {
    /// Looks up a variable of the environment; empty ones are not there.
    pub variable: fn(&str) -> Option<String>,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// The folder of the user's own sockets.
    pub runtime_dir: Option<PathBuf>,
    /// The root of the file system.
    pub root: PathBuf,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_this_process() -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Surroundings {
            variable,
            home: std::env::home_dir(),
            runtime_dir: variable("XDG_RUNTIME_DIR")
                .map(PathBuf::from)
                .or_else(os::runtime_dir),
            root: PathBuf::from("/"),
        }
    }
}

/// Every engine to ask, the one that the user's tools use first. The same socket by
/// two names is asked once.
pub(super) fn find(around: &Surroundings) -> Vec<Endpoint> {
    let mut wanted = chosen(around);
    wanted.extend(defaults(around));
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for mut endpoint in wanted {
        let Some(path) = endpoint.url.strip_prefix("unix://").map(PathBuf::from) else {
            if !found
                .iter()
                .any(|other: &Endpoint| other.url == endpoint.url)
            {
                found.push(endpoint);
            }
            continue;
        };
        match os::identity(&path) {
            // One socket by two names is one engine.
            Ok(identity) => {
                if !seen.insert(identity) {
                    continue;
                }
            }
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                endpoint.gap = Some(Gap::Forbidden);
            }
            Err(_) if endpoint.default => continue,
            Err(_) => endpoint.gap = Some(Gap::NotRunning),
        }
        found.push(endpoint);
    }
    found
}

/// The engines that the user has chosen, by a variable or by the CLI's context.
fn chosen(around: &Surroundings) -> Vec<Endpoint> {
    let mut found = Vec::new();
    if let Some(host) = (around.variable)("DOCKER_HOST") {
        found.push(named(around, &host, "DOCKER_HOST", EngineKind::Docker));
    } else if let Some(context) = context(around) {
        found.push(context);
    }
    if let Some(host) = (around.variable)("CONTAINER_HOST") {
        found.push(named(around, &host, "CONTAINER_HOST", EngineKind::Podman));
    }
    found
}

/// An endpoint as a user writes it.
fn named(around: &Surroundings, host: &str, by: &str, kind: EngineKind) -> Endpoint {
    let host = host.trim();
    let url = if host.contains("://") {
        host.to_owned()
    } else {
        format!("tcp://{host}")
    };
    let tls = (around.variable)("DOCKER_TLS_VERIFY").is_some();
    let secure = url.starts_with("https://") || (url.starts_with("tcp://") && tls);
    let askable = ["unix://", "tcp://", "http://", "npipe://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    Endpoint {
        // Only credentials could stand before the `@`, and only of what is not asked.
        url: clean(&without_credentials(&url)),
        chosen_by: by.to_owned(),
        kind: if url.contains("podman") {
            EngineKind::Podman
        } else {
            kind
        },
        gap: (secure || !askable || is_elsewhere(&url)).then_some(Gap::Unsupported),
        default: false,
    }
}

/// Whether the engine is on another machine: what it publishes is published there, and
/// its containers are not behind any port of ours.
fn is_elsewhere(url: &str) -> bool {
    let network = ["tcp://", "http://"];
    let Some(authority) = network.iter().find_map(|scheme| url.strip_prefix(scheme)) else {
        return false;
    };
    let host = authority
        .trim_end_matches('/')
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host)
        .trim_matches(['[', ']']);
    !host.eq_ignore_ascii_case("localhost")
        && !host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

/// `ssh://me:secret@host` becomes `ssh://me@host`.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    match rest.split_once('@') {
        Some((user, host)) if !user.contains('/') => {
            let name = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{name}@{host}")
        }
        _ => url.to_owned(),
    }
}

/// The file `config.json` of the docker CLI, as far as it matters here.
#[derive(Deserialize)]
struct Config {
    #[serde(rename = "currentContext", default)]
    current_context: Option<String>,
}

/// A file `contexts/meta/<hash>/meta.json` of the docker CLI, as far as it matters here.
#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Endpoints", default)]
    endpoints: std::collections::HashMap<String, MetaEndpoint>,
}

#[derive(Deserialize)]
struct MetaEndpoint {
    #[serde(rename = "Host", default)]
    host: String,
}

/// The engine of the CLI's current context, unless that is the default one.
fn context(around: &Surroundings) -> Option<Endpoint> {
    let folder = match (around.variable)("DOCKER_CONFIG") {
        Some(folder) => PathBuf::from(folder),
        None => around.home.as_ref()?.join(".docker"),
    };
    let name = (around.variable)("DOCKER_CONTEXT").or_else(|| {
        let text = std::fs::read_to_string(folder.join("config.json")).ok()?;
        serde_json::from_str::<Config>(&text).ok()?.current_context
    })?;
    if name.is_empty() || name == "default" {
        return None;
    }
    let by = format!("context {}", clean(&name));
    let meta = metas(&folder).find(|meta| meta.name == name);
    let host = meta.and_then(|mut meta| Some(meta.endpoints.remove("docker")?.host));
    match host.filter(|host| !host.is_empty()) {
        Some(host) => Some(named(around, &host, &by, EngineKind::Docker)),
        None => Some(Endpoint {
            url: String::new(),
            chosen_by: by,
            kind: EngineKind::Docker,
            gap: Some(Gap::Failed("the context has no endpoint".to_owned())),
            default: false,
        }),
    }
}

/// Every context that the CLI knows.
fn metas(folder: &Path) -> impl Iterator<Item = Meta> {
    std::fs::read_dir(folder.join("contexts/meta"))
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let text = std::fs::read_to_string(entry.ok()?.path().join("meta.json")).ok()?;
            serde_json::from_str(&text).ok()
        })
}

/// The places where engines listen unless told otherwise.
fn defaults(around: &Surroundings) -> Vec<Endpoint> {
    use EngineKind::{Docker, Podman};
    let root = Some(&around.root);
    let home = around.home.as_ref();
    let runtime = around.runtime_dir.as_ref();
    let places = [
        (Docker, root, "var/run/docker.sock"),
        (Docker, home, ".docker/run/docker.sock"),
        (Docker, home, ".docker/desktop/docker.sock"),
        (Docker, runtime, "docker.sock"),
        (Docker, home, ".colima/default/docker.sock"),
        (Docker, home, ".orbstack/run/docker.sock"),
        (Docker, home, ".rd/docker.sock"),
        (Podman, runtime, "podman/podman.sock"),
        (Podman, root, "run/podman/podman.sock"),
    ];
    let sockets = places.into_iter().filter_map(|(kind, base, rest)| {
        let path = base?.join(rest);
        Some((kind, format!("unix://{}", path.display())))
    });
    let always = os::ALWAYS.iter().map(|url| (Docker, (*url).to_owned()));
    sockets
        .chain(always)
        .map(|(kind, url)| Endpoint {
            url,
            chosen_by: "default socket".to_owned(),
            kind,
            gap: None,
            default: true,
        })
        .collect()
}

#[cfg(test)]
#[path = "endpoints_tests.rs"]
mod tests;
