//! Folders that are not as one would wish.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::files::OnDisk;
use super::find;
use crate::parsers::{Files, Unreadable};

/// A folder of this test's own, removed at its end.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let name = format!("devdoctor-files-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path.canonicalize().unwrap())
    }

    pub(super) fn file(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(super) fn path(&self, below: &str) -> String {
        self.0.join(below).to_string_lossy().into_owned()
    }

    fn found(&self) -> Vec<String> {
        let found = find::files(&self.0, Instant::now() + Duration::from_secs(10));
        assert!(!found.cut);
        found.paths
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn text(root: &Path, path: &str) -> Result<String, Unreadable> {
    let files = OnDisk::new(root).unwrap();
    files.text(path).map(|text| text.to_string())
}

#[test]
fn what_others_wrote_and_what_is_ignored_is_not_looked_at() {
    let tmp = Folder::new("others");
    tmp.file("compose.yaml", "");
    tmp.file("apps/web/package.json", "{}");
    tmp.file("apps/web/node_modules/vite/package.json", "{}");
    tmp.file("generated/package.json", "{}");
    tmp.file("modules/theirs/.git/HEAD", "");
    tmp.file("modules/theirs/package.json", "{}");
    tmp.file("notes.txt", "");
    tmp.file(".gitignore", "generated/\n");
    assert_eq!(tmp.found(), ["compose.yaml", "apps/web/package.json"]);
}

#[test]
fn a_deadline_that_has_passed_is_told() {
    let tmp = Folder::new("deadline");
    tmp.file("package.json", "{}");
    assert!(find::files(&tmp.0, Instant::now()).cut);
}

#[test]
fn only_plain_files_of_the_project_have_text() {
    let tmp = Folder::new("plain");
    tmp.file("package.json", "{}");
    tmp.file("huge.json", vec![b' '; 1024 * 1024 + 1]);
    tmp.file("latin.json", b"{\"n\": \"\xe9\"}");
    assert_eq!(text(&tmp.0, "package.json").unwrap(), "{}");
    assert_eq!(text(&tmp.0, "huge.json"), Err(Unreadable::TooLarge));
    assert_eq!(text(&tmp.0, "latin.json"), Err(Unreadable::NotText));
    assert_eq!(text(&tmp.0, "nothing.json"), Err(Unreadable::Missing));
    assert_eq!(text(&tmp.0, "package.json/below"), Err(Unreadable::Missing));
    assert_eq!(text(&tmp.0, "../package.json"), Err(Unreadable::Outside));
    assert_eq!(text(&tmp.0, "/etc/hostname"), Err(Unreadable::Outside));
    std::fs::create_dir(tmp.0.join("folder")).unwrap();
    assert_eq!(text(&tmp.0, "folder"), Err(Unreadable::NotAFile));
}

#[cfg(unix)]
#[test]
fn links_stay_inside_and_nothing_is_waited_for() {
    use std::os::unix::fs::symlink;
    let tmp = Folder::new("links");
    let outside = Folder::new("outside");
    outside.file("secret.json", "{}");
    tmp.file("real/package.json", "{}");
    symlink("real/package.json", tmp.0.join("inside.json")).unwrap();
    symlink(outside.0.join("secret.json"), tmp.0.join("out.json")).unwrap();
    symlink("circle.json", tmp.0.join("circle.json")).unwrap();
    symlink(&tmp.0, tmp.0.join("real/loop")).unwrap();
    symlink(&outside.0, tmp.0.join("elsewhere")).unwrap();
    let pipe = tmp.0.join("pipe.json");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    assert_eq!(text(&tmp.0, "inside.json").unwrap(), "{}");
    assert_eq!(text(&tmp.0, "out.json"), Err(Unreadable::Outside));
    assert_eq!(text(&tmp.0, "circle.json"), Err(Unreadable::NotAFile));
    assert_eq!(text(&tmp.0, "pipe.json"), Err(Unreadable::NotAFile));
    assert_eq!(
        text(&tmp.0, "elsewhere/secret.json"),
        Err(Unreadable::Outside)
    );
    let files = OnDisk::new(&tmp.0).unwrap();
    assert_eq!(files.names("elsewhere"), Vec::<String>::new());
    assert_eq!(tmp.found(), ["real/package.json"]);
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_not_missing() {
    use std::os::unix::fs::PermissionsExt;
    let tmp = Folder::new("forbidden");
    tmp.file("package.json", "{}");
    let path = tmp.0.join("package.json");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    let seen = text(&tmp.0, "package.json");
    // The superuser may read everything.
    if std::fs::read(&path).is_ok() {
        assert_eq!(seen.unwrap(), "{}");
    } else {
        assert_eq!(seen, Err(Unreadable::Forbidden));
    }
}
