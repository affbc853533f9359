use super::*;

const SHELL: u32 = 5;
const PROJECT: &str = "/app";
const NONE: [u32; 0] = [];

fn row(pid: u32, parent: u32, line: &str, age_ms: u64) -> Row {
    Row {
        id: ProcId { pid, started: 1 },
        parent,
        comm: "x".to_owned(),
        argv: line.split(' ').map(str::to_owned).collect(),
        zombie: false,
        age_ms,
        in_project: true,
        may_listen: false,
    }
}

fn zombie(pid: u32, parent: u32) -> Row {
    Row {
        zombie: true,
        argv: Vec::new(),
        ..row(pid, parent, "x", 10)
    }
}

fn watch(supervisor: &str, child: &Row) -> Option<Watch> {
    let rows = [row(SHELL, 1, supervisor, 60_000), child.clone()];
    Watch::of(&rows, PROJECT, 99)
}

/// What is told after these looks at the children, each a list of `pid command`.
fn seen(supervisor: &str, looks: &[&[&str]]) -> Vec<Departed> {
    let children = |look: &&[&str]| -> Vec<Row> {
        look.iter()
            .map(|child| {
                let (pid, line) = child.split_once(' ').unwrap();
                row(pid.parse().unwrap(), SHELL, line, 40)
            })
            .collect()
    };
    let mut watch = watch(supervisor, &row(6, SHELL, "node first.js", 40)).unwrap();
    for look in looks {
        if watch.see(&children(look)) {
            break;
        }
    }
    watch.departed()
}

fn restarts(supervisor: &str, looks: &[&[&str]]) -> Vec<u32> {
    let seen = seen(supervisor, looks);
    seen.iter().map(|gone| gone.restarts).collect()
}

#[test]
fn a_server_that_comes_back_under_a_shell_is_a_loop() {
    let looks: &[&[&str]] = &[&["10 node a.js"], &["11 sleep 1"], &["12 node a.js"]];
    let gone = seen("sh run.sh", looks);
    assert_eq!(gone.len(), 1);
    assert_eq!((gone[0].name.as_str(), gone[0].restarts), ("node a.js", 1));
    assert_eq!(gone[0].ended, "ended within 1 s of its start");
    assert_eq!(gone[0].watcher.map(|id| id.pid), Some(SHELL));
}

#[test]
fn a_shell_that_pauses_before_and_after_has_come_round() {
    let looks: &[&[&str]] = &[&["10 sleep 1"], &["11 node a.js"], &["12 sleep 1"]];
    assert_eq!(restarts("sh run.sh", looks), [1]);
    // A wait before a server that stays.
    let stays: &[&[&str]] = &[&["10 sleep 1"], &["11 node a.js"], &["11 node a.js"]];
    assert_eq!(restarts("sh run.sh", stays), NONE);
    // What ended before our eyes is told, without more.
    let once: &[&[&str]] = &[&["10 node a.js"], &["11 sleep 3"]];
    assert_eq!(restarts("sh run.sh", once), [0]);
}

#[test]
fn steps_pollers_and_workers_are_no_loop() {
    let steps: &[&[&str]] = &[&["10 node build.js"], &["11 node a.js"], &["11 node a.js"]];
    assert_eq!(restarts("sh run.sh", steps), NONE);
    let polls: &[&[&str]] = &[
        &["10 nc -z localhost 3000"],
        &["11 sleep 1"],
        &["12 nc -z localhost 3000"],
        &["13 sleep 1"],
    ];
    assert_eq!(restarts("sh run.sh", polls), NONE);
    let copies: &[&[&str]] = &[&["10 sh run.sh"], &["11 sh run.sh"], &["12 sh run.sh"]];
    assert_eq!(restarts("sh run.sh", copies), NONE);
    let workers: &[&[&str]] = &[
        &["10 node a.js", "11 node a.js"],
        &["11 node a.js"],
        &["11 node a.js", "12 node a.js"],
    ];
    assert_eq!(restarts("pm2", workers), NONE);
}

#[test]
fn a_file_that_was_saved_is_no_loop() {
    let once: &[&[&str]] = &[&["10 node a.js"], &["11 node a.js"]];
    assert_eq!(restarts("node nodemon a.js", once), NONE);
    let often: &[&[&str]] = &[&["10 node a.js"], &["11 node a.js"], &["12 node a.js"]];
    assert_eq!(restarts("node nodemon a.js", often), [2]);
}

#[test]
fn a_server_that_ran_long_and_was_started_anew_is_no_loop() {
    let mut watch = watch("pm2", &row(6, SHELL, "node a.js", 40)).unwrap();
    watch.see(&[row(10, SHELL, "node a.js", 9000)]);
    watch.see(&[row(11, SHELL, "node a.js", 10)]);
    assert_eq!(watch.departed(), []);
}

