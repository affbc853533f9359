//! Vite's own `resolveConfig` for every `tests/projects/vite-*`.
//!
//! A folder's file `environment` holds the variables that the user has set; the command
//! is the script `dev` of its `package.json`. The port, the host, whether another port is
//! forbidden and where the proxy leads must be the same. What cannot be known without
//! running the file is unknown to us: each such setting is in a list here, and nothing
//! that is not may be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use devdoctor::facts::{Claims, SetBy};
use serde_json::{Value, json};

use crate::compose::{claims, environment};
use crate::machine::{pass_over, which};

/// What only running the file tells: the folder and the setting.
const UNKNOWN: &[(&str, &str)] = &[
    ("vite-computed-port", "port"),
    ("vite-computed-by-a-loop", "proxy"),
    ("vite-file-read", "port"),
    ("vite-unknown-spread", "port"),
];

/// The settings of a development server.
#[derive(Debug, Default, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Server {
    port: Option<u16>,
    host: Option<String>,
    strict: bool,
    proxy: Vec<String>,
}

#[test]
fn configurations_are_read_as_vite_reads_them() {
    let Some(packages) = packages() else {
        return pass_over(
            "vite",
            "it needs node, npm and the packages of tests/oracles/node",
        );
    };
    let folders = folders();
    assert!(folders.len() >= 20, "is the corpus whole?");
    let mut wrong = Vec::new();
    let mut unknown = Vec::new();
    for (folder, theirs) in folders.iter().zip(asked(&packages, &folders)) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let claims = claims(folder, &environment(folder));
        assert_eq!(claims.broken, [], "{name}");
        let (mut ours, not_known) = ours(&claims);
        for (_, setting) in UNKNOWN.iter().filter(|(of, _)| *of == name) {
            if not_known.contains(setting) {
                unknown.push((name, *setting));
            }
            match *setting {
                // A guess would be worse than none.
                "port" => ours.port = ours.port.or(theirs.port),
                _ if ours.proxy.is_empty() => ours.proxy.clone_from(&theirs.proxy),
                _ => {}
            }
        }
        if ours != theirs {
            wrong.push(format!("{name}\n  ours   {ours:?}\n  theirs {theirs:?}"));
        }
        let strange = not_known
            .iter()
            .filter(|key| !UNKNOWN.contains(&(name, key)));
        wrong.extend(strange.map(|key| format!("{name}: {key} is known to Vite")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let ports = UNKNOWN.iter().filter(|(_, setting)| *setting == "port");
    assert_eq!(
        unknown.len(),
        ports.count(),
        "some are known now: {unknown:?}"
    );
}

/// What we claim, and which settings we say cannot be known.
fn ours(claims: &Claims) -> (Server, Vec<&'static str>) {
    let [service] = &claims.services[..] else {
        panic!("one service is expected: {claims:?}");
    };
    let unknown = |word: &str| service.unknown.iter().any(|one| one.key.ends_with(word));
    let [expects] = &service.expects[..] else {
        panic!("one port is expected: {service:?}");
    };
    let mut proxy: Vec<_> = claims
        .pointers
        .iter()
        .filter(|pointer| pointer.key.contains("proxy"))
        .map(|pointer| format!("{}:{}", pointer.host, pointer.port))
        .collect();
    proxy.sort();
    let not_known = ["port", "host"].into_iter().filter(|key| unknown(key));
    let server = Server {
        // The default stands in for what cannot be known, and says that it is not certain.
        port: expects.port.filter(|_| {
            assert!(expects.by != SetBy::Default || !unknown("port") || !expects.certain);
            !unknown("port")
        }),
        host: expects.host.clone(),
        strict: service.strict.is_some(),
        proxy,
    };
    (server, not_known.collect())
}

// --- theirs -------------------------------------------------------------------

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects");
    let entries = std::fs::read_dir(root).unwrap();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|folder| {
        let name = folder.file_name().unwrap().to_string_lossy();
        name.starts_with("vite-")
    });
    folders.sort();
    folders
}

/// The folder with the packages, as the lock file has them; installed once.
fn packages() -> Option<PathBuf> {
    let (npm, _) = (which("npm")?, which("node")?);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kept = root.join("target/oracles/node");
    std::fs::create_dir_all(&kept).ok()?;
    let mut fresh = kept.join("node_modules/vite").is_dir();
    for file in ["package.json", "package-lock.json", "resolve.mjs"] {
        let wanted = std::fs::read(root.join("tests/oracles/node").join(file)).unwrap();
        let same = std::fs::read(kept.join(file)).is_ok_and(|there| there == wanted);
        fresh &= same || file == "resolve.mjs";
        std::fs::write(kept.join(file), wanted).unwrap();
    }
    if fresh {
        return Some(kept);
    }
    let installed = Command::new(npm)
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(&kept)
        .output()
        .is_ok_and(|output| output.status.success());
    if !installed {
        // What is half installed is not taken for whole the next time.
        let _ = std::fs::remove_file(kept.join("package-lock.json"));
    }
    installed.then_some(kept)
}

/// What Vite makes of copies of the folders beside its packages, where their imports
/// find them.
fn asked(packages: &Path, folders: &[PathBuf]) -> Vec<Server> {
    let copies = packages.join("projects");
    let _ = std::fs::remove_dir_all(&copies);
    let all: Vec<Value> = folders
        .iter()
        .map(|folder| {
            let copy = copies.join(folder.file_name().unwrap());
            copy_all(folder, &copy);
            let (mode, inline) = command(folder);
            let environment: BTreeMap<String, String> = environment(folder);
            json!({ "folder": copy, "mode": mode, "inline": inline, "environment": environment })
        })
        .collect();
    let output = Command::new(which("node").unwrap())
        .arg(packages.join("resolve.mjs"))
        .arg(Value::from(all).to_string())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let told: Vec<Server> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(told.len(), folders.len(), "{errors}");
    told
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The mode and the settings that the script's command hands to Vite.
fn command(folder: &Path) -> (String, Value) {
    let text = std::fs::read_to_string(folder.join("package.json")).unwrap();
    let package: Value = serde_json::from_str(&text).unwrap();
    let script = package["scripts"]["dev"].as_str().unwrap();
    let words: Vec<&str> = script.split(' ').collect();
    let value = |flag: &str| {
        let at = words.iter().position(|word| *word == flag)?;
        words.get(at + 1).copied()
    };
    let mut server = json!({});
    if let Some(port) = value("--port") {
        server["port"] = port.parse::<u16>().unwrap().into();
    }
    if let Some(host) = value("--host") {
        server["host"] = host.into();
    }
    if words.contains(&"--strictPort") {
        server["strictPort"] = true.into();
    }
    let mode = value("--mode").unwrap_or("development").to_owned();
    (mode, json!({ "server": server }))
}
