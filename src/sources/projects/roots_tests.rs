//! Which folders are somebody's project.

use super::tests::Folder;
use super::*;

#[test]
fn a_package_and_its_monorepo_are_both_found_once() {
    let tmp = Folder::new("projects");
    tmp.file("repo/.git/HEAD", "");
    tmp.file("repo/compose.yaml", "");
    tmp.file("repo/apps/web/package.json", "");
    tmp.file("package.json", "");
    let folders = [tmp.path("repo/apps/web/src"), tmp.path("repo/apps/web")];
    let found = roots(&folders);
    let list: Vec<_> = found.iter().map(|p| p.root.clone()).collect();
    assert_eq!(list, [tmp.path("repo/apps/web"), tmp.path("repo")]);
    assert_eq!(found[1].compose_file(), Some("compose.yaml"));
}

#[test]
fn a_crowded_folder_is_asked_for_each_marker() {
    let tmp = Folder::new("crowded");
    tmp.file("go.mod", "");
    for at in 0..=MOST_NAMES {
        tmp.file(&format!("file{at}"), "");
    }
    let found = roots(&[tmp.path("")]);
    assert_eq!(found[0].markers, ["go.mod"]);
}

#[test]
fn no_project_is_no_fault() {
    assert_eq!(roots(&["relative", "/", ""]), []);
}
