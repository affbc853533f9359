//! `devdoctor fix`: real files are changed, or not; real processes are ended, or not.
#![cfg(unix)]

use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use devdoctor::diagnose::{Change, Recording, replay, still_stands};
use devdoctor::facts::{Known, Process, Snapshot, Target};
use devdoctor::findings::{Confidence, Edit, Finding, Fix, Safety, Verdict};
use devdoctor::sources::processes;

/// A project of this test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let id = std::process::id();
        let path = std::env::temp_dir().join(format!("devdoctor-fix-{name}-{id}"));
        std::fs::create_dir_all(path.join("shop")).unwrap();
        Folder(path.canonicalize().unwrap())
    }

    fn root(&self) -> PathBuf {
        self.0.join("shop")
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.root().join(file), text).unwrap();
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.root().join(file)).unwrap()
    }

    fn change(&self, edit: &Edit) -> Result<Change, String> {
        Change::of(edit, &self.root(), &self.root())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn edit(file: &str, line: u32, column: Option<u32>, from: &str, to: &str) -> Edit {
    Edit {
        file: file.to_owned(),
        line,
        column,
        from: from.to_owned(),
        to: to.to_owned(),
    }
}

#[test]
fn a_change_is_shown_then_made_where_it_stands_and_nowhere_else() {
    let folder = Folder::new("change");
    folder.write(
        "compose.yaml",
        "# é 3000\r\nports: [\"3000:3000\"]\r\n3000\r\n",
    );
    let change = folder
        .change(&edit(
            "compose.yaml",
            2,
            Some(9),
            "\"3000:3000\"",
            "\"3001:3000\"",
        ))
        .unwrap();
    let diff = change.diff();
    assert!(diff.contains("-ports: [\"3000:3000\"]"), "{diff}");
    assert!(diff.contains("+ports: [\"3001:3000\"]"), "{diff}");
    assert!(folder.read("compose.yaml").contains("\"3000:3000\""));
    change.apply().unwrap();
    assert_eq!(
        folder.read("compose.yaml"),
        "# é 3000\r\nports: [\"3001:3000\"]\r\n3000\r\n"
    );
    // A column counts characters, not bytes.
    let change = folder.change(&edit("compose.yaml", 1, Some(5), "3000", "4000"));
    change.unwrap().apply().unwrap();
    assert!(folder.read("compose.yaml").starts_with("# é 4000\r\n"));
}

#[test]
fn what_does_not_stand_there_is_not_changed() {
    let folder = Folder::new("stands");
    folder.write(".env", "PORT=3000\nOTHER=3000,3000\n");
    for wrong in [
        edit(".env", 1, Some(5), "3000", "4000"),
        edit(".env", 1, Some(6), "3001", "4000"),
        edit(".env", 9, Some(1), "3000", "4000"),
        edit(".env", 0, None, "3000", "4000"),
        edit(".env", 2, None, "3000", "4000"),
        edit(".env", 1, None, "", "4000"),
        edit("missing", 1, None, "3000", "4000"),
        edit(".", 1, None, "3000", "4000"),
    ] {
        assert!(folder.change(&wrong).is_err(), "{wrong:?}");
    }
    assert!(
        folder
            .change(&edit(".env", 1, None, "3000", "4000"))
            .is_ok()
    );
}

#[test]
fn a_file_that_changed_meanwhile_is_left_as_it_is() {
    let folder = Folder::new("meanwhile");
    folder.write(".env", "PORT=3000\n");
    let change = folder
        .change(&edit(".env", 1, Some(6), "3000", "4000"))
        .unwrap();
    folder.write(".env", "PORT=3000\n# mine\n");
    assert!(change.apply().unwrap_err().contains("changed meanwhile"));
    assert_eq!(folder.read(".env"), "PORT=3000\n# mine\n");
    let left = std::fs::read_dir(folder.root()).unwrap().count();
    assert_eq!(left, 1, "nothing is left beside it");
}

#[test]
fn permissions_and_links_are_kept_and_no_link_leads_out() {
    let folder = Folder::new("links");
    folder.write("real.env", "PORT=3000\n");
    let real = folder.root().join("real.env");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.env", folder.root().join(".env")).unwrap();
    let change = folder.change(&edit(".env", 1, Some(6), "3000", "4000"));
    change.unwrap().apply().unwrap();
    assert_eq!(folder.read("real.env"), "PORT=4000\n");
    assert!(folder.root().join(".env").is_symlink());
    let mode = std::fs::metadata(&real).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);

    std::fs::write(folder.0.join("outside.env"), "PORT=3000\n").unwrap();
    symlink("../outside.env", folder.root().join("out.env")).unwrap();
    for out in ["out.env", "../outside.env"] {
        let refused = folder.change(&edit(out, 1, Some(6), "3000", "4000"));
        assert!(refused.unwrap_err().contains("outside"), "{out}");
    }
}

