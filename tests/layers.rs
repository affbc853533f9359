//! Imports only point down, code for one system stands only where it may, and
//! the core neither reads the world nor the clock.
//!
//! Every file of `src` is parsed; every path in it is resolved and looked up in
//! the table of `support/table.rs`, which ARCHITECTURE.md shows.

#[path = "support/table.rs"]
mod table;

use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use table::LAYERS;

/// Modules that do no I/O and read no clock.
const PURE: &[&str] = &[
    "src/daemon/alerts",
    "src/daemon/state",
    "src/facts/",
    "src/findings/",
    "src/parsers/",
    "src/rules/",
];

/// Where code for one operating system may stand.
const SYSTEM: &[&str] = &["src/sources/", "src/ipc/place/"];

/// What pure code must not touch.
const IMPURE: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io::stderr",
    "std::io::stdin",
    "std::io::stdout",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::ToSocketAddrs",
    "std::net::UdpSocket",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// Crates that only compute: the only ones that pure code may use.
const PURE_CRATES: &[&str] = &[
    "brush_parser",
    "jsonc_parser",
    "lib_ruby_parser",
    "oxc_allocator",
    "oxc_ast",
    "oxc_parser",
    "oxc_span",
    "parse_dockerfile",
    "regex",
    "ruff_python_ast",
    "ruff_python_parser",
    "ruff_text_size",
    "saphyr_parser",
    "schemars",
    "serde",
    "serde_json",
    "shlex",
    "similar",
    "toml",
    "unicode_width",
    "url",
];

/// Words in a `cfg` that name an operating system.
const SYSTEM_WORDS: &[&str] = &[
    "target_os",
    "target_family",
    "target_vendor",
    "unix",
    "windows",
];

/// A path that a file uses, whole, and the line.
#[derive(Debug)]
struct Used {
    path: Vec<String>,
    line: usize,
    in_tests: bool,
}

/// What a walk through one file found.
#[derive(Debug, Default)]
struct Found {
    used: Vec<Used>,
    /// Lines with a `cfg` that names an operating system.
    system: Vec<usize>,
    /// Macros that print, with their lines.
    prints: Vec<(String, usize)>,
    /// The module that is being walked: `["rules", "path"]`.
    module: Vec<String>,
    in_tests: bool,
}

impl Found {
    fn uses(&mut self, path: &[String], line: usize) {
        let Some(first) = path.first() else { return };
        let whole = match first.as_str() {
            "crate" | "devdoctor" => {
                let mut whole = vec!["crate".to_owned()];
                whole.extend_from_slice(&path[1..]);
                whole
            }
            "self" | "super" => {
                let ups = path.iter().take_while(|word| *word == "super").count();
                let skip = ups.max(1);
                let depth = self.module.len().saturating_sub(ups);
                let mut whole = vec!["crate".to_owned()];
                whole.extend_from_slice(&self.module[..depth]);
                whole.extend_from_slice(&path[skip..]);
                whole
            }
            _ => path.to_vec(),
        };
        self.used.push(Used {
            path: whole,
            line,
            in_tests: self.in_tests,
        });
    }

