//! Files that are replaced, and addresses that come and go.

use std::fs;
use std::path::Path;

use super::*;

/// Longer than any machine needs, however busy it is.
const LONG: Duration = Duration::from_secs(20);

/// A folder of this test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("devdoctor-host-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path.canonicalize().unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

/// Whether a hint comes. Addresses of the machine that runs this may change, too: they
/// are not listened to here.
fn hint(runtime: &tokio::runtime::Runtime, watch: &Watch, within: Duration) -> bool {
    runtime
        .block_on(async { tokio::time::timeout(within, watch.folders.next()).await })
        .is_ok()
}

#[track_caller]
fn told_once(runtime: &tokio::runtime::Runtime, watch: &Watch) {
    assert!(hint(runtime, watch, LONG), "nothing was told");
    assert!(!hint(runtime, watch, Duration::from_millis(700)), "twice");
}

/// Waits until the files are watched.
fn settle(runtime: &tokio::runtime::Runtime, watch: &Watch, file: &Path) {
    let began = Instant::now();
    loop {
        fs::write(file, "settle\n").unwrap();
        if hint(runtime, watch, Duration::from_secs(1)) {
            break;
        }
        assert!(began.elapsed() < LONG, "nothing is told");
    }
    while hint(runtime, watch, Duration::from_millis(700)) {}
}

#[test]
fn files_that_are_written_and_replaced_are_told() {
    let tmp = Folder::new("files");
    let hosts = tmp.0.join("hosts");
    fs::write(&hosts, "127.0.0.1 localhost\n").unwrap();
    let watch = Watch::over(vec![hosts.clone(), tmp.0.join("gone/nsswitch.conf")]);
    let runtime = runtime();
    settle(&runtime, &watch, &hosts);
    for text in ["a\n", "b\n"] {
        let beside = tmp.0.join("hosts.new");
        fs::write(&beside, text).unwrap();
        fs::rename(&beside, &hosts).unwrap();
        told_once(&runtime, &watch);
        // The file that is there now is as good as the first.
        fs::write(&hosts, "c\n").unwrap();
        told_once(&runtime, &watch);
    }
    fs::write(tmp.0.join("passwd"), "x").unwrap();
    assert!(!hint(&runtime, &watch, Duration::from_millis(700)));
    // One whose folder was not there.
    fs::create_dir(tmp.0.join("gone")).unwrap();
    fs::write(tmp.0.join("gone/nsswitch.conf"), "hosts: files\n").unwrap();
    assert!(hint(&runtime, &watch, LONG));
}

#[cfg(unix)]
#[test]
fn a_file_behind_links_is_told_by_its_own_folder() {
    use std::os::unix::fs::symlink;
    let tmp = Folder::new("links");
    for folder in ["etc", "run/one", "run/two"] {
        fs::create_dir_all(tmp.0.join(folder)).unwrap();
    }
    let [one, two] = ["one", "two"].map(|name| tmp.0.join("run").join(name).join("stub.conf"));
    fs::write(&one, "1").unwrap();
    fs::write(&two, "2").unwrap();
    let seen = tmp.0.join("etc/resolv.conf");
    symlink("../run/one/stub.conf", &seen).unwrap();
    // A link in a circle and one to nothing are no harm.
    symlink("circle", tmp.0.join("etc/circle")).unwrap();
    let files = vec![seen.clone(), tmp.0.join("etc/circle")];
    let watch = Watch::over(files);
    let runtime = runtime();
    settle(&runtime, &watch, &one);
    let beside = one.with_extension("new");
    fs::write(&beside, "3").unwrap();
    fs::rename(&beside, &one).unwrap();
    told_once(&runtime, &watch);
    fs::write(&two, "4").unwrap();
    assert!(!hint(&runtime, &watch, Duration::from_millis(700)));
    // The link itself points elsewhere now.
    let link = tmp.0.join("etc/new");
    symlink("../run/two/stub.conf", &link).unwrap();
    fs::rename(&link, &seen).unwrap();
    told_once(&runtime, &watch);
    fs::write(&two, "5").unwrap();
    told_once(&runtime, &watch);
}
