//! Where settings files stand.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The project's file.
const PROJECT_FILE: &str = ".devdoctor.toml";

/// A folder named by a variable: a relative or empty one names none.
fn folder(env: &impl Fn(&str) -> Option<OsString>, name: &str) -> Option<PathBuf> {
    env(name)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
}

fn home(env: &impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    folder(env, "HOME").or_else(|| folder(env, "USERPROFILE"))
}

/// The user's file, whether it exists or not.
///
/// `APPDATA` is where Windows keeps settings, and is set nowhere else.
pub(super) fn user_file(env: &impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    folder(env, "XDG_CONFIG_HOME")
        .or_else(|| folder(env, "APPDATA"))
        .or_else(|| home(env).map(|home| home.join(".config")))
        .map(|config| config.join("devdoctor").join("devdoctor.toml"))
}

/// The user's own frameworks, beside the user's file, whether they exist or not.
pub(super) fn frameworks_file(env: &impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    Some(user_file(env)?.with_file_name("frameworks.toml"))
}

/// The project's file: the nearest one, from this folder up to the root of its
/// repository or to the home folder.
pub(super) fn project_file(cwd: &Path, env: &impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let home = home(env);
    for folder in cwd.ancestors() {
        let file = folder.join(PROJECT_FILE);
        // Whatever is there under this name is meant: if it is no readable file,
        // reading it says so.
        if file.symlink_metadata().is_ok() {
            return Some(file);
        }
        if home.as_deref() == Some(folder) || folder.join(".git").symlink_metadata().is_ok() {
            return None;
        }
    }
    None
}
