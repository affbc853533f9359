//! `devdoctor check` as SARIF 2.1.0, for code scanning.

use serde::Serialize;
use serde_json::{Value, json};

use crate::facts::{Origin, clean};
use crate::findings::{Confidence, Edit, Finding, ProjectReport, Severity};
use crate::rules::{Page, RULES, Rule};

/// Where the schema of this version lives.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// A log of one run.
#[derive(Debug, Serialize)]
pub struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: Vec<Value>,
}

/// The report as a SARIF log.
#[must_use]
pub fn log(report: &ProjectReport) -> Log {
    let mut rules: Vec<&Rule> = Vec::new();
    for finding in &report.findings {
        let rule = RULES.iter().find(|rule| rule.code == finding.code);
        if let Some(rule) = rule
            && rules.iter().all(|known| known.code != rule.code)
        {
            rules.push(rule);
        }
    }
    let results: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| result(finding, &rules))
        .collect();
    let root = match report.root.trim_end_matches('/') {
        // A file's URI begins with a slash, also where the path begins with a drive.
        path if path.starts_with('/') => format!("file://{}/", uri(path)),
        path => format!("file:///{}/", uri(&path.replace('\\', "/"))),
    };
    Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: vec![json!({
            "tool": { "driver": {
                "name": "devdoctor",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { "ROOT": { "uri": root } },
            "results": results,
        })],
    }
}

fn descriptor(rule: &Rule) -> Value {
    let page = Page::of(rule);
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": { "text": page.title },
        "help": { "text": page.text, "markdown": page.text },
        "defaultConfiguration": { "level": level(rule.severity) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn result(finding: &Finding, rules: &[&Rule]) -> Value {
    let confidence = match finding.confidence {
        Confidence::Certain => "certain",
        Confidence::Likely => "likely",
        Confidence::Possible => "possible",
    };
    let facts: Vec<String> = finding.evidence.iter().map(|e| clean(&e.says)).collect();
    let mut text = clean(&finding.says);
    for fact in &facts {
        text.push_str("\n- ");
        text.push_str(fact);
    }
    let mut result = json!({
        "ruleId": finding.code,
        "level": level(finding.severity),
        "message": { "text": text },
        "locations": finding.origin.iter().map(location).collect::<Vec<_>>(),
        "properties": { "confidence": confidence },
    });
    if let Some(at) = rules.iter().position(|rule| rule.code == finding.code) {
        result["ruleIndex"] = json!(at);
    }
    let edits = finding.fixes.iter().filter_map(|fix| {
        let edit = fix.edit.as_ref()?;
        let origin = finding.origin.as_ref()?;
        Some(json!({
            "description": { "text": clean(&fix.title) },
            "artifactChanges": [change(edit, origin)?],
        }))
    });
    let edits: Vec<Value> = edits.collect();
    if !edits.is_empty() {
        result["fixes"] = json!(edits);
    }
    result
}

fn location(origin: &Origin) -> Value {
    let mut place = json!({ "artifactLocation": artifact(&origin.file) });
    if origin.line > 0 {
        place["region"] = match origin.column {
            0 => json!({ "startLine": origin.line }),
            column => json!({ "startLine": origin.line, "startColumn": column }),
        };
    }
    json!({ "physicalLocation": place })
}

fn artifact(file: &str) -> Value {
    json!({ "uri": uri(file), "uriBaseId": "ROOT" })
}

/// The change of an edit, where its column is known.
fn change(edit: &Edit, origin: &Origin) -> Option<Value> {
    let here = edit.file == origin.file && edit.line == origin.line && origin.column > 0;
    let length = u32::try_from(edit.from.chars().count()).ok()?;
    here.then(|| {
        json!({
            "artifactLocation": artifact(&edit.file),
            "replacements": [{
                "deletedRegion": {
                    "startLine": edit.line,
                    "startColumn": origin.column,
                    "endLine": edit.line,
                    "endColumn": origin.column.saturating_add(length),
                },
                "insertedContent": { "text": edit.to },
            }],
        })
    })
}

/// A path as the path of a URI: everything but what may stand there is escaped.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            // The colon of a drive.
            b':' if out.len() == 1 => out.push(':'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
