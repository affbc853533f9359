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
