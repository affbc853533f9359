//! What this machine has for the live tests, and what becomes of a test that wants more.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

/// Says why a test is not run; that is a failure where every test must be.
pub fn pass_over(name: &str, why: &str) {
    assert!(
        std::env::var_os("DEVDOCTOR_REQUIRE_LIVE").is_none_or(|value| value != "1"),
        "{name} cannot be run: {why}"
    );
    println!("{name} is passed over: {why}");
}

/// Where programs are looked for: root's are not in every user's path.
pub fn search_path() -> OsString {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}

/// The file of an installed program.
pub fn which(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&search_path())
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// The first of these programs that is not installed, if one is not.
pub fn lacks(programs: &[&'static str]) -> Option<&'static str> {
    let missing = |program: &&&'static str| which(program).is_none();
    programs.iter().find(missing).copied()
}

/// The compose tool, as the first words of a command: one that was named, the one that
/// `tests/run` keeps, or this machine's own.
pub fn compose() -> Option<Vec<PathBuf>> {
    let named = std::env::var_os("DEVDOCTOR_COMPOSE").map(PathBuf::from);
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let kept = root.join("target/tools/docker-compose");
    let plugin = which("docker").map(|docker| vec![docker, PathBuf::from("compose")]);
    let candidates = [
        named.map(|tool| vec![tool]),
        kept.is_file().then(|| vec![kept]),
        plugin,
        which("docker-compose").map(|tool| vec![tool]),
    ];
    let works = |tool: &Vec<PathBuf>| {
        let version = Command::new(&tool[0])
            .args(&tool[1..])
            .args(["version", "--short"])
            .output();
        // The first one, in Python, is another tool with other rules.
        version.is_ok_and(|output| {
            output.status.success() && output.stdout.trim_ascii_start().first() != Some(&b'1')
        })
    };
    candidates.into_iter().flatten().find(works)
}

/// Runs a command that must succeed.
pub fn run(program: &str, args: &[&str]) {
    let file = which(program).unwrap_or_else(|| panic!("`{program}` is not installed"));
    let output = Command::new(file)
        .args(args)
        .env("PATH", search_path())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(
        output.status.success(),
        "{program} {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
