//! The user's own frameworks, in a file beside the settings.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ROW: &str = r#"
[[framework]]
key = "frobnicate"
title = "Frobnicate"
server = "frobnicate serve"
port = 4700
flags.port = ["--at"]
example = ["frobnicate", "serve"]
recognise = [{ program = "frobnicate", words = ["serve"] }]
"#;

/// A folder of one test's own, removed at its end: a project, and the settings beside it.
struct Place(PathBuf);

impl Place {
    fn new(name: &str, frameworks: &str) -> Self {
        let name = format!("devdoctor-frameworks-{name}-{}", std::process::id());
        let place = Place(std::env::temp_dir().join(name));
        place.write("config/devdoctor/frameworks.toml", frameworks);
        place.write("shop/.git/HEAD", "");
        place.write(
            "shop/package.json",
            r#"{ "name": "shop", "scripts": { "dev": "frobnicate serve --at 4711" } }"#,
        );
        place
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn check(&self, config: &Path) -> Output {
        Command::new(env!("CARGO_BIN_EXE_devdoctor"))
            .args(["check", "--json"])
            .env("XDG_CONFIG_HOME", config)
            .current_dir(self.0.join("shop"))
            .output()
            .unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_framework_of_the_users_own_is_read_like_ours() {
    let place = Place::new("own", ROW);
    let service = |config: &str| {
        let output = place.check(&place.0.join(config));
        let text = String::from_utf8(output.stdout).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        json["services"][0].clone()
    };
    let known = service("config");
    assert_eq!(known["framework"], "frobnicate", "{known}");
    assert_eq!(known["expects"][0]["port"], 4711, "{known}");
    // Without the file nobody knows what it is.
    let unknown = service("elsewhere");
    assert_eq!(unknown["framework"], serde_json::Value::Null, "{unknown}");
}

#[test]
fn a_mistake_in_it_is_told_with_its_place() {
    let place = Place::new("broken", &ROW.replace("title", "titel"));
    let output = place.check(&place.0.join("config"));
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("frameworks.toml:4:1"), "{error}");
    assert!(error.contains("titel"), "{error}");
}