    fn use_tree(&mut self, tree: &syn::UseTree, before: &mut Vec<String>) {
        match tree {
            syn::UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.use_tree(&path.tree, before);
                before.pop();
            }
            syn::UseTree::Name(name) => self.leaf(before, &name.ident),
            syn::UseTree::Rename(rename) => self.leaf(before, &rename.ident),
            syn::UseTree::Glob(glob) => self.uses(before, glob.span().start().line),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(tree, before);
                }
            }
        }
    }

    fn leaf(&mut self, before: &[String], ident: &syn::Ident) {
        let mut path = before.to_vec();
        path.push(ident.to_string());
        self.uses(&path, ident.span().start().line);
    }

    /// The paths in a macro's tokens, which are not parsed: words joined by `::`.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut line = 0;
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(ident) => {
                    if colons != 2 || path.is_empty() {
                        self.uses(&std::mem::take(&mut path), line);
                        line = ident.span().start().line;
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                other => {
                    self.uses(&std::mem::take(&mut path), line);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.uses(&path, line);
    }
}

fn names_a_system(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => SYSTEM_WORDS.contains(&ident.to_string().as_str()),
        TokenTree::Group(group) => names_a_system(group.stream()),
        _ => false,
    })
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.use_tree(&item.tree, &mut Vec::new());
        visit::visit_item_use(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let words: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        if words.len() > 1 {
            self.uses(&words, path.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let tests = item.attrs.iter().any(|attr| {
            attr.path().is_ident("cfg")
                && attr
                    .parse_args::<syn::Path>()
                    .is_ok_and(|path| path.is_ident("test"))
        });
        let before = self.in_tests;
        self.in_tests |= tests;
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
        self.in_tests = before;
    }

    fn visit_attribute(&mut self, attr: &'ast syn::Attribute) {
        if (attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr"))
            && let syn::Meta::List(list) = &attr.meta
            && names_a_system(list.tokens.clone())
        {
            self.system.push(attr.span().start().line);
        }
        visit::visit_attribute(self, attr);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let line = mac.span().start().line;
        let name = mac
            .path
            .segments
            .last()
            .map_or(String::new(), |segment| segment.ident.to_string());
        if name == "cfg" && names_a_system(mac.tokens.clone()) {
            self.system.push(line);
        }
        if !self.in_tests && ["print", "println", "eprint", "eprintln"].contains(&name.as_str()) {
            self.prints.push((name, line));
        }
        self.tokens(mac.tokens.clone());
        visit::visit_macro(self, mac);
    }
}

/// Every file of `src`, with its path from the package's root.
fn files() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                let words = path.strip_prefix(root).unwrap().components();
                let words: Vec<_> = words.map(|c| c.as_os_str().to_string_lossy()).collect();
                files.push((words.join("/"), path.clone()));
            }
        }
    }
    files.sort();
    files
}

/// The module that a file is: `src/rules/path/mod.rs` is `["rules", "path"]`.
fn module_of(file: &str) -> Vec<String> {
    let words = file
        .trim_start_matches("src/")
        .trim_end_matches(".rs")
        .trim_end_matches("/mod");
    match words {
        "devdoctord" | "lib" | "main" => Vec::new(),
        words => words.split('/').map(str::to_owned).collect(),
    }
}

fn walk(file: &str, text: &str) -> Found {
    let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut found = Found {
        module: module_of(file),
        ..Found::default()
    };
    found.visit_file(&parsed);
    found
}

fn stands_in(file: &str, places: &[&str]) -> bool {
    places.iter().any(|place| file.starts_with(place))
}

/// What is wrong with the imports of a file.
fn upward_imports(file: &str, found: &Found) -> Vec<String> {
    let Some(layer) = found.module.first() else {
        // lib.rs and the programs see everything.
        return Vec::new();
    };
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| name == layer) else {
        return vec![format!("{file}: the module `{layer}` is not in the table")];
    };
    let mut complaints = Vec::new();
    for used in &found.used {
        let [root, target, ..] = &used.path[..] else {
            continue;
        };
        if root == "crate" && target != layer && !allowed.contains(&target.as_str()) {
            complaints.push(format!(
                "{file}:{}: `{layer}` may not import `{target}` ({})",
                used.line,
                used.path.join("::")
            ));
        }
    }
    complaints
}

/// What pure code does that it must not.
fn impurities(file: &str, found: &Found, dependencies: &[String]) -> Vec<String> {
    if !stands_in(file, PURE) {
        return Vec::new();
    }
    let mut complaints: Vec<String> = found
        .prints
        .iter()
        .map(|(name, line)| format!("{file}:{line}: the core does not print ({name}!)"))
        .collect();
    for used in found.used.iter().filter(|used| !used.in_tests) {
        let path = used.path.join("::");
        let impure = IMPURE
            .iter()
            .any(|bad| path == *bad || path.starts_with(&format!("{bad}::")));
        let foreign = dependencies.contains(&used.path[0])
            && used.path.len() > 1
            && !PURE_CRATES.contains(&used.path[0].as_str());
        if impure || foreign {
            complaints.push(format!(
                "{file}:{}: the core does not use `{path}`",
                used.line
            ));
        }
    }
    complaints
}

