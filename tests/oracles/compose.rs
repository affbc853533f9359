//! `docker compose config` for every `tests/projects/compose-*`.
//!
//! A folder's file `environment` holds the variables that the user has set. Where the
//! compose tool refuses the files, we must say that something is wrong with them; where
//! it takes them, every service must have the same ports, profiles and name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use devdoctor::facts::{Claims, Proto};
use devdoctor::parsers::{self, Context, Files, Unreadable};
use serde_json::Value;

use crate::machine::{self, pass_over};

/// A published port: host, port, port inside, protocol.
type Port = (String, Option<u16>, u16, &'static str);

/// What a project is, for both sides.
#[derive(Debug, Default, PartialEq)]
struct Project {
    name: String,
    services: BTreeMap<String, Service>,
}

#[derive(Debug, Default, PartialEq)]
struct Service {
    ports: BTreeSet<Port>,
    profiles: BTreeSet<String>,
    /// Whether it runs with the profiles that are on.
    on: bool,
}

#[test]
fn compose_files_are_read_as_compose_reads_them() {
    let Some(tool) = machine::compose() else {
        return pass_over("compose", "it needs the compose tool (tests/run brings it)");
    };
    let only = std::env::var("CASE").unwrap_or_default();
    let mut wrong = Vec::new();
    let (mut taken, mut refused) = (0, 0);
    for folder in folders() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        if !name.contains(&only) {
            continue;
        }
        let environment = environment(&folder);
        let claims = claims(&folder, &environment);
        match asked(&tool, &folder, &environment) {
            Ok(theirs) => {
                taken += 1;
                let ours = ours(&claims);
                if ours != theirs || !claims.broken.is_empty() {
                    let broken = &claims.broken;
                    wrong.push(format!(
                        "{name}\n  ours   {ours:?}\n  theirs {theirs:?}\n  {broken:?}"
                    ));
                }
            }
            Err(why) => {
                refused += 1;
                if claims.broken.is_empty() {
                    wrong.push(format!("{name}: compose refuses it: {why}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        !only.is_empty() || (taken >= 30 && refused >= 8),
        "{taken} projects were taken and {refused} refused: is the corpus whole?"
    );
}

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects");
    let entries = std::fs::read_dir(root).unwrap();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|folder| {
        let name = folder.file_name().unwrap().to_string_lossy();
        // Without a file that the tool would find by itself, there is nothing to ask.
        name.starts_with("compose-") && name != "compose-only-an-unusual-name"
    });
    folders.sort();
    folders
}

pub(crate) fn environment(folder: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(folder.join("environment")).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
}

// --- theirs -------------------------------------------------------------------

fn asked(
    tool: &[PathBuf],
    folder: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<Project, String> {
    let run = |words: &[&str]| -> Output {
        let mut command = Command::new(&tool[0]);
        command.args(&tool[1..]).args(words).current_dir(folder);
        let kept = ["PATH", "HOME", "DOCKER_CONFIG"];
        let kept = kept.map(|name| Some((name, std::env::var_os(name)?)));
        command
            .env_clear()
            .envs(kept.into_iter().flatten())
            .envs(environment);
        command.output().unwrap()
    };
    let told = |output: Output| {
        if output.status.success() {
            Ok(String::from_utf8(output.stdout).unwrap())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    };
    let all = told(run(&["--profile", "*", "config", "--format", "json"]))?;
    let on = told(run(&["config", "--services"]))?;
    let on: BTreeSet<&str> = on.lines().collect();
    let all: Value = serde_json::from_str(&all).unwrap();
    let services = all["services"].as_object().cloned().unwrap_or_default();
    let services = services.iter().map(|(name, says)| {
        let texts = |key: &str| -> BTreeSet<String> {
            let items = says[key].as_array().into_iter().flatten();
            items
                .map(|item| item.as_str().unwrap().to_owned())
                .collect()
        };
        let service = Service {
            ports: ports(says),
            profiles: texts("profiles"),
            on: on.contains(name.as_str()),
        };
        (name.clone(), service)
    });
    Ok(Project {
        name: all["name"].as_str().unwrap().to_owned(),
        services: services.collect(),
    })
}

fn ports(service: &Value) -> BTreeSet<Port> {
    // The engine discards what a container without a network of its own would publish.
    if service
        .get("network_mode")
        .is_some_and(|mode| !mode.is_null())
    {
        return BTreeSet::new();
    }
    let items = service["ports"].as_array().into_iter().flatten();
    let port = |item: &Value| {
        let proto = match item["protocol"].as_str().unwrap_or("tcp") {
            "tcp" => "tcp",
            "udp" => "udp",
            other => panic!("{other}"),
        };
        // A range is for the engine to choose from, and so is port 0.
        let published = item["published"]
            .as_str()
            .and_then(|text| text.parse().ok());
        (
            item["host_ip"].as_str().unwrap_or_default().to_owned(),
            published.filter(|port| *port != 0),
            u16::try_from(item["target"].as_u64().unwrap()).unwrap(),
            proto,
        )
    };
    items.map(port).collect()
}

// --- ours ---------------------------------------------------------------------

/// The files below a folder.
struct OnDisk(PathBuf);

impl Files for OnDisk {
    fn text(&self, path: &str) -> Result<Arc<str>, Unreadable> {
        let text = std::fs::read_to_string(self.0.join(path));
        text.map(Arc::from).map_err(|_| Unreadable::Missing)
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.join(folder)).into_iter().flatten();
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries.map(|e| name(e).into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn root(&self) -> Option<&str> {
        self.0.to_str()
    }
}

/// What we say of the folder itself; those below it are not what the tool is asked about.
pub(crate) fn claims(folder: &Path, environment: &BTreeMap<String, String>) -> Claims {
    let files = OnDisk(folder.to_owned());
    let names = files.names("");
    let cx = Context {
        files: &files,
        environment,
    };
    let taken: Vec<_> = names.iter().filter(|name| parsers::takes(name)).collect();
    parsers::read(&cx, &taken)
}

fn ours(claims: &Claims) -> Project {
    let compose = claims
        .services
        .iter()
        .filter(|s| s.compose_project.is_some());
    let name = compose
        .clone()
        .next()
        .and_then(|s| s.compose_project.clone());
    let services = compose.map(|service| {
        let port = |wants: &devdoctor::facts::Expectation| {
            let proto = match wants.protocol {
                Proto::Tcp => "tcp",
                Proto::Udp => "udp",
            };
            let host = wants.host.clone().unwrap_or_default();
            (host, wants.port, wants.target.unwrap(), proto)
        };
        let said = Service {
            ports: service.expects.iter().map(port).collect(),
            profiles: service.profiles.iter().cloned().collect(),
            on: service.is_on(),
        };
        (service.name.clone(), said)
    });
    Project {
        services: services.collect(),
        name: name.unwrap_or_default(),
    }
}
