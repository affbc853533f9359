//! What is heard of events that come in any order, and what becomes of lost watches.

use std::fs;
use std::path::Path;
use std::time::Instant;

use notify::event::{AccessKind, CreateKind, Flag, ModifyKind, RenameMode};
use notify::{Event, EventKind};

use super::arms::Arms;
use super::*;

const KIND: Kind = Kind {
    name: "tests",
    matters: |name| name == "known",
    enters: |name| name != "target",
    closely: false,
    quiet: Duration::from_millis(50),
    longest: Duration::from_millis(300),
};

/// Longer than any machine needs, however busy it is.
const LONG: Duration = Duration::from_secs(20);

/// A folder of this test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("devdoctor-folders-{name}-{}", std::process::id());
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

fn interests(paths: &[&Path]) -> BTreeSet<Interest> {
    let interest = |path: &&Path| Interest {
        path: path.to_path_buf(),
        who: Who::from("me"),
    };
    paths.iter().map(interest).collect()
}

fn filter(paths: &[&Path]) -> Filter {
    let arms = Arms::of(&interests(paths), &BTreeSet::new(), false);
    Filter {
        arms: arms.by_path,
        ..Filter::default()
    }
}

fn counts(filter: &mut Filter, kind: EventKind, path: &Path) -> bool {
    let event = Ok(Event::new(kind).add_path(path.to_owned()));
    filter.heard = filter::Heard::default();
    filter.take(&event, &KIND, Instant::now())
}

#[test]
fn only_names_that_matter_count() {
    let tmp = Folder::new("names");
    let below = tmp.0.join("below");
    fs::create_dir(&below).unwrap();
    let single = below.join("single");
    let mut filter = filter(&[&tmp.0, &single]);
    let write = EventKind::Modify(ModifyKind::Any);
    for (name, wanted) in [
        ("known", true),
        ("other", false),
        ("below", false),
        ("below/single", true),
        ("below/known", false),
        ("elsewhere/known", false),
    ] {
        let path = tmp.0.join(name);
        assert_eq!(counts(&mut filter, write, &path), wanted, "{name}");
    }
    let read = EventKind::Access(AccessKind::Open(notify::event::AccessMode::Any));
    assert!(!counts(&mut filter, read, &tmp.0.join("known")));
    // A folder that may be new is looked at; one that others write is not.
    let made = EventKind::Create(CreateKind::Folder);
    assert!(counts(&mut filter, made, &tmp.0.join("new")));
    assert!(filter.heard.new.contains_key(&tmp.0.join("new")));
    assert!(!counts(&mut filter, made, &tmp.0.join("target")));
    // A watched folder itself.
    let moved = EventKind::Modify(ModifyKind::Name(RenameMode::From));
    assert!(counts(&mut filter, moved, &tmp.0));
    assert!(filter.heard.rearrange);
    assert_eq!(filter.heard.who.len(), 1);
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_text_is_no_harm() {
    use std::os::unix::ffi::OsStrExt;
    let tmp = Folder::new("bytes");
    let mut filter = filter(&[&tmp.0]);
    let path = tmp.0.join(std::ffi::OsStr::from_bytes(b"kn\xffown"));
    let made = EventKind::Create(CreateKind::Any);
    assert!(!counts(&mut filter, made, &path));
}

#[test]
fn lost_events_are_everybodys() {
    let mut filter = Filter::default();
    let lost = Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan));
    assert!(filter.take(&lost, &KIND, Instant::now()));
    assert!(filter.heard.all);
    // The thread is woken once, however much comes.
    assert!(!filter.take(&lost, &KIND, Instant::now()));
}

#[test]
fn a_new_folder_that_a_build_writes_to_is_let_go() {
    let tmp = Folder::new("noise");
    let young = interests(&[&tmp.0]);
    let arms = Arms::of(&BTreeSet::new(), &young, false);
    let mut filter = Filter {
        arms: arms.by_path,
        ..Filter::default()
    };
    let write = EventKind::Modify(ModifyKind::Any);
    let told = (0..2000).filter(|_| counts(&mut filter, write, &tmp.0.join("x.o")));
    assert_eq!(told.count(), 1);
}

#[test]
fn there_is_an_end_to_how_many_folders_are_watched() {
    let tmp = Folder::new("many");
    let many: Vec<PathBuf> = (0..5000).map(|n| tmp.0.join(n.to_string())).collect();
    for path in &many {
        fs::create_dir(path).unwrap();
    }
    let paths: Vec<&Path> = many.iter().map(PathBuf::as_path).collect();
    let arms = Arms::of(&interests(&paths), &BTreeSet::new(), false);
    assert_eq!(arms.by_path.len(), arms::MOST);
    assert!(arms.cut);
}

