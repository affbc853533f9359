//! What `devdoctor check --format sarif` prints is SARIF 2.1.0, by its schema.
//!
//! `tests/support/sarif-2.1.0.json` is the schema of the OASIS standard, without its
//! descriptions.

#[path = "support/schema.rs"]
mod schema;

use std::process::Command;

use schema::check;
use serde_json::{Value, json};

fn schema() -> Value {
    serde_json::from_str(include_str!("support/sarif-2.1.0.json")).unwrap()
}

fn log(file: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/check.in");
    let out = Command::new(env!("CARGO_BIN_EXE_devdoctor"))
        .args(["check", "--format", "sarif", "--facts", file])
        .current_dir(folder)
        .env("XDG_CONFIG_HOME", folder)
        .output()
        .unwrap();
    assert!(out.stderr.is_empty(), "{out:?}");
    serde_json::from_slice(&out.stdout).unwrap()
}

#[test]
fn every_log_is_valid_by_the_schema() {
    let schema = schema();
    for file in ["shop.json", "well.json", "blind.json"] {
        let mut complaints = Vec::new();
        check(&schema, &schema, &log(file), file, &mut complaints);
        assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
    }
}

#[test]
fn what_is_not_valid_is_told() {
    let schema = schema();
    let whole = log("shop.json");
    let without = |pointer: &str, key: &str| {
        let mut log = whole.clone();
        let node = log.pointer_mut(pointer).unwrap();
        node.as_object_mut().unwrap().remove(key);
        log
    };
    let with = |pointer: &str, value: Value| {
        let mut log = whole.clone();
        *log.pointer_mut(pointer).unwrap() = value;
        log
    };
    let result = "/runs/0/results/0";
    let region = format!("{result}/locations/0/physicalLocation/region");
    for wrong in [
        without("", "version"),
        without("/runs/0", "tool"),
        without(result, "message"),
        with("/version", json!("2.0.0")),
        with(&format!("{result}/level"), json!("fatal")),
        with(&format!("{result}/ruleIndex"), json!("0")),
        with(&region, json!({ "startLine": 0 })),
        with(&region, json!({ "line": 1 })),
    ] {
        let mut complaints = Vec::new();
        check(&schema, &schema, &wrong, "wrong", &mut complaints);
        assert!(!complaints.is_empty(), "{wrong:#}");
    }
}

#[test]
fn a_result_has_its_place_its_rule_and_its_change() {
    let log = log("shop.json");
    let rules = &log["runs"][0]["tool"]["driver"]["rules"];
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 5);
    for result in results {
        let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[at]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["artifactLocation"]["uri"].is_string(), "{result}");
    }
    let twice = results.iter().find(|r| r["ruleId"] == "DD801").unwrap();
    let change = &twice["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(change["insertedContent"]["text"], "\"5433:5432\"");
    assert_eq!(change["deletedRegion"]["startColumn"], 9);
    assert_eq!(change["deletedRegion"]["endColumn"], 20);
}
