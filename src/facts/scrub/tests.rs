use super::words::replace_folder;
use super::*;
use crate::facts::{Expectation, Pointer, ProcId, Project, Service};

#[test]
fn what_files_say_is_told_without_what_is_private() {
    let claims = Claims {
        services: vec![Service {
            name: "web".to_owned(),
            folder: "apps/web".to_owned(),
            start: ["npm", "run", "dev", "--", "--token=Abc123Secret"]
                .map(str::to_owned)
                .to_vec(),
            expects: vec![Expectation {
                port: Some(3000),
                host: Some("intranet.example.com".to_owned()),
                written: "3000".to_owned(),
                ..Expectation::default()
            }],
            ..Service::default()
        }],
        pointers: vec![Pointer {
            key: "DATABASE_URL".to_owned(),
            host: "db.example.com".to_owned(),
            port: 5432,
            written: "db.example.com:5432".to_owned(),
            ..Pointer::default()
        }],
        broken: vec![crate::facts::BrokenFile {
            origin: Origin::default(),
            what: "/home/ann/shop/x is a folder".to_owned(),
        }],
        ..Claims::default()
    };
    let mut snapshot = Snapshot::default();
    "ann".clone_into(&mut snapshot.host.user.name);
    snapshot.projects = Known::Seen(
        vec![Project {
            root: "/home/ann/shop".to_owned(),
            markers: Vec::new(),
            claims: Known::Seen(Arc::new(claims)),
        }]
        .into(),
    );
    let secret = process(&["vite", "--token=Abc123Secret"]);
    snapshot.project_processes = Known::Seen(vec![secret].into());
    let scrubbed = serde_json::to_string(&scrub(snapshot, Some("/home/ann"))).unwrap();
    for gone in ["ann", "Abc123Secret", "example.com"] {
        assert!(!scrubbed.contains(gone), "{gone} is still in {scrubbed}");
    }
    for kept in [
        "apps/web",
        "\"dev\"",
        "3000",
        "DATABASE_URL",
        "…:5432",
        "~/shop",
    ] {
        assert!(scrubbed.contains(kept), "{kept} is not in {scrubbed}");
    }
}

fn process(argv: &[&str]) -> Process {
    let mut process: Process = toml::from_str("id = { pid = 1 }").unwrap();
    process.argv = Known::Seen(argv.iter().map(|&w| w.to_owned()).collect());
    process.cwd = Known::Seen("/home/ann/shop".to_owned());
    process.id = ProcId { pid: 1, started: 2 };
    process
}

#[test]
fn private_words_go_and_telling_ones_stay() {
    let mut snapshot = Snapshot::default();
    "ann".clone_into(&mut snapshot.host.user.name);
    let secret = process(&[
        "/home/ann/.nvm/node",
        "/home/ann/shop/server.js",
        "--port",
        "4000",
        "--token=Abc123Secret",
        "postgres://me:pw@db/x",
        "-H",
        "0.0.0.0",
    ]);
    snapshot.processes = Known::Seen(vec![secret].into());
    let scrubbed = serde_json::to_string(&scrub(snapshot, Some("/home/ann"))).unwrap();
    for gone in ["ann", "Abc123Secret", "pw@db"] {
        assert!(!scrubbed.contains(gone), "{gone} is still in {scrubbed}");
    }
    for kept in ["~/shop/server.js", "--port", "4000", "--token=…", "0.0.0.0"] {
        assert!(scrubbed.contains(kept), "{kept} is not in {scrubbed}");
    }
}

#[test]
fn a_secret_goes_however_it_is_given() {
    let mut snapshot = Snapshot::default();
    let argv = [
        "mysqld",
        "-pHunter",
        "--password",
        "hunter",
        "--api-key=hunter",
        "--port=3000",
    ];
    let other = ["java", "-jar", "app.jar", "-p3000", "Hunter", "-é", "-", ""];
    snapshot.processes = Known::Seen(vec![process(&argv), process(&other)].into());
    let scrubbed = scrub(snapshot, None);
    let argv = |at: usize| {
        scrubbed.processes.items()[at]
            .argv
            .seen()
            .unwrap()
            .join(" ")
    };
    assert_eq!(argv(0), "mysqld -p… --password … --api-key=… --port=3000");
    assert_eq!(argv(1), "java -jar app.jar -p3000 … -é - ");
}

#[test]
fn a_folder_is_replaced_only_whole() {
    assert_eq!(
        replace_folder("/root/x /rootfs", "/root", "~"),
        "~/x /rootfs"
    );
}