#[test]
fn a_process_becomes_what_it_runs() {
    let mut watch = watch("sh run.sh", &row(6, SHELL, "node a.js", 40)).unwrap();
    for pid in [10, 11] {
        watch.see(&[row(pid, SHELL, "sh run.sh", 0)]);
        watch.see(&[row(pid, SHELL, "node a.js", 20)]);
        let ending = Row {
            argv: Vec::new(),
            ..row(pid, SHELL, "x", 30)
        };
        watch.see(&[ending]);
        watch.see(&[zombie(pid, SHELL)]);
    }
    assert_eq!(watch.departed()[0].restarts, 1);
}

#[test]
fn without_a_sign_nobody_is_watched() {
    let young = row(6, SHELL, "node a.js", 500);
    let old = row(6, SHELL, "node a.js", 9000);
    let watched = |supervisor, child: &Row| watch(supervisor, child).is_some();
    assert!(watched("sh run.sh", &young));
    assert!(!watched("sh run.sh", &old));
    assert!(!watched("-bash", &young), "somebody has just started it");
    assert!(watched("-bash", &row(6, SHELL, "sleep 1", 500)));
    assert!(!watched("-bash", &row(6, SHELL, "sleep 600", 500)));
    assert!(!watched("sh run.sh", &row(6, SHELL, "curl localhost", 500)));
    assert!(watched("node nodemon a.js", &young));
    assert!(!watched("node nodemon a.js", &old));
    assert!(watched("node nodemon a.js", &zombie(6, SHELL)));
    assert!(!watched("npm run dev", &young), "it ends with what it runs");
    assert!(!watched("node tsc -w", &young));
    assert!(
        watched("supervisord", &row(7, 1, "vim", 9000)),
        "it has no child"
    );
    assert!(!watched("supervisord", &old));
}

#[test]
fn a_server_that_listens_and_our_own_callers_are_left_alone() {
    let shell = row(SHELL, 1, "sh run.sh", 60_000);
    let listens = Row {
        may_listen: true,
        ..row(6, SHELL, "node a.js", 500)
    };
    assert!(Watch::of(&[shell.clone(), listens], PROJECT, 99).is_none());
    let me = row(99, SHELL, "./devdoctor why 3000", 10);
    assert!(Watch::of(&[shell.clone(), me], PROJECT, 99).is_none());
    let elsewhere = |row: Row| Row {
        in_project: false,
        ..row
    };
    let other = [shell, row(6, SHELL, "node a.js", 500)].map(elsewhere);
    assert!(Watch::of(&other, PROJECT, 99).is_none());
    // The supervisor of the whole machine runs a server of this project.
    let pm2 = elsewhere(row(SHELL, 1, "pm2", 60_000));
    assert!(Watch::of(&[pm2, row(6, SHELL, "node a.js", 500)], PROJECT, 99).is_some());
}

#[test]
fn a_server_is_told_from_a_tool() {
    let serves = |line: &str| runs_a_server(&row(1, 0, line, 0).argv, PROJECT);
    for line in [
        "node a.js",
        "python3.12 app.py",
        "./server",
        "target/debug/web",
        "/app/bin/web",
        "npm start",
        "sh start.sh",
    ] {
        assert!(serves(line), "{line}");
    }
    for line in [
        "node",
        "git status",
        "/usr/bin/curl x",
        "/application/web",
        "sh",
    ] {
        assert!(!serves(line), "{line}");
    }
    let line = |text: &str| ["sh", "-c", text].map(str::to_owned).to_vec();
    assert!(runs_a_server(&line("node a.js"), PROJECT));
    assert!(!runs_a_server(&line("nc -z localhost 3000"), PROJECT));
    assert_eq!(naming::of(&words_of(&line("node a.js"))), "node a.js");
    assert_eq!(words_of(&line("a && b")), line("a && b"));
}

#[test]
fn every_restarter_is_in_the_catalogue() {
    for key in RESTARTERS {
        assert!(
            catalogue().framework(key).is_some_and(|row| row.watcher),
            "{key}"
        );
    }
}

#[test]
fn a_shim_makes_no_other_command() {
    let same = |one: &str, other: &str| {
        let [one, other] = [one, other].map(|line| row(1, 0, line, 0).argv);
        is_same(&one, &other) && is_same(&other, &one)
    };
    assert!(same(
        "/opt/bin/python3 s.py",
        "bash /opt/pyenv-exec python3 s.py"
    ));
    assert!(same("./web", "./web"));
    assert!(!same("node a.js --port 1", "node b.js --port 1"));
    assert!(!same("web", "run web"));
    assert!(!is_same(&[], &[]));
}
