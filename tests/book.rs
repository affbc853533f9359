//! The documents say what the code does.

#[path = "support/table.rs"]
mod table;

use std::path::Path;

use devdoctor::cli;
use devdoctor::rules::RULES;
use table::LAYERS;

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The words between backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_import_table_is_the_one_that_is_tested() {
    let text = read("ARCHITECTURE.md");
    let rows: Vec<(&str, Vec<&str>)> = text
        .lines()
        .skip_while(|line| *line != "| module | is | may import |")
        .skip(2)
        .map_while(|line| line.strip_prefix("| "))
        .map(|row| {
            let cells: Vec<&str> = row.split(" | ").collect();
            let [module, _, imports] = cells[..] else {
                panic!("not three cells: {row}")
            };
            (quoted(module)[0], quoted(imports))
        })
        .collect();
    let tested: Vec<(&str, Vec<&str>)> = LAYERS
        .iter()
        .map(|(module, imports)| (*module, imports.to_vec()))
        .collect();
    assert_eq!(rows, tested);
}

#[test]
fn every_command_is_in_the_readme_and_nothing_else() {
    let readme = read("README.md");
    let mut command = cli::command().disable_help_subcommand(true);
    command.build();
    let known: Vec<&str> = command
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    for name in &known {
        assert!(
            readme.contains(&format!("devdoctor {name}")),
            "README.md does not tell of `devdoctor {name}`"
        );
    }
    for text in [
        readme.as_str(),
        &read("ARCHITECTURE.md"),
        &read("CONTRIBUTING.md"),
        &read("CHANGELOG.md"),
    ] {
        for words in commands(text) {
            let mut words = words.iter();
            let Some(name) = words.find(|word| !word.starts_with('-')) else {
                continue;
            };
            if !name.chars().all(|c| c.is_ascii_lowercase()) || *name == "help" {
                continue;
            }
            let Some(sub) = command.find_subcommand(name) else {
                panic!("there is no command `devdoctor {name}`");
            };
            for flag in words.filter(|word| word.starts_with("--")) {
                let long = flag.trim_start_matches('-').split('=').next().unwrap();
                let there = ["help", "version"].contains(&long)
                    || sub
                        .get_arguments()
                        .chain(command.get_arguments())
                        .any(|arg| arg.get_long() == Some(long));
                assert!(there, "`devdoctor {name}` has no --{long}");
            }
        }
    }
}

/// The words of every `devdoctor …` that stands in backquotes or after a prompt.
fn commands(text: &str) -> Vec<Vec<&str>> {
    let in_line = quoted(text).into_iter();
    let prompted = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("$ "));
    in_line
        .chain(prompted)
        .filter(|words| !words.contains('\n'))
        .filter_map(|words| words.strip_prefix("devdoctor "))
        .map(|words| {
            words
                .split([' ', '|', '>'])
                .filter(|w| !w.is_empty())
                .collect()
        })
        .collect()
}

#[test]
fn every_file_that_the_documents_name_is_there() {
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = read(document);
        let mut named = quoted(&text);
        named.extend(
            text.split("](")
                .skip(1)
                .filter_map(|rest| rest.split(')').next()),
        );
        for name in named {
            let path = ["src/", "tests/", "config/", "examples/", "benches/", ".ci/"]
                .iter()
                .any(|folder| name.starts_with(folder))
                || name.ends_with(".md") && !name.contains("://");
            if path && !name.contains(['*', '<', ' ', '…']) {
                let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
                assert!(file.exists(), "{document} names {name}, which is not there");
            }
        }
    }
}

#[test]
fn codes_that_the_documents_name_are_causes() {
    for document in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "config/devdoctor.toml",
    ] {
        let text = read(document);
        for (at, _) in text.match_indices("DD") {
            let Some(code) = text.get(at..at + 5) else {
                continue;
            };
            if code[2..].bytes().all(|b| b.is_ascii_digit()) {
                assert!(
                    RULES.iter().any(|rule| rule.code == code),
                    "{document} names {code}, which is no cause"
                );
            }
        }
    }
}

#[test]
fn the_changelog_has_this_version() {
    let heading = format!("## [{}]", env!("CARGO_PKG_VERSION"));
    assert!(read("CHANGELOG.md").contains(&heading), "{heading}");
}

#[test]
fn one_command_runs_every_test() {
    assert!(read("README.md").contains("bash tests/run"));
    assert!(read(".ci/run").contains("bash tests/run"));
}
