//! Real files in real folders, and what is told of them.

use std::fs;
use std::time::Instant;

use super::super::tests::Folder;
use super::*;

/// Longer than any machine needs, however busy it is.
const LONG: Duration = Duration::from_secs(20);

/// A project, read and watched.
struct World {
    folder: Folder,
    watch: Watch,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn new(name: &str, files: &[&str]) -> Self {
        let folder = Folder::new(name);
        for file in files {
            folder.file(file, "{}");
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let mut world = World {
            folder,
            watch: Watch::new(),
            runtime,
        };
        world.read();
        world.settle();
        world
    }

    fn root(&self) -> String {
        self.folder.path("").trim_end_matches('/').to_owned()
    }

    /// What the loop does after a hint.
    fn read(&mut self) -> Vec<String> {
        let root = self.root();
        let read = super::super::read(&root, LONG);
        let roots = BTreeMap::from([(root, read.folders.clone())]);
        self.watch.watch(&roots);
        read.folders
    }

    /// Waits until a file that is written is told of, and nothing else comes any more.
    fn settle(&mut self) {
        let root = self.folder.path("");
        let began = Instant::now();
        loop {
            fs::write(Path::new(&root).join(".env.settle"), "").unwrap();
            if self.next(Duration::from_secs(2)).is_some() {
                break;
            }
            assert!(began.elapsed() < LONG, "nothing is told");
        }
        while self.next(Duration::from_millis(1500)).is_some() {}
    }

    fn next(&mut self, within: Duration) -> Option<Vec<String>> {
        let next = async { tokio::time::timeout(within, self.watch.next()).await.ok() };
        self.runtime.block_on(next)
    }

    /// The project is told of once, and then no more.
    #[track_caller]
    fn told_once(&mut self) {
        let root = self.root();
        assert_eq!(self.next(LONG), Some(vec![root]));
        assert_eq!(self.next(Duration::from_millis(1500)), None, "told twice");
    }

    /// Nothing is told of what was done; what is done next is.
    #[track_caller]
    fn quiet(&mut self) {
        assert_eq!(self.next(Duration::from_millis(1500)), None);
        self.folder.file("package.json", "{\"name\": \"again\"}");
        self.told_once();
    }
}

#[test]
fn every_way_to_save_a_file_is_one_hint() {
    let mut world = World::new("ways", &["package.json", "web/vite.config.ts"]);
    let own = |name: &str| Path::new(&world.folder.path(name)).to_owned();
    let (file, beside, other) = (own("package.json"), own("4913"), own("package.json~"));

    // In place.
    fs::write(&file, "{ }").unwrap();
    world.told_once();
    // Vim: the old one gets another name, the new one is written under its own.
    fs::write(&beside, "").unwrap();
    fs::remove_file(&beside).unwrap();
    fs::rename(&file, &other).unwrap();
    fs::write(&file, "{  }").unwrap();
    fs::remove_file(&other).unwrap();
    world.told_once();
    // JetBrains and `sed -i`: written beside, then renamed over.
    fs::write(&other, "{   }").unwrap();
    fs::rename(&other, &file).unwrap();
    world.told_once();
    // Removed, and made again.
    fs::remove_file(&file).unwrap();
    world.told_once();
    fs::write(&file, "{}").unwrap();
    world.told_once();
    // A file that was not there.
    fs::write(file.with_file_name("compose.yaml"), "").unwrap();
    world.told_once();
}

#[test]
fn what_is_no_setting_is_not_told() {
    let mut world = World::new("noise", &["package.json", "src/index.js", ".gitignore"]);
    let root = world.root();
    let root = Path::new(&root);
    for folder in ["target", "node_modules/vite", "src/parts"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for number in 0..200 {
        fs::write(root.join(format!("build-{number}.js")), "x").unwrap();
        fs::write(root.join(format!("target/{number}.o")), "x").unwrap();
    }
    for number in 0..10_000 {
        fs::write(root.join(format!("target/{number}.d")), "x").unwrap();
    }
    fs::write(root.join("node_modules/vite/package.json"), "{}").unwrap();
    // To read it is nothing, too.
    for _ in 0..100 {
        fs::read(root.join("package.json")).unwrap();
    }
    world.quiet();
}

#[cfg(unix)]
#[test]
fn what_others_bring_into_play_is_watched_too() {
    use std::os::unix::fs::symlink;
    let mut world = World::new("beside", &["package.json", "shared/settings/base.json"]);
    let own = |name: &str| Path::new(&world.folder.path(name)).to_owned();
    let script = r#"{"scripts": {"dev": "vite"}, "devDependencies": {"vite": "7"}}"#;
    fs::write(own("package.json"), script).unwrap();
    let config = "import { port } from './tools/ports';\nexport default { server: { port } };\n";
    fs::write(own("vite.config.ts"), config).unwrap();
    fs::create_dir(own("tools")).unwrap();
    fs::write(own("tools/ports.ts"), "export const port = 4000;\n").unwrap();
    symlink("../shared/settings/base.json", own("tools/compose.json")).unwrap();
    fs::create_dir(own("web")).unwrap();
    symlink("../shared/settings/base.json", own("web/package.json")).unwrap();
    let (ports, real) = (own("tools/ports.ts"), own("shared/settings/base.json"));
    let folders = world.read();
    assert!(
        folders.contains(&ports.display().to_string()),
        "{folders:?}"
    );
    assert!(folders.contains(&real.display().to_string()), "{folders:?}");
    world.settle();
    fs::write(&ports, "export const port = 4001;\n").unwrap();
    world.told_once();
    fs::write(&real, "{\"name\": \"shared\"}").unwrap();
    world.told_once();
}

#[test]
fn a_root_that_is_not_there_is_waited_for() {
    let mut world = World::new("later", &["package.json"]);
    let root = world.folder.path("later");
    let read = super::super::read(&root, LONG);
    assert_eq!(read.folders, [root.as_str()]);
    assert!(!read.claims.is_seen());
    let roots = BTreeMap::from([(root.clone(), read.folders)]);
    world.watch.watch(&roots);
    while world.next(Duration::from_millis(700)).is_some() {}
    world.folder.file("later/package.json", "{}");
    assert_eq!(world.next(LONG), Some(vec![root]));
}
