//! What the daemon keeps on disk, where the disk, the file or the daemon itself fails.

#![cfg(target_os = "linux")]

#[path = "support/machine.rs"]
mod machine;

use std::fs;
use std::io::{BufRead, BufReader};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use devdoctor::daemon::alerts::Kept;
use devdoctor::daemon::store::{FILE, Restored, Store, Timing};
use devdoctor::facts::{Ended, Known, PastOwner, ProcId};
use machine::{pass_over, run};
use proptest::prelude::*;
use redb::{Database, TableDefinition};

/// The variable that tells a test that it plays a part in a process of its own.
const PART: &str = "DEVDOCTOR_MEMORY_PART";

const NONE: [u64; 0] = [];

/// A folder that is gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("devdoctor-memory-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join(FILE)
    }

    fn open(&self) -> (Store, Restored) {
        Store::open_with(&self.0, quick())
    }

    /// The names of files that were set aside.
    fn broken(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut broken: Vec<String> = names.filter(|name| name != FILE).collect();
        broken.sort();
        broken
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn quick() -> Timing {
    Timing {
        delay: Duration::ZERO,
        gap: Duration::ZERO,
        retry: Duration::from_millis(50),
    }
}

fn owner(number: u64) -> PastOwner {
    PastOwner {
        port: 3000,
        at: vec!["127.0.0.1:3000".parse().unwrap()],
        id: ProcId {
            pid: 7,
            started: number,
        },
        name: format!("next dev {number}"),
        framework: Some("next".to_owned()),
        cwd: Some("/home/me/shop".to_owned()),
        project: None,
        container: None,
        watcher: None,
        from: number,
        until: Some(number + 1),
        missed: false,
        ended: Known::Seen(Ended::Exited(1)),
    }
}

fn owners(numbers: Range<u64>) -> Vec<(u64, Option<PastOwner>)> {
    numbers
        .map(|number| (number, Some(owner(number))))
        .collect()
}

fn numbers(restored: &Restored) -> Vec<u64> {
    let mut numbers: Vec<u64> = restored.owners.iter().map(|(number, _)| *number).collect();
    numbers.sort_unstable();
    for (number, kept) in &restored.owners {
        assert_eq!(*kept, owner(*number), "it is as it was kept");
    }
    numbers
}

#[track_caller]
fn wait_until(what: &str, mut is: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "not in time: {what}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What is kept there, once whoever wrote it has closed it.
#[track_caller]
fn reopened(folder: &Path) -> Restored {
    let began = Instant::now();
    loop {
        let (store, restored) = Store::open_with(folder, quick());
        let notes = store.notes();
        store.close();
        if notes.is_empty() {
            return restored;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{notes:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[track_caller]
fn wait_until_kept(store: &Store) {
    let began = Instant::now();
    while !store.notes().is_empty() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{:?}",
            store.notes()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_was_kept_is_there_again() {
    let folder = Folder::new();
    let (store, restored) = folder.open();
    assert_eq!(
        (numbers(&restored), restored.alerts),
        (vec![], Kept::default())
    );
    let alerts = Kept {
        next: 17,
        ..Kept::default()
    };
    store.keep(owners(1..5), None);
    store.keep(vec![(2, None)], Some(alerts.clone()));
    store.keep(owners(5..6), None);
    store.close();
    let (store, restored) = folder.open();
    assert_eq!(numbers(&restored), [1_u64, 3, 4, 5]);
    assert_eq!(restored.alerts, alerts);
    assert_eq!(store.notes(), Vec::<String>::new());
    store.close();
    assert_eq!(folder.broken(), Vec::<String>::new());
}

#[test]
fn a_change_waits_for_company_and_not_for_ever() {
    let folder = Folder::new();
    let timing = Timing {
        delay: Duration::from_millis(100),
        gap: Duration::from_secs(3600),
        retry: Duration::from_secs(3600),
    };
    let (store, _) = Store::open_with(&folder.0, timing);
    let before = fs::read(folder.file()).unwrap();
    store.keep(owners(1..2), None);
    wait_until("the first change is written", || {
        fs::read(folder.file()).unwrap() != before
    });
    // The next one waits its turn, or for the end.
    let written = fs::read(folder.file()).unwrap();
    store.keep(owners(2..3), None);
    assert_eq!(fs::read(folder.file()).unwrap(), written);
    store.close();
    assert_eq!(numbers(&reopened(&folder.0)), [1_u64, 2]);
}

/// The part of a daemon that is killed while it writes.
#[test]
fn part_that_writes_on_and_on() {
    let Some(folder) = std::env::var_os(PART).filter(|part| part != "inside") else {
        return;
    };
    let (store, restored) = Store::open_with(Path::new(&folder), quick());
    let first = numbers(&restored).last().map_or(0, |last| last + 1);
    for number in first.. {
        store.keep(owners(number..number + 1), None);
        println!("{number}");
        assert!(number < first + 1_000_000, "nobody has killed it");
        std::thread::sleep(Duration::from_micros(200));
    }
}

#[test]
fn a_daemon_that_is_killed_loses_no_more_than_its_last_words() {
    let folder = Folder::new();
    let mut before = 0;
    for lines in [1, 200, 17, 400, 90] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "part_that_writes_on_and_on", "--nocapture"])
            .env(PART, &folder.0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = output
            .map_while(Result::ok)
            .filter(|line| line.parse::<u64>().is_ok());
        assert_eq!(told.take(lines).count(), lines, "it writes");
        if lines > 100 {
            wait_until("something is on the disk", || {
                fs::metadata(folder.file()).is_ok_and(|file| file.len() > 0)
            });
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let (store, restored) = folder.open();
        assert_eq!(store.notes(), Vec::<String>::new());
        let kept = numbers(&restored);
        let all: Vec<u64> = (0..kept.len() as u64).collect();
        assert_eq!(kept, all, "what came first is kept first");
        assert!(kept.len() >= before, "what was kept stays");
        before = kept.len();
        store.close();
    }
    assert!(before > 0, "something was kept");
    assert_eq!(folder.broken(), Vec::<String>::new());
}

/// A small file as it is kept.
fn sound() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| {
        let folder = Folder::new();
        let (store, _) = folder.open();
        store.keep(owners(0..40), Some(Kept::default()));
        store.close();
        fs::read(folder.file()).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_damaged_file_is_read_as_it_was_or_set_aside(
        damage in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 0..8),
        // Most of a small file is empty: what is in use stands at its start.
        early in prop::collection::vec((0..9000_usize, 1..=255_u8), 0..8),
        cut in prop::option::weighted(0.3, any::<prop::sample::Index>()),
    ) {
        let mut bytes = sound().to_vec();
        for (at, flip) in damage {
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        }
        for (at, flip) in early {
            bytes[at] ^= flip;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let folder = Folder::new();
        fs::write(folder.file(), &bytes).unwrap();
        let (store, restored) = folder.open();
        let kept = numbers(&restored);
        let aside = folder.broken();
        let all: Vec<u64> = (0..40).collect();
        // An earlier state of the file is as good: it was true once.
        let well = kept == all || kept.is_empty();
        prop_assert!(well, "{kept:?}");
        prop_assert_eq!(store.notes().len(), aside.len(), "{:?}", store.notes());
        store.keep(owners(50..51), None);
        store.close();
        let (store, restored) = folder.open();
        prop_assert!(numbers(&restored).contains(&50));
        prop_assert_eq!(folder.broken(), aside, "once is enough");
        store.close();
    }
}

/// Makes what stands in the place of the file.
type Make<'a> = &'a dyn Fn(&Path);

#[test]
fn what_is_no_file_of_ours_is_set_aside_with_a_word() {
    let make: [(&str, Make); 5] = [
        ("", &|path| {
            fs::write(path, "not a database at all").unwrap()
        }),
        ("it is no file", &|path| fs::create_dir(path).unwrap()),
        ("foreign table", &|path| table(path, "theirs", "x", 1)),
        ("newer version", &|path| table(path, "meta", "schema", 2)),
        ("too large", &|path| {
            let file = fs::File::create(path).unwrap();
            file.set_len(1 << 30).unwrap();
        }),
    ];
    for (word, make) in make {
        let folder = Folder::new();
        make(&folder.file());
        let (store, restored) = folder.open();
        assert_eq!(numbers(&restored), NONE);
        let notes = store.notes();
        assert!(
            notes.len() == 1 && notes[0].contains(word),
            "{word}: {notes:?}"
        );
        assert!(notes[0].contains("set aside"), "{notes:?}");
        assert_eq!(folder.broken(), [format!("{FILE}.broken-1")]);
        store.keep(owners(1..2), None);
        store.close();
        let (store, restored) = folder.open();
        assert_eq!(numbers(&restored), [1_u64]);
        assert_eq!(store.notes(), Vec::<String>::new(), "it is told once");
        store.close();
    }
}

fn table(path: &Path, table: &'static str, key: &str, value: u64) {
    let db = Database::create(path).unwrap();
    let txn = db.begin_write().unwrap();
    let definition: TableDefinition<&str, u64> = TableDefinition::new(table);
    txn.open_table(definition)
        .unwrap()
        .insert(key, value)
        .unwrap();
    txn.commit().unwrap();
}

#[test]
fn broken_files_do_not_pile_up() {
    let folder = Folder::new();
    for _ in 0..6 {
        fs::write(folder.file(), "rubbish").unwrap();
        let (store, _) = folder.open();
        store.close();
    }
    let expected = [1, 2, 3].map(|number| format!("{FILE}.broken-{number}"));
    assert_eq!(folder.broken(), expected);
}

#[test]
fn an_empty_file_is_a_new_one() {
    let folder = Folder::new();
    fs::write(folder.file(), "").unwrap();
    let (store, _) = folder.open();
    assert_eq!(store.notes(), Vec::<String>::new());
    store.close();
}

#[test]
fn two_daemons_do_not_take_the_file_from_each_other() {
    let folder = Folder::new();
    let (first, _) = folder.open();
    first.keep(owners(1..2), None);
    let (second, restored) = folder.open();
    assert_eq!(numbers(&restored), NONE);
    let notes = second.notes();
    assert!(
        notes.len() == 1 && notes[0].contains("another process"),
        "{notes:?}"
    );
    second.keep(owners(2..3), None);
    first.keep(owners(3..4), None);
    first.close();
    // What it had to keep in memory is written as soon as the file is free.
    wait_until_kept(&second);
    second.close();
    assert_eq!(numbers(&reopened(&folder.0)), [1_u64, 2, 3]);
    assert_eq!(folder.broken(), Vec::<String>::new());
}

#[test]
fn the_file_does_not_grow_for_ever() {
    let folder = Folder::new();
    let long = |number: u64| PastOwner {
        cwd: Some("/x".repeat(700)),
        ..owner(number)
    };
    let (store, _) = folder.open();
    let mut longest = 0;
    for round in 0..4 {
        let numbers = round * 4000..(round + 1) * 4000;
        store.keep(
            numbers.map(|number| (number, Some(long(number)))).collect(),
            None,
        );
        // Each round is a writing of its own.
        let (mut last, mut still) = (0, 0);
        wait_until("it is written", || {
            let length = fs::metadata(folder.file()).map_or(0, |file| file.len());
            still = if length == last && length > 0 {
                still + 1
            } else {
                0
            };
            last = length;
            still > 40
        });
        longest = longest.max(last);
    }
    store.close();
    let restored = reopened(&folder.0);
    let length = fs::metadata(folder.file()).unwrap().len();
    // A database that is closed writes down where it has room.
    assert!(length <= 10 << 20, "{length} bytes, {longest} before");
    let newest = restored.owners.iter().map(|(number, _)| *number).max();
    assert_eq!(newest, Some(15_999), "the oldest go first");
    assert!(restored.owners.len() <= 8192);
}

/// Plays a test as root of a mount namespace of its own.
fn in_namespace(name: &str, act: impl FnOnce(&Path)) {
    if std::env::var_os(PART).is_some_and(|part| part == "inside") {
        let folder = Folder::new();
        act(&folder.0);
        return;
    }
    let unshare = |program: &Path, args: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount"]);
        command.arg(program).args(args).env(PART, "inside");
        command
    };
    match unshare(Path::new("true"), &[]).output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return pass_over(name, &format!("no namespaces here: {why}"));
        }
        Err(error) => return pass_over(name, &format!("unshare: {error}")),
    }
    let exe = std::env::current_exe().unwrap();
    let status = unshare(&exe, &["--exact", name, "--nocapture"]).status();
    assert!(status.unwrap().success(), "{name} failed: see above");
}

fn mount(folder: &Path, options: &str) {
    let folder = folder.to_str().unwrap();
    run("mount", &["-t", "tmpfs", "-o", options, "tmpfs", folder]);
}

#[test]
fn a_read_only_home_is_told_and_tried_again() {
    in_namespace("a_read_only_home_is_told_and_tried_again", |folder| {
        mount(folder, "ro,size=4m");
        let (store, restored) = Store::open_with(folder, quick());
        assert_eq!(numbers(&restored), NONE);
        let notes = store.notes();
        assert!(
            notes.len() == 1 && notes[0].contains("Read-only"),
            "{notes:?}"
        );
        store.keep(owners(1..2), None);
        store.keep(owners(2..3), None);
        assert_eq!(store.notes(), notes, "one note is enough");
        let place = folder.to_str().unwrap();
        run("mount", &["-o", "remount,rw", place]);
        wait_until_kept(&store);
        store.close();
        assert_eq!(numbers(&reopened(folder)), [1_u64, 2]);

        // It becomes so while the daemon runs.
        let (store, _) = Store::open_with(folder, quick());
        store.close();
        run("mount", &["-o", "remount,ro", place]);
        let (store, _) = Store::open_with(folder, quick());
        assert_eq!(store.notes().len(), 1);
        store.close();
        run("umount", &[place]);
    });
}

#[test]
fn a_full_disk_is_told_and_tried_again() {
    in_namespace("a_full_disk_is_told_and_tried_again", |folder| {
        mount(folder, "size=1m");
        let filler = folder.join("filler");
        let fill = || {
            // Until there is no room for another byte.
            for size in [65_536, 4096, 1] {
                use std::io::Write;
                let mut options = fs::OpenOptions::new();
                let mut file = options.create(true).append(true).open(&filler).unwrap();
                while file.write_all(&vec![0; size]).is_ok() {}
            }
        };
        // Full from the start.
        fill();
        let (store, restored) = Store::open_with(folder, quick());
        assert_eq!(numbers(&restored), NONE);
        store.keep(owners(1..2), None);
        wait_until("it is told", || {
            store
                .notes()
                .iter()
                .any(|note| note.contains("No space left"))
        });
        assert_eq!(store.notes().len(), 1, "{:?}", store.notes());
        fs::remove_file(&filler).unwrap();
        wait_until_kept(&store);
        // Full while it runs.
        store.keep(owners(2..10), None);
        fill();
        store.keep(owners(10..400), None);
        wait_until("it is told again", || {
            store
                .notes()
                .iter()
                .any(|note| note.contains("No space left"))
        });
        store.keep(owners(400..401), None);
        fs::remove_file(&filler).unwrap();
        wait_until_kept(&store);
        store.close();
        let (store, restored) = Store::open_with(folder, quick());
        assert_eq!(store.notes(), Vec::<String>::new());
        assert_eq!(numbers(&restored), (1..401).collect::<Vec<_>>());
        store.close();
        run("umount", &[folder.to_str().unwrap()]);
    });
}
