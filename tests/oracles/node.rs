//! The packages of `tests/oracles/node`, for every comparison that runs in Node.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::machine::which;

/// The folder with the packages, as the lock file has them; installed once. Nothing
/// where Node or npm is missing, or the packages cannot be had.
pub fn packages() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER.get_or_init(install).as_deref()
}

fn install() -> Option<PathBuf> {
    let (npm, _) = (which("npm")?, which("node")?);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kept = root.join("target/oracles/node");
    std::fs::create_dir_all(&kept).ok()?;
    let mut fresh = kept.join("node_modules").is_dir();
    for entry in std::fs::read_dir(root.join("tests/oracles/node")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        let wanted = std::fs::read(&path).unwrap();
        let same = std::fs::read(kept.join(name)).is_ok_and(|there| there == wanted);
        let lists = path.extension().is_some_and(|ending| ending == "json");
        fresh &= same || !lists;
        std::fs::write(kept.join(name), wanted).unwrap();
    }
    if fresh {
        return Some(kept);
    }
    let installed = Command::new(npm)
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(&kept)
        .output()
        .is_ok_and(|output| output.status.success());
    if !installed {
        // What is half installed is not taken for whole the next time.
        let _ = std::fs::remove_file(kept.join("package-lock.json"));
    }
    installed.then_some(kept)
}
