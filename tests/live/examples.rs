//! Every row of `examples/README.md`, done as it says.

use std::fs;
use std::path::Path;

use crate::machine::search_path;
use crate::stage::{Stage, stories};

/// A row of the table.
struct Row {
    folder: String,
    start: Option<String>,
    ask: String,
    code: String,
}

fn rows() -> Vec<Row> {
    let readme = include_str!("../../examples/README.md");
    let rows = readme
        .lines()
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [folder, start, ask, answer] = cells[..] else {
                panic!("not four cells: {line}");
            };
            let words = |cell: &str| cell.trim_matches('`').to_owned();
            Row {
                folder: words(folder),
                start: (!start.is_empty()).then(|| words(start)),
                ask: words(ask),
                code: answer.split(':').next().unwrap_or_default().to_owned(),
            }
        })
        .collect()
}

/// Does what a row says and fails if the first finding is another.
fn try_out(stage: &Stage, row: &Row) {
    // A copy outside of this repository, which is a project itself.
    let folder = stage.folder().join(&row.folder);
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("examples")
            .join(&row.folder),
        &folder,
    );
    let _server = row.start.as_ref().map(|start| {
        let words: Vec<&str> = start.split_whitespace().collect();
        stage.program(&words, &folder, "ready")
    });
    let line = row
        .ask
        .replace("devdoctor", env!("CARGO_BIN_EXE_devdoctor"));
    let output = std::process::Command::new("sh")
        .args(["-c", &format!("{line} --json")])
        .env_clear()
        .env("PATH", search_path())
        .env("HOME", stage.folder().join("home"))
        .current_dir(&folder)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    let report: serde_json::Value = serde_json::from_str(&text)
        .unwrap_or_else(|why| panic!("{}: {why}\n{text}\n{error}", row.folder));
    assert_eq!(
        report["findings"][0]["code"], row.code,
        "{}: `{}` says\n{text}",
        row.folder, row.ask
    );
    assert_eq!(output.status.code(), Some(1), "{}", row.folder);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let there = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &there);
        } else {
            fs::copy(&path, &there).unwrap();
        }
    }
}

stories! {
    fn every_example_answers_as_its_row_says(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let rows = rows();
        assert!(rows.len() >= 10);
        for row in &rows {
            try_out(stage, row);
        }
    }
}

/// Every folder has a row, or is told of elsewhere: not everything is a fault.
#[test]
fn no_example_is_left_out() {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let readme = include_str!("../../examples/README.md");
    let rows = rows();
    for entry in fs::read_dir(folders).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(
            !path.is_dir()
                || rows.iter().any(|row| row.folder == name)
                || readme.contains(&format!("`{name}/`")),
            "examples/{name} has no row in examples/README.md"
        );
    }
}