/// A watch in a runtime.
struct World {
    folders: Folders,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn new() -> Self {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        World {
            folders: Folders::new(KIND),
            runtime: builder.enable_all().build().unwrap(),
        }
    }

    fn next(&self, within: Duration) -> Option<Changed> {
        let next = async { tokio::time::timeout(within, self.folders.next()).await };
        self.runtime.block_on(next).ok()
    }

    #[track_caller]
    fn told(&self) {
        assert!(self.next(LONG).is_some(), "nothing was told");
        while self.next(Duration::from_millis(600)).is_some() {}
    }

    /// Waits until a change of this file is told, and nothing else comes.
    #[track_caller]
    fn settle(&self, file: &Path) {
        let began = Instant::now();
        while self.next(Duration::from_millis(600)).is_none() {
            assert!(began.elapsed() < LONG, "nothing is told");
            fs::write(file, "settle").unwrap();
        }
        while self.next(Duration::from_millis(600)).is_some() {}
    }
}

#[test]
fn folders_that_vanish_and_come_back_are_watched_again() {
    let tmp = Folder::new("vanish");
    let folder = tmp.0.join("a/b");
    fs::create_dir_all(&folder).unwrap();
    let world = World::new();
    world.folders.watch(interests(&[&folder]));
    world.settle(&folder.join("known"));

    // Removed with what is in it, and made again.
    fs::remove_dir_all(tmp.0.join("a")).unwrap();
    world.told();
    fs::create_dir_all(&folder).unwrap();
    world.told();
    fs::write(folder.join("known"), "1").unwrap();
    world.told();

    // Renamed and back, faster than anybody looks.
    let aside = tmp.0.join("a/c");
    fs::rename(&folder, &aside).unwrap();
    fs::rename(&aside, &folder).unwrap();
    world.told();
    fs::write(folder.join("known"), "2").unwrap();
    world.told();

    // Another one takes its place.
    fs::create_dir(&aside).unwrap();
    fs::rename(&folder, tmp.0.join("a/d")).unwrap();
    fs::rename(&aside, &folder).unwrap();
    world.told();
    fs::write(tmp.0.join("a/d/known"), "3").unwrap();
    assert_eq!(world.next(Duration::from_millis(600)), None);
    fs::write(folder.join("known"), "4").unwrap();
    world.told();
}

#[test]
fn a_project_that_grows_is_told() {
    let tmp = Folder::new("grows");
    let world = World::new();
    world.folders.watch(interests(&[&tmp.0]));
    world.settle(&tmp.0.join("known"));
    // Made empty first, as people do; what is in it comes later.
    fs::create_dir_all(tmp.0.join("apps/web")).unwrap();
    assert_eq!(world.next(Duration::from_millis(600)), None);
    fs::write(tmp.0.join("apps/web/known"), "").unwrap();
    world.told();
    // Moved to there, full.
    let full = tmp.0.join("target");
    fs::create_dir_all(full.join("deep")).unwrap();
    fs::write(full.join("deep/known"), "").unwrap();
    fs::rename(&full, tmp.0.join("moved")).unwrap();
    world.told();
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_and_pipes_keep_nobody() {
    use std::os::unix::fs::symlink;
    let tmp = Folder::new("circle");
    symlink(&tmp.0, tmp.0.join("round")).unwrap();
    symlink("loop", tmp.0.join("loop")).unwrap();
    let pipe = tmp.0.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let world = World::new();
    let looped = tmp.0.join("loop/deeper");
    let round = tmp.0.join("round/round");
    world
        .folders
        .watch(interests(&[&tmp.0, &looped, &round, &pipe]));
    world.settle(&tmp.0.join("known"));
    symlink(&tmp.0, tmp.0.join("new-round")).unwrap();
    assert_eq!(world.next(Duration::from_millis(600)), None);
    assert_eq!(world.folders.mode(), "watching 1 folder");
}

#[cfg(target_os = "linux")]
#[test]
fn a_queue_that_runs_over_is_told() {
    let tmp = Folder::new("overflow");
    let world = World::new();
    world.folders.watch(interests(&[&tmp.0]));
    world.settle(&tmp.0.join("known"));
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let limit: usize = limit.trim().parse().unwrap();
    if limit > 200_000 {
        return println!("passed over: {limit} events are kept here");
    }
    {
        // Whoever takes the events from the kernel waits here.
        let _held = lock(&world.folders.shared.filter);
        for number in 0..=limit {
            fs::write(tmp.0.join(format!("{number}")), "").unwrap();
        }
    }
    let began = Instant::now();
    while !world.next(LONG).is_some_and(|changed| changed.all) {
        assert!(began.elapsed() < LONG, "the overflow is not told");
    }
}
