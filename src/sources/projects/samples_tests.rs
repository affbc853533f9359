//! Which files count, by small trees of names.

use super::*;

/// The files that count and the folders that were left out, asked from these folders.
fn choose(files: &[&str], from: &[&str], members: &[&str], of: &settings::Projects) -> Chosen {
    let marks = |path: &&&str| crate::sources::projects::MARKERS.contains(&name(path));
    let marked = files.iter().filter(marks);
    let found = Found {
        marked: marked.map(|path| folder(path).to_owned()).collect(),
        ..Found::default()
    };
    let member = |folder: &str, _: &str| members.contains(&folder);
    let from = from.iter().map(|folder| (*folder).to_owned()).collect();
    let files: Vec<String> = files.iter().map(|path| (*path).to_owned()).collect();
    Choice::new(&found, from, Globs::new(of), &member).of(&files)
}

fn globs(leave_out: &[&str], take_in: &[&str]) -> settings::Projects {
    let owned = |list: &[&str]| list.iter().map(|glob| (*glob).to_owned()).collect();
    settings::Projects {
        leave_out: owned(leave_out),
        take_in: owned(take_in),
    }
}

#[track_caller]
fn expect(chosen: &Chosen, paths: &[&str], left_out: &[&str]) {
    assert_eq!(
        (&chosen.paths[..], &told(chosen)[..]),
        (&owned(paths)[..], left_out)
    );
}

/// What was left out, by path.
fn told(chosen: &Chosen) -> Vec<&str> {
    chosen.left_out.iter().map(|at| at.path.as_str()).collect()
}

fn owned(list: &[&str]) -> Vec<String> {
    list.iter().map(|one| (*one).to_owned()).collect()
}

const SHOP: &[&str] = &[
    "package.json",
    ".env",
    "api/package.json",
    "examples/cart/package.json",
    "examples/cart/.env",
    "examples/till/package.json",
    "api/tests/compose.yaml",
    "api/tests/fixtures/one/package.json",
    "Samples/Web/launchSettings.json",
];

#[test]
fn samples_do_not_count_from_outside_of_them() {
    for from in ["", "api", "api/src"] {
        let chosen = choose(SHOP, &[from], &[], &globs(&[], &[]));
        expect(
            &chosen,
            &["package.json", ".env", "api/package.json"],
            &["Samples", "api/tests", "examples"],
        );
        assert!(chosen.asked_for.is_empty());
    }
}

#[test]
fn what_one_stands_in_counts_and_not_what_lies_beside_it() {
    let chosen = choose(SHOP, &["examples/cart/src"], &[], &globs(&[], &[]));
    let expected = [
        "package.json",
        ".env",
        "api/package.json",
        "examples/cart/package.json",
        "examples/cart/.env",
    ];
    expect(&chosen, &expected, &["Samples", "api/tests", "examples"]);
    assert_eq!(
        chosen.asked_for.into_iter().collect::<Vec<_>>(),
        ["examples/cart"]
    );
    // Among the tests of a project one stands in what they need, not in their fixtures.
    let chosen = choose(SHOP, &["api/tests/unit"], &[], &globs(&[], &[]));
    assert!(chosen.paths.contains(&"api/tests/compose.yaml".to_owned()));
    assert_eq!(told(&chosen), ["Samples", "api/tests/fixtures", "examples"]);
}

#[test]
fn a_sample_counts_whole() {
    let files = [
        "Cargo.toml",
        "tests/fixtures/mono/package.json",
        "tests/fixtures/mono/apps/web/package.json",
        "tests/fixtures/mono/apps/web/tests/one/package.json",
        "tests/fixtures/other/package.json",
    ];
    let from = ["tests/fixtures/mono/apps/web"];
    let chosen = choose(&files, &from, &[], &globs(&[], &[]));
    expect(
        &chosen,
        &files[..3],
        &["tests", "tests/fixtures/mono/apps/web/tests"],
    );
}

#[test]
fn a_member_of_the_workspace_counts() {
    let chosen = choose(SHOP, &[""], &["examples/cart"], &globs(&[], &[]));
    let expected = [
        "package.json",
        ".env",
        "api/package.json",
        "examples/cart/package.json",
        "examples/cart/.env",
    ];
    expect(&chosen, &expected, &["Samples", "api/tests", "examples"]);
    assert!(chosen.asked_for.is_empty());
}

#[test]
fn the_only_project_counts_wherever_it_lies() {
    let one = ["examples/shop/package.json", "examples/shop/api/Procfile"];
    expect(&choose(&one, &[""], &[], &globs(&[], &[])), &one, &[]);
    let two = ["samples/a/package.json", "samples/b/package.json"];
    let chosen = choose(&two, &[""], &[], &globs(&[], &[]));
    expect(&chosen, &[], &["samples"]);
    // A crate with an example is a project, though it has no server.
    let of_crate = ["Cargo.toml", "example/package.json"];
    let chosen = choose(&of_crate, &[""], &[], &globs(&[], &[]));
    expect(&chosen, &["Cargo.toml"], &["example"]);
}

#[test]
fn the_settings_have_the_last_word() {
    let all = choose(SHOP, &[""], &[], &globs(&[], &["examples", "tests"]));
    expect(&all, &SHOP[..8], &["Samples"]);
    // The inner folder holds, and of the same one what is taken in.
    let of = globs(
        &["examples/till", "/api", ".env"],
        &["examples", "examples/till"],
    );
    let chosen = choose(SHOP, &[""], &[], &of);
    let expected = [
        "package.json",
        "examples/cart/package.json",
        "examples/till/package.json",
    ];
    let left_out = [".env", "Samples", "api", "examples/cart/.env"];
    expect(&chosen, &expected, &left_out);
    let by_settings = chosen.left_out.iter().filter(|at| at.by_settings);
    assert_eq!(by_settings.count(), 3);
    let of = globs(&["examples/till"], &["examples"]);
    let chosen = choose(SHOP, &[""], &[], &of);
    assert!(told(&chosen).contains(&"examples/till"));
    // Whoever stands there asks for it all the same.
    let chosen = choose(SHOP, &["examples/till"], &[], &of);
    assert!(!told(&chosen).contains(&"examples/till"));
}

#[test]
fn folders_of_the_system_are_seen_from_the_root() {
    let folders = owned(&["/a/b", "/a/b/c/d", "/a/bc", "/"]);
    assert_eq!(seen_from("/a/b", &folders), ["", "c/d"]);
    assert_eq!(seen_from("/", &owned(&["/etc"])), ["etc"]);
}
