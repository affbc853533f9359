//! Small real-shaped projects: what their files say.
//!
//! Every folder of `tests/projects/` that holds an `expected.toml` is one: it is read
//! from the disk as `devdoctor` reads a project, and what is claimed is compared with
//! that file. `UPDATE=1 cargo test --test projects` rewrites them; read what it wrote.
//! `CASE=scripts` looks at the folders whose name contains that.

use std::path::{Path, PathBuf};
use std::time::Duration;

use devdoctor::facts::Known;
use devdoctor::sources::projects;

const EXPECTED: &str = "expected.toml";

/// Set where nothing else of the user's environment is.
const BARE: &str = "DEVDOCTOR_TEST_BARE";

/// The folders, by name.
fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects");
    let entries = std::fs::read_dir(&root).unwrap();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|folder| folder.join(EXPECTED).is_file());
    folders.sort();
    folders
}

/// What the project claims, as it is kept in the file.
fn claimed(folder: &Path) -> String {
    let root = folder.to_str().unwrap();
    match projects::claims(root, Duration::from_secs(20)) {
        Known::Seen(claims) => {
            let mut claims = (*claims).clone();
            // When a file was written is not what it says.
            claims.changed_s.clear();
            toml::to_string(&claims).unwrap()
        }
        Known::Unseen(gap) => panic!("{root} cannot be read: {gap:?}"),
    }
}

/// The variables of whoever runs the tests have a say in what a project's files mean, so
/// the reading is done by this same program in an environment of its own.
#[test]
fn every_project_says_what_is_expected() {
    if std::env::var_os(BARE).is_none() {
        let kept = ["UPDATE", "CASE", "PATH", "SYSTEMROOT", "LLVM_PROFILE_FILE"];
        let kept = kept.map(|name| Some((name, std::env::var_os(name)?)));
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "every_project_says_what_is_expected",
                "--nocapture",
            ])
            .env_clear()
            .envs(kept.into_iter().flatten())
            .env(BARE, "1")
            .status();
        assert!(status.unwrap().success(), "see above");
        return;
    }
    compare();
}

fn compare() {
    let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    let only = std::env::var("CASE").unwrap_or_default();
    let mut failures = Vec::new();
    let mut read = 0;
    for folder in cases() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        if !name.contains(&only) {
            continue;
        }
        read += 1;
        let found = claimed(&folder);
        let file = folder.join(EXPECTED);
        if update {
            std::fs::write(&file, &found).unwrap();
            continue;
        }
        let expected = std::fs::read_to_string(&file).unwrap();
        if expected != found {
            let diff = similar::TextDiff::from_lines(&expected, &found);
            let diff = diff.unified_diff().context_radius(4).to_string();
            failures.push(format!("tests/projects/{name}/{EXPECTED}\n{diff}"));
        }
    }
    assert!(read > 0, "no project is called `{only}`");
    assert!(
        failures.is_empty(),
        "{} of {read} projects say something else (- expected, + found):\n\n{}",
        failures.len(),
        failures.join("\n")
    );
}
