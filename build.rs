//! Has the program start sooner: `devdoctor ports 3000` takes two milliseconds, most
//! of them the system's. Both only where the program is built for the machine that
//! builds it, which can be asked; elsewhere it is linked as ever.
//!
//! - The unwinder of GCC is put into the program instead of loading `libgcc_s.so` for
//!   it: a tenth of a millisecond for a library of which Rust needs nothing else. The
//!   archive that has it comes with every GCC.
//! - The loader has some fifteen thousand addresses to set before `main`. Packed, as a
//!   bitmap, they take 4 KB to read instead of 350: two tenths of a millisecond. The C
//!   library knows how from version 2.36 on.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |part: &str| std::env::var(format!("CARGO_CFG_TARGET_{part}")).unwrap_or_default();
    let native = std::env::var("HOST") == std::env::var("TARGET");
    if !native || target("OS") != "linux" || target("ENV") != "gnu" {
        return;
    }
    if has_the_unwinder() {
        println!("cargo::rustc-link-lib=gcc_eh");
    }
    if c_library().is_some_and(|version| version >= (2, 36)) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// What a program of this machine prints.
fn told_by(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether the compiler that links the program has the archive: it answers with a path
/// then, and else with the bare name.
fn has_the_unwinder() -> bool {
    told_by("cc", "-print-file-name=libgcc_eh.a").is_some_and(|path| Path::new(&path).is_absolute())
}

/// The version of this machine's C library: it answers `glibc 2.36`.
fn c_library() -> Option<(u32, u32)> {
    let told = told_by("getconf", "GNU_LIBC_VERSION")?;
    let (major, minor) = told.strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}