/// A diagnosis in which these processes were seen and this fix was proposed.
fn recording(code: &str, fix: &Fix, seen: Vec<Process>) -> Recording {
    let target: Target = "3000".parse().unwrap();
    let facts = Snapshot {
        processes: Known::Seen(seen.into()),
        ..Snapshot::default()
    };
    let mut finding = Finding::new(Confidence::Certain, "it hangs").fix(fix.clone());
    code.clone_into(&mut finding.code);
    let mut report = replay(&target, &facts);
    report.verdict = Verdict::Silent;
    report.findings = vec![finding];
    Recording { facts, report }
}

#[test]
fn only_the_very_process_that_was_seen_is_ended() {
    let mut child = Command::new("sleep")
        .arg("600")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let pid = child.id();
    let fix = Fix::run("end it", Safety::Disruptive, ["kill", &pid.to_string()]);
    let all = processes::in_folder("/")
        .seen()
        .cloned()
        .unwrap_or_default();
    let Some(own) = all.into_iter().find(|process| process.id.pid == pid) else {
        child.kill().unwrap();
        child.wait().unwrap();
        eprintln!("skipped: processes cannot be listed here");
        return;
    };
    let seen = vec![own.clone()];
    let before = recording("DD401", &fix, seen);
    assert_eq!(still_stands(&fix, &before, &before), Ok(()));
    let again = processes::look(&[own.id]);
    let now = recording("DD401", &fix, again);
    assert_eq!(still_stands(&fix, &before, &now), Ok(()));

    child.kill().unwrap();
    child.wait().unwrap();
    let gone = recording("DD401", &fix, processes::look(&[own.id]));
    assert!(still_stands(&fix, &before, &gone).is_err());
    // The pid was used again by another process.
    let mut other = own;
    other.id.started += 1;
    let reused = recording("DD401", &fix, vec![other]);
    assert!(still_stands(&fix, &before, &reused).is_err());
    let unseen = recording("DD401", &fix, Vec::new());
    assert!(still_stands(&fix, &unseen, &before).is_err());
}

#[test]
fn another_cause_or_another_fix_is_not_the_one_that_was_agreed_to() {
    let fix = Fix::safe("start it", ["npm", "run", "dev"]);
    let before = recording("DD202", &fix, Vec::new());
    let other = recording("DD409", &fix, Vec::new());
    assert!(still_stands(&fix, &before, &other).is_err());
    let changed = Fix::safe("start it", ["npm", "start"]);
    let now = recording("DD202", &changed, Vec::new());
    assert!(still_stands(&fix, &before, &now).is_err());
    let mut well = recording("DD202", &fix, Vec::new());
    well.report.findings.clear();
    assert!(still_stands(&fix, &before, &well).is_err());
}

/// A port that nobody has.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn devdoctor(folder: &Folder, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_devdoctor"));
    command
        .args(args)
        .current_dir(folder.root())
        .env("XDG_CONFIG_HOME", folder.0.join("none"))
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

/// A project whose script starts a server that does not run.
fn project(name: &str, port: u16) -> Folder {
    let folder = Folder::new(name);
    std::fs::create_dir(folder.root().join(".git")).unwrap();
    folder.write(
        "package.json",
        &format!(r#"{{ "name": "web", "scripts": {{ "dev": "python3 -m http.server {port}" }} }}"#),
    );
    folder
}

#[test]
fn nothing_is_done_without_a_yes() {
    let port = free_port();
    let folder = project("ask", port);
    let out = devdoctor(&folder, &["fix", "web"]).output().unwrap();
    let shown = String::from_utf8_lossy(&out.stdout).into_owned();
    assert_eq!(out.status.code(), Some(2), "{shown}");
    assert!(shown.contains("error[DD202]"), "{shown}");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(said.contains("no terminal to ask at"), "{said}");

    let out = devdoctor(&folder, &["fix", "web", "--dry-run"])
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&out.stdout).into_owned();
    assert_eq!(out.status.code(), Some(1), "{shown}");
    let command = "$ npm run dev";
    assert!(shown.contains(command), "{shown}");
    assert!(shown.contains("nothing was changed"), "{shown}");

    let out = devdoctor(&folder, &["fix", "web", "--only", "7"])
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(2));
    let open = std::net::TcpStream::connect(("127.0.0.1", port));
    assert!(open.is_err(), "nobody was started");
}

#[test]
fn a_server_is_started_and_it_is_said_that_it_helped() {
    if Command::new("npm").arg("--version").output().is_err() {
        eprintln!("skipped: there is no npm");
        assert!(std::env::var_os("DEVDOCTOR_REQUIRE_LIVE").is_none());
        return;
    }
    let port = free_port();
    let folder = project("start", port);
    let mut child = devdoctor(&folder, &["fix", "web", "--yes"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut shown = String::new();
    let mut out = child.stdout.take().unwrap();
    let mut part = [0; 1024];
    while !shown.contains("it helped") {
        let many = out.read(&mut part).unwrap();
        if many == 0 {
            break;
        }
        shown.push_str(&String::from_utf8_lossy(&part[..many]));
    }
    let group = format!("-{}", child.id());
    let ended = Command::new("kill").args(["-9", "--", &group]).status();
    child.wait().unwrap();
    assert!(ended.unwrap().success());
    assert!(shown.contains("it helped: "), "{shown}");
}
