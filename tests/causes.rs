//! The table of all causes in README.md is the one that the rules and the live tests give.
//!
//! `UPDATE=1 cargo test --test causes` writes it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use devdoctor::rules::{Page, RULES, Rule};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

const BEGIN: &str = "<!-- causes: written by `UPDATE=1 cargo test --test causes` -->";
const END: &str = "<!-- end of causes -->";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The families, by the third character of a code, in the way of a connection.
const FAMILIES: &[(char, &str)] = &[
    ('1', "name"),
    ('2', "presence: nobody listens"),
    ('3', "address: listening elsewhere than dialled"),
    ('4', "process: somebody accepts, and nothing useful comes"),
    ('5', "container"),
    ('6', "protocol: the connection is fine"),
    ('7', "path"),
    ('8', "project: what its files say"),
    ('9', "client and far end"),
];

/// The files of the live tests: what stands in a place that begins with `live`, and the
/// stories of `live_docker`.
fn live_files() -> Vec<String> {
    let tests = root().join("tests");
    let mut folders = vec![tests.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let below = path
                .strip_prefix(&tests)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            if !["live", "docker"]
                .iter()
                .any(|place| below.starts_with(place))
            {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                files.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }
    files
}

/// Whether this is a code: `DD503`.
fn is_code(text: &str) -> bool {
    let digits = text.strip_prefix("DD").unwrap_or_default();
    digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The codes that stand in an assertion: in a comment, or in words for a person, they do
/// not count, nor where they are compared with, or must *not* be there, or may.
fn asserted(tokens: TokenStream, found: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is = |at: usize, mark: char| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == mark);
    let either = (1..tokens.len()).any(|at| is(at - 1, '|') && is(at, '|'));
    // Only within parentheses: a body may well have both.
    if is(0, '!') || either && !tokens.iter().any(is_block) {
        return;
    }
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => {
                let denied =
                    tokens[..at].iter().rev().take(2).any(
                        |before| matches!(before, TokenTree::Ident(name) if name == "assert_ne"),
                    );
                if !denied {
                    asserted(group.stream(), found);
                }
            }
            TokenTree::Literal(_) if at > 0 && is(at - 1, '=') => {}
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                let text = text.trim_matches('"');
                if is_code(text) {
                    found.insert(text.to_owned());
                }
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

/// Whether this is a body of code, and no list of arguments.
fn is_block(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

/// The codes that a live test finds with the real binary.
fn live() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for text in live_files() {
        asserted(text.parse().unwrap(), &mut found);
    }
    found
}

fn row(rule: &Rule, live: &BTreeSet<String>) -> String {
    let tested = match live.contains(rule.code) {
        true => "live",
        false => "fixture only",
    };
    let title = Page::of(rule).title.replace('|', "\\|");
    let Rule {
        code, name, since, ..
    } = rule;
    format!("| [{code}](tests/cases/{code}-{name}.md) | {name} | {title} | {since} | {tested} |\n")
}

/// The table, and a line that counts it.
fn table() -> String {
    let live = live();
    let mut rules: Vec<&Rule> = RULES.to_vec();
    rules.sort_by_key(|rule| rule.code);
    let tested = rules.iter().filter(|rule| live.contains(rule.code)).count();
    let mut text = format!(
        "{} causes; {tested} of them are made for real by the tests and found by the real binary.\n\n\
         | code | name | what it is | since | tested |\n|---|---|---|---|---|\n",
        rules.len()
    );
    for (digit, family) in FAMILIES {
        let _ = writeln!(text, "| | | **{family}** | | |");
        for rule in rules
            .iter()
            .filter(|rule| rule.code.chars().nth(2) == Some(*digit))
        {
            text.push_str(&row(rule, &live));
        }
    }
    text
}

#[test]
fn the_table_in_the_readme_is_in_step() {
    let file = root().join("README.md");
    let readme = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = readme
        .split_once(BEGIN)
        .expect("README.md has the first mark");
    let (_, after) = rest.split_once(END).expect("README.md has the last mark");
    let wanted = format!("{before}{BEGIN}\n{}{END}{after}", table());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &wanted).unwrap();
        return;
    }
    assert!(
        readme == wanted,
        "the table of causes in README.md is not in step: run `UPDATE=1 cargo test --test causes` \
         and read what has changed"
    );
}

#[test]
fn what_a_live_test_finds_is_known() {
    for code in live() {
        assert!(
            RULES.iter().any(|rule| rule.code == code),
            "a live test wants {code}, which no rule has"
        );
    }
}

/// The scan itself: a code counts where it is asserted, and nowhere else.
#[test]
fn only_an_assertion_counts() {
    let text = r#"
        // "DD101" in a comment
        stage.why("3000").finds("DD201").verdict("refused");
        assert_eq!(answer.codes(), ["DD602", "DD902"]);
        assert_ne!(answer.codes(), ["DD103"]);
        assert!(!answer.codes().contains(&"DD104"));
        assert!(told("DD511") || told("DD990"), "{}", answer.json);
        if code == "DD106" { return; }
        let words = "DD105 is told";
    "#;
    let mut found = BTreeSet::new();
    asserted(text.parse().unwrap(), &mut found);
    let found: Vec<_> = found.iter().map(String::as_str).collect();
    assert_eq!(found, ["DD201", "DD602", "DD902"]);
}
