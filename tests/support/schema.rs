//! Just enough of JSON Schema to hold our output against one.

use regex::Regex;
use serde_json::Value;

/// What of a value is not as this schema has it. Every word of our schemas is looked at
/// but `format`; another one fails.
pub fn check(schema: &Value, root: &Value, value: &Value, at: &str, out: &mut Vec<String>) {
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
            "const" if rule != value => wrong(format!("{value} is not {rule}")),
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
            "maxItems" => {
                let many = value.as_array().map_or(0, |list| list.len() as u64);
                if many > rule.as_u64().unwrap() {
                    wrong(format!("has {many} items, not {rule}"));
                }
            }
            "prefixItems" => {
                let rules = rule.as_array().unwrap().iter();
                let items = value.as_array().into_iter().flatten();
                for (n, (rule, item)) in rules.zip(items).enumerate() {
                    check(rule, root, item, &format!("{at}/{n}"), out);
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
            "enum" | "const" | "minimum" | "maximum" | "format" | "$schema" | "definitions"
            | "$defs" | "title" | "description" | "default" => {}
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
