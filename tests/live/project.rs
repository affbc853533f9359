//! What a project's files say, of each other and of what really runs.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::stage::{Stage, stories};

/// A project of these files.
fn project(stage: &Stage, files: &[(&str, &str)]) -> std::path::PathBuf {
    let folder = stage.folder().join("shop");
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// What `devdoctor check` says of it.
fn checked(folder: &Path) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_devdoctor"))
        .args(["check", "--json"])
        .current_dir(folder)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What `devdoctor check` finds in it under this code.
fn check(folder: &Path, code: &str) -> Value {
    let report = checked(folder);
    let findings = report["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["code"] == code);
    found
        .unwrap_or_else(|| panic!("no {code} in {report:#}"))
        .clone()
}

fn says(finding: &Value, words: &str) {
    let says = finding["says"].as_str().unwrap();
    assert!(says.contains(words), "no {words:?} in {says:?}");
}

stories! {
    fn two_services_of_a_compose_file_want_one_port(stage) {
        let compose = "services:\n  web:\n    image: web\n    ports: [\"8080:80\"]\n  \
                       api:\n    image: api\n    ports: [\"8080:3000\"]\n";
        let folder = project(stage, &[("compose.yaml", compose)]);
        let found = check(&folder, "DD801");
        says(&found, "8080");
        says(&found, "web");
        says(&found, "api");
    }

    fn a_port_in_a_file_that_next_reads_too_late(stage) {
        let package = r#"{ "name": "shop", "scripts": { "dev": "next dev" } }"#;
        let folder = project(stage, &[("package.json", package), (".env", "PORT=4000\n")]);
        says(&check(&folder, "DD803"), "PORT");
    }

    fn a_proxy_of_vite_leads_to_nobody_of_this_project(stage) {
        let package = r#"{ "name": "shop", "scripts": { "dev": "vite", "api": "next dev -p 8000" } }"#;
        let config = "export default { server: { proxy: { '/api': 'http://localhost:9000' } } }\n";
        let folder = project(stage, &[("package.json", package), ("vite.config.ts", config)]);
        says(&check(&folder, "DD804"), "9000");
    }

    fn a_file_that_cannot_be_read(stage) {
        let folder = project(stage, &[("package.json", "{ \"scripts\": { \"dev\": \"vite\" \n")]);
        says(&check(&folder, "DD805"), "package.json");
    }

    fn the_server_listens_elsewhere_than_its_file_says(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let package = r#"{ "name": "shop", "scripts": { "dev": "python3 -m http.server 8000 --bind 0.0.0.0" } }"#;
        let folder = project(stage, &[("package.json", package)]);
        let words = ["python3", "-u", "-m", "http.server", "8000", "--bind", "127.0.0.1"];
        let _server = stage.program(&words, &folder, "Serving");
        says(&check(&folder, "DD802"), "0.0.0.0");
    }

    fn an_example_counts_where_its_server_runs(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let package = r#"{ "name": "shop", "scripts": { "dev": "python3 -m http.server 4123" } }"#;
        let krate = ("Cargo.toml", "[package]\nname = \"shop\"\n");
        let folder = project(stage, &[krate, ("examples/cart/package.json", package)]);
        let report = checked(&folder);
        assert_eq!(report["services"], serde_json::json!([]), "{report:#}");
        assert_eq!(report["left_out"][0]["path"], "examples", "{report:#}");
        let words = ["python3", "-u", "-m", "http.server", "4123"];
        let _server = stage.program(&words, &folder.join("examples/cart"), "Serving");
        let report = checked(&folder);
        assert_eq!(report["services"][0]["state"], "as-expected", "{report:#}");
    }
}