/// The crates in the tables of dependencies, as they are spelt in code.
fn dependencies() -> Vec<String> {
    let manifest: toml::Table = toml::from_str(include_str!("../Cargo.toml")).unwrap();
    let mut tables = vec![&manifest["dependencies"]];
    if let Some(targets) = manifest.get("target").and_then(toml::Value::as_table) {
        tables.extend(targets.values().filter_map(|t| t.get("dependencies")));
    }
    tables
        .into_iter()
        .filter_map(toml::Value::as_table)
        .flat_map(toml::Table::keys)
        .map(|name| name.replace('-', "_"))
        .collect()
}

fn complaints_of_all(check: impl Fn(&str, &Found) -> Vec<String>) -> Vec<String> {
    files()
        .iter()
        .flat_map(|(file, path)| {
            let text = std::fs::read_to_string(path).unwrap();
            check(file, &walk(file, &text))
        })
        .collect()
}

fn none(mut complaints: Vec<String>) {
    complaints.dedup();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn imports_only_point_down() {
    none(complaints_of_all(upward_imports));
}

#[test]
fn the_table_has_no_circle_and_no_module_that_is_not_there() {
    let files = files();
    for (at, (layer, allowed)) in LAYERS.iter().enumerate() {
        let there = files
            .iter()
            .any(|(file, _)| module_of(file)[..] == [*layer]);
        assert!(there, "there is no module `{layer}`");
        for other in *allowed {
            let earlier = LAYERS[..at].iter().any(|(name, _)| name == other);
            assert!(earlier, "{layer} may import {other}, which is not below it");
        }
    }
}

#[test]
fn the_core_reads_neither_the_world_nor_the_clock() {
    let dependencies = dependencies();
    none(complaints_of_all(|file, found| {
        impurities(file, found, &dependencies)
    }));
}

#[test]
fn code_for_one_system_stands_only_in_the_sources() {
    none(complaints_of_all(|file, found| {
        if stands_in(file, SYSTEM) {
            return Vec::new();
        }
        let complain = |line| format!("{file}:{line}: a cfg for one system does not belong here");
        found.system.iter().map(complain).collect()
    }));
}

/// The walk itself, on a file that does everything wrong.
#[test]
fn what_is_wrong_is_found_with_its_line() {
    let text = "\
use crate::{facts::Known, sources};
use super::super::super::frontends;
use std::{net::TcpStream, fs as files};
fn f() {
    let a = format!(\"{}\", crate::diagnose::now());
    let b = std::time::Instant::now();
    let c = tokio::spawn(x);
    println!(\"{a}\");
    if cfg!(windows) {}
}
#[cfg(unix)]
fn g() {}
mod inner { use super::super::super::super::cli; use super::Case; }
#[cfg(test)]
mod tests { use std::fs; }
";
    let file = "src/rules/path/bad.rs";
    let found = walk(file, text);
    let line = |complaint: &String| {
        let rest = complaint.strip_prefix("src/rules/path/bad.rs:").unwrap();
        rest.split(':').next().unwrap().parse::<usize>().unwrap()
    };
    let lines = |complaints: Vec<String>| complaints.iter().map(line).collect::<Vec<_>>();
    assert_eq!(
        lines(upward_imports(file, &found)),
        [1, 2, 5, 13],
        "{found:?}"
    );
    let mut impure = lines(impurities(file, &found, &dependencies()));
    impure.sort_unstable();
    assert_eq!(impure, [3, 3, 6, 7, 8]);
    assert_eq!(found.system, [9, 11]);
}
