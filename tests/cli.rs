//! Golden commands: what is typed, what is printed, how it ends.
//!
//! `TRYCMD=overwrite cargo test --test cli` rewrites `tests/cli`; read what it wrote.
//! Nothing here looks at the machine: diagnoses are replayed with `--facts`.

use std::process::{Command, Output};

/// A run that no settings of this machine's user reach.
fn devdoctor(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_devdoctor"))
        .args(args)
        .env(
            "XDG_CONFIG_HOME",
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli"),
        )
        .output()
        .expect("devdoctor starts")
}

#[test]
fn commands_print_what_they_printed() {
    let folder = env!("CARGO_MANIFEST_DIR");
    trycmd::TestCases::new()
        .env("XDG_CONFIG_HOME", format!("{folder}/tests/cli"))
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .case("tests/cli/*.trycmd");
}

#[test]
fn every_shell_gets_completions_of_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let out = devdoctor(&["completions", shell]);
        assert!(out.status.success(), "{shell}: {out:?}");
        let script = String::from_utf8(out.stdout).unwrap();
        for word in ["why", "ports", "explain", "snapshot", "--facts"] {
            // fish writes a long option without its dashes.
            let there = script.contains(word) || script.contains(word.trim_start_matches('-'));
            assert!(there, "{shell}: `{word}` is not in the script");
        }
    }
}

#[test]
fn the_manual_page_is_a_manual_page() {
    let out = devdoctor(&["man"]);
    assert!(out.status.success(), "{out:?}");
    let page = String::from_utf8(out.stdout).unwrap();
    assert!(page.contains(".TH devdoctor 1"), "{page}");
    for word in ["why", "ports", "explain", "snapshot", "completions"] {
        assert!(page.contains(word), "`{word}` is not in the page");
    }
}

#[test]
fn every_cause_has_its_page() {
    let list = String::from_utf8(devdoctor(&["explain", "--list"]).stdout).unwrap();
    assert!(!list.is_empty());
    for line in list.lines() {
        let code = line.split_whitespace().next().unwrap();
        let out = devdoctor(&["explain", code]);
        assert!(out.status.success(), "explain {code}: {out:?}");
        let page = String::from_utf8(out.stdout).unwrap();
        assert!(page.contains("What to do"), "explain {code}:\n{page}");
    }
}

#[test]
fn a_recorded_snapshot_is_replayed_as_json_that_parses() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/why.in");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.to_str().unwrap();
        let out = devdoctor(&["why", "3000", "--json", "--facts", file]);
        let report: devdoctor::findings::Report = serde_json::from_slice(&out.stdout).unwrap();
        assert_eq!(
            out.status.code(),
            Some(i32::from(report.exit_code())),
            "{file}"
        );
        assert_eq!(report.schema, "devdoctor.why/1");
    }
}

#[test]
fn several_targets_are_a_line_of_json_each() {
    let facts = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/why.in/nothing.json");
    let out = devdoctor(&["why", "3000", "[::1]:3000", "--json", "--facts", facts]);
    let lines = String::from_utf8(out.stdout).unwrap();
    let ports: Vec<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<devdoctor::findings::Report>(line).unwrap())
        .map(|report| report.target.input)
        .collect();
    assert_eq!(ports, ["3000", "[::1]:3000"]);
    assert_eq!(out.status.code(), Some(1));
}

/// A closed pipe (`devdoctor explain --list | head -1`) ends it without a word.
#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_failure() {
    let out = Command::new("sh")
        .arg("-c")
        .arg(format!(
            "{} explain --list 2>&1 >/dev/full | head -c 300; {} explain --list | head -1",
            env!("CARGO_BIN_EXE_devdoctor"),
            env!("CARGO_BIN_EXE_devdoctor")
        ))
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&out.stdout);
    assert!(!shown.contains("panicked"), "{shown}");
    assert!(out.stderr.is_empty(), "{out:?}");
}
