//! What the packages `dotenv` and `dotenv-expand` make of many `.env` files.
//!
//! `dotenv.json` holds the texts and what the packages make of them; a test beside our
//! reader (src/parsers/format/dotenv.rs) compares that with what we make of them. Here
//! the packages themselves are asked whether it still is what they make.
//! `UPDATE=1 cargo test --test oracles dotenv` writes down what they say now.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::machine::{pass_over, which};
use crate::node;

#[test]
fn dotenv_files_are_what_the_packages_make_of_them() {
    let (Some(packages), Some(node)) = (node::packages(), which("node")) else {
        return pass_over(
            "dotenv",
            "it needs node, npm and the packages of tests/oracles/node",
        );
    };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/dotenv.json");
    let mut cases: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert!(cases.len() >= 40, "is the corpus whole?");
    let mut child = Command::new(node)
        .arg("dotenv.cjs")
        .current_dir(packages)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let asked = serde_json::to_vec(&cases).unwrap();
    child.stdin.take().unwrap().write_all(&asked).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let said: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said.len(), cases.len());
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        for (case, said) in cases.iter_mut().zip(said) {
            case["values"] = said["values"].clone();
            case["expanded"] = said["expanded"].clone();
        }
        let text = serde_json::to_string_pretty(&json!(cases)).unwrap();
        std::fs::write(file, text + "\n").unwrap();
        return;
    }
    for (case, said) in cases.iter().zip(&said) {
        assert_eq!(case["values"], said["values"], "{}", case["name"]);
        assert_eq!(case["expanded"], said["expanded"], "{}", case["name"]);
    }
}
