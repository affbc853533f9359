//! What `devdoctor check --format sarif` prints is SARIF 2.1.0, by its schema.
//!
//! `tests/support/sarif-2.1.0.json` is the schema of the OASIS standard, without its
//! descriptions.

use std::process::Command;

use regex::Regex;
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

/// What of a value is not as this schema has it. Every word of the standard's schema is
/// looked at but `format`.
fn check(schema: &Value, root: &Value, value: &Value, at: &str, out: &mut Vec<String>) {
    let rules = schema.as_object().unwrap();
    for (word, rule) in rules {
        let mut wrong = |what: String| out.push(format!("{at}: {what}"));
        match word.as_str() {
            "$ref" => {
                let pointer = rule.as_str().unwrap().trim_start_matches('#');
                check(root.pointer(pointer).unwrap(), root, value, at, out);
            }
            "type" => {
                let kinds: Vec<&str> = match rule {
                    Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
                    kind => kind.as_str().into_iter().collect(),
                };
                if !kinds.iter().any(|kind| is_a(value, kind)) {
                    wrong(format!("{value} is not {kinds:?}"));
                }
            }
            "enum" if !rule.as_array().unwrap().contains(value) => {
                wrong(format!("{value} is not one of {rule}"));
            }
            "minimum" if value.as_f64() < rule.as_f64() && value.is_number() => {
                wrong(format!("{value} is below {rule}"));
            }
            "maximum" if value.as_f64() > rule.as_f64() && value.is_number() => {
                wrong(format!("{value} is above {rule}"));
            }
            "pattern" => {
                // The engine has no look-ahead; no pattern that is met here has one.
                if let (Ok(pattern), Some(text)) =
                    (Regex::new(rule.as_str().unwrap()), value.as_str())
                    && !pattern.is_match(text)
                {
                    wrong(format!("{text} does not match {rule}"));
                }
            }
            "minItems" => {
                let many = value.as_array().map_or(u64::MAX, |list| list.len() as u64);
                if many < rule.as_u64().unwrap() {
                    wrong(format!("has {many} items, not {rule}"));
                }
            }
            "uniqueItems" => {
                let list = value.as_array().map_or(&[][..], Vec::as_slice);
                if (1..list.len()).any(|n| list[..n].contains(&list[n])) {
                    wrong("has an item twice".to_owned());
                }
            }
            "required" => {
                for key in rule.as_array().unwrap().iter().filter_map(Value::as_str) {
                    if value.is_object() && value.get(key).is_none() {
                        wrong(format!("has no {key}"));
                    }
                }
            }
            "items" => {
                for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(rule, root, item, &format!("{at}/{n}"), out);
                }
            }
            "properties" => {
                for (key, rule) in rule.as_object().unwrap() {
                    if let Some(inner) = value.get(key) {
                        check(rule, root, inner, &format!("{at}/{key}"), out);
                    }
                }
            }
            "additionalProperties" => {
                let known = rules.get("properties");
                for (key, inner) in value.as_object().into_iter().flatten() {
                    if known.is_some_and(|known| known.get(key).is_some()) {
                        continue;
                    }
                    match rule {
                        Value::Bool(false) => out.push(format!("{at}: {key} is not known")),
                        Value::Bool(true) => {}
                        rule => check(rule, root, inner, &format!("{at}/{key}"), out),
                    }
                }
            }
            "anyOf" | "oneOf" => {
                let fits = |rule: &Value| {
                    let mut complaints = Vec::new();
                    check(rule, root, value, at, &mut complaints);
                    complaints.is_empty()
                };
                let many = rule.as_array().unwrap().iter().filter(|r| fits(r)).count();
                if many == 0 || (word == "oneOf" && many > 1) {
                    wrong(format!("{many} of {word} fit"));
                }
            }
            "enum" | "minimum" | "maximum" | "format" | "$schema" | "definitions" => {}
            other => panic!("this test does not know the word {other}"),
        }
    }
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other}"),
    }
}
