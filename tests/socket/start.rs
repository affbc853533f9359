//! Who becomes the daemon, and what it finds.

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use devdoctor::ipc::Place;

use super::machine::{pass_over, which};
use super::responder::READY;
use super::stage::{Server, Stage, mode, started};
use super::talk::Talk;

/// The reason why no server could start.
fn refused(stage: &Stage) -> String {
    match stage.try_start("") {
        Ok(_) => panic!("it has started"),
        Err(why) => why,
    }
}

#[test]
fn the_folder_and_the_socket_are_ours_alone() {
    let stage = Stage::new();
    let server = stage.start("");
    let place = stage.place();
    let mode_of = |path: &std::path::Path| path.symlink_metadata().unwrap().mode() & 0o7777;
    assert_eq!(mode_of(place.private.as_ref().unwrap()), 0o700);
    assert_eq!(mode_of(&place.socket), 0o600);
    assert_eq!(mode_of(&place.lock), 0o600);
    server.talk().is_served();
}

#[test]
fn of_many_starts_at_once_one_is_the_daemon() {
    let stage = Stage::new();
    for _ in 0..3 {
        let starts: Vec<Result<Server, String>> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..6)
                .map(|_| scope.spawn(|| stage.try_start("")))
                .collect();
            starts
                .into_iter()
                .map(|start| start.join().unwrap())
                .collect()
        });
        let (daemons, others): (Vec<_>, Vec<_>) = starts.into_iter().partition(Result::is_ok);
        assert_eq!(daemons.len(), 1, "of 6");
        let daemon = daemons.into_iter().next().unwrap().unwrap();
        for other in others {
            let why = other.err().unwrap();
            assert!(why.contains("a daemon runs already"), "{why}");
        }
        daemon.talk().is_served();
        let named = format!("as process {}", daemon.child.id());
        assert!(refused(&stage).contains(&named));
        // What is left of it is replaced in the next round.
        daemon.kill();
        assert!(stage.place().socket.exists());
    }
}

#[test]
fn a_socket_that_is_answered_is_not_taken_even_without_its_lock() {
    let stage = Stage::new();
    let server = stage.start("");
    let place = stage.place();
    std::fs::remove_file(&place.lock).unwrap();
    assert!(refused(&stage).contains("a daemon runs already"));
    server.talk().is_served();
    drop(server);
    stage.start("").talk().is_served();
}

#[test]
fn a_full_queue_is_no_stale_socket() {
    let stage = Stage::new();
    let place = stage.place();
    place.prepare().unwrap();
    // Nobody accepts here, and no more connections are taken.
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    socket
        .bind(&socket2::SockAddr::unix(&place.socket).unwrap())
        .unwrap();
    socket.listen(0).unwrap();
    let _waits = Talk::silent(&place.socket);
    assert!(refused(&stage).contains("a daemon runs already"));
    assert!(place.socket.exists());
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let stage = Stage::new();
    let place = stage.place();
    place.prepare().unwrap();
    std::fs::write(&place.socket, "precious").unwrap();
    assert!(refused(&stage).contains("is no socket"));
    assert_eq!(std::fs::read_to_string(&place.socket).unwrap(), "precious");
    // A link is none either, wherever it leads.
    std::fs::remove_file(&place.socket).unwrap();
    symlink(stage.folder.join("elsewhere"), &place.socket).unwrap();
    assert!(refused(&stage).contains("is no socket"));
}

#[test]
fn a_folder_that_others_may_enter_is_refused() {
    let stage = Stage::new();
    let place = stage.place();
    place.prepare().unwrap();
    let folder = place.private.unwrap();
    mode(&folder, 0o755);
    let why = refused(&stage);
    assert!(why.contains("755") && why.contains("chmod 700"), "{why}");
    mode(&folder, 0o700);
    if !rustix::process::geteuid().is_root() {
        return pass_over(
            "a_folder_that_others_may_enter_is_refused",
            "only root can give a folder away",
        );
    }
    std::os::unix::fs::chown(&folder, Some(65534), None).unwrap();
    let why = refused(&stage);
    assert!(why.contains("65534"), "{why}");
}

#[test]
fn a_path_that_is_too_long_is_said() {
    let stage = Stage::new();
    let long = stage.folder.join("x".repeat(100));
    let mut command = stage.command("");
    command.env("DEVDOCTOR_SOCKET", &long);
    let why = started(command, long).err().unwrap();
    assert!(why.contains("too long for a socket"), "{why}");
    assert!(why.contains("DEVDOCTOR_SOCKET"), "{why}");
}

#[test]
fn the_variable_moves_the_socket() {
    let stage = Stage::new();
    let socket = stage.folder.join("own.sock");
    let mut command = stage.command("");
    command.env("DEVDOCTOR_SOCKET", &socket);
    let server = started(command, socket.clone()).unwrap();
    server.talk().is_served();
    assert!(stage.folder.join("own.sock.lock").exists());
    assert!(!stage.place().socket.exists());
    // It has a daemon of its own; the usual place is free.
    stage.start("").talk().is_served();
}

#[test]
fn a_socket_of_the_service_manager_is_used_and_kept() {
    let Some(python) = which("python3") else {
        return pass_over(
            "a_socket_of_the_service_manager_is_used_and_kept",
            "python3 is not installed",
        );
    };
    // As systemd does it: the socket is number 3, and the variables say so.
    const MANAGER: &str = "
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(8)
if listener.fileno() != 3:
    os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
";
    let stage = Stage::new();
    let place = stage.place();
    place.prepare().unwrap();
    let mut command = Command::new(python);
    stage.dress(&mut command, "");
    command
        .args(["-c", MANAGER])
        .arg(&place.socket)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "act", "--nocapture", "--test-threads=1"])
        .stderr(Stdio::inherit());
    let server = started(command, place.socket.clone()).unwrap();
    let mut talk = server.talk();
    talk.is_served();
    // The lock is held all the same.
    assert!(refused(&stage).contains("a daemon runs already"));
    talk.call("shutdown", serde_json::json!({}));
    server.ended();
    assert!(
        place
            .socket
            .symlink_metadata()
            .unwrap()
            .file_type()
            .is_socket()
    );
}

#[test]
fn a_socket_that_has_been_replaced_is_not_removed() {
    let stage = Stage::new();
    let server = stage.start("");
    let place: Place = stage.place();
    let mut talk = server.talk();
    std::fs::remove_file(&place.socket).unwrap();
    let _other = UnixListener::bind(&place.socket).unwrap();
    talk.call("shutdown", serde_json::json!({}));
    server.ended();
    assert!(place.socket.exists());
    assert!(!READY.is_empty() && place.lock.metadata().unwrap().permissions().mode() & 0o077 == 0);
}
