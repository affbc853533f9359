//! Folders that are not as one would wish.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::files::OnDisk;
use super::{Asked, claims, find, left_out};
use crate::parsers::{Files, Unreadable};
use crate::settings;

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

/// The names of the services that the files of this folder tell of.
fn services(tmp: &Folder, asked: Asked) -> Vec<String> {
    let asked = Asked {
        budget: Duration::from_secs(20),
        ..asked
    };
    let claims = claims(&tmp.path(""), asked);
    let claims = claims.seen().expect("the files can be read");
    claims.services.iter().map(|one| one.name.clone()).collect()
}

/// Asked from this folder.
fn from(tmp: &Folder, folder: &str) -> Asked {
    Asked {
        from: vec![tmp.path(folder)],
        ..Asked::default()
    }
}

/// A package with a development server.
const VITE: &str = r#"{ "scripts": { "dev": "vite" } }"#;

#[test]
fn what_the_workspace_names_is_no_sample() {
    let tmp = Folder::new("members");
    tmp.file("package.json", "{}");
    tmp.file(
        "pnpm-workspace.yaml",
        "packages: ['packages/**', 'examples/in']\n",
    );
    tmp.file("packages/web/package.json", VITE);
    tmp.file("packages/web/tests/fixtures/one/package.json", VITE);
    tmp.file("examples/in/package.json", VITE);
    tmp.file("examples/out/package.json", VITE);
    // One that is a workspace itself does not make its members the project's.
    tmp.file("test/mono/package.json", r#"{ "workspaces": ["apps/*"] }"#);
    tmp.file("test/mono/apps/deep/package.json", VITE);
    assert_eq!(services(&tmp, from(&tmp, "packages")), ["in", "web"]);
    // Whoever stands in one asks for it, though the workspace does not have it.
    let mut inside = services(&tmp, from(&tmp, "examples/out/src"));
    inside.sort();
    assert_eq!(inside, ["in", "out", "web"]);
    let mut inside = services(&tmp, from(&tmp, "test/mono"));
    inside.sort();
    assert_eq!(inside, ["deep", "in", "web"]);
}

#[test]
fn workspaces_of_other_languages_name_their_members_too() {
    for (file, text) in [
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"lib\", \"examples/*\"]\n",
        ),
        (
            "pyproject.toml",
            "[tool.uv.workspace]\nmembers = [\"examples/*\"]\n",
        ),
        ("go.work", "go 1.22\nuse (\n\t./examples/shop\n)\n"),
        ("deno.json", r#"{ "workspace": ["./examples/shop"] }"#),
        (
            "pom.xml",
            "<project><modules><module>examples/shop</module></modules></project>",
        ),
        ("settings.gradle.kts", "include(\":examples:shop\")\n"),
    ] {
        let tmp = Folder::new("languages");
        tmp.file("Cargo.toml", "[package]\nname = \"one\"\n");
        tmp.file("examples/shop/Procfile", "web: vite\n");
        assert_eq!(services(&tmp, from(&tmp, "")), [""; 0], "without {file}");
        tmp.file(file, text);
        assert_eq!(services(&tmp, from(&tmp, "")), ["web"], "{file}");
    }
}

#[test]
fn the_settings_take_in_and_leave_out() {
    let tmp = Folder::new("globs");
    tmp.file("package.json", VITE);
    tmp.file("legacy/package.json", VITE);
    tmp.file("examples/cart/package.json", VITE);
    tmp.file(
        "testdata/compose.yaml",
        "services: { db: { ports: ['5432:5432'] } }\n",
    );
    let asked = Asked {
        which: settings::Projects {
            leave_out: vec!["legacy".to_owned()],
            take_in: vec!["examples/cart".to_owned()],
        },
        ..Asked::default()
    };
    let all = claims(
        &tmp.path(""),
        Asked {
            budget: Duration::from_secs(20),
            ..asked
        },
    );
    let all = all.seen().unwrap();
    let names: Vec<_> = all.services.iter().map(|one| one.folder.as_str()).collect();
    assert_eq!(names, ["", "examples/cart"]);
    let told: Vec<_> = all
        .left_out
        .iter()
        .map(|at| (at.path.as_str(), at.by_settings))
        .collect();
    assert_eq!(told, [("legacy", true), ("testdata", false)]);
    let inside = [
        tmp.path("testdata/sub"),
        tmp.path("legacy"),
        tmp.path("other"),
    ];
    assert_eq!(left_out(&tmp.path(""), all, &inside), inside[..2]);
}
