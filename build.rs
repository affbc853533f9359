//! Puts the unwinder of GCC into the program instead of loading a library for it.
//!
//! `devdoctor ports 3000` takes three milliseconds, and a tenth of a millisecond of
//! that went into finding, mapping and relocating `libgcc_s.so`, of which Rust
//! needs nothing but the unwinder. The archive that has it comes with every GCC;
//! where there is none, the program is linked as ever.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |part: &str| std::env::var(format!("CARGO_CFG_TARGET_{part}")).unwrap_or_default();
    let native = std::env::var("HOST") == std::env::var("TARGET");
    if native && target("OS") == "linux" && target("ENV") == "gnu" && archive_is_there() {
        println!("cargo::rustc-link-lib=gcc_eh");
    }
}

/// Whether the compiler that links the program has the archive: it answers with a
/// path then, and else with the bare name.
fn archive_is_there() -> bool {
    let answer = Command::new("cc")
        .arg("-print-file-name=libgcc_eh.a")
        .output();
    answer
        .is_ok_and(|answer| Path::new(String::from_utf8_lossy(&answer.stdout).trim()).is_absolute())
}
