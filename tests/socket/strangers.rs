//! Another user.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

use devdoctor::ipc::codes;
use serde_json::Value;

use super::machine::{pass_over, which};
use super::stage::{Stage, mode, started};

/// Connects, asks, and prints what comes.
const TRY: &str = "
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
try:
    s.connect(sys.argv[1])
except PermissionError:
    print('forbidden')
    sys.exit()
try:
    s.sendall(b'{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"shutdown\"}\\n')
except BrokenPipeError:
    pass
try:
    while data := s.recv(65536):
        sys.stdout.buffer.write(data)
except ConnectionResetError:
    pass
";

fn as_another(python: &Path, socket: &Path) -> Output {
    Command::new(python)
        .args(["-I", "-c", TRY])
        .arg(socket)
        .current_dir("/")
        .uid(65534)
        .gid(65534)
        .output()
        .unwrap()
}

#[test]
fn another_user_gets_one_line_and_no_more() {
    const NAME: &str = "another_user_gets_one_line_and_no_more";
    if !rustix::process::geteuid().is_root() {
        return pass_over(NAME, "only root can be another user");
    }
    // One that every user may run.
    let system = Path::new("/usr/bin/python3");
    let python = match system.is_file() {
        true => system.to_owned(),
        false => match which("python3") {
            Some(python) => python,
            None => return pass_over(NAME, "python3 is not installed"),
        },
    };
    let stage = Stage::new();
    // The usual place cannot even be entered.
    let server = stage.start("");
    let tried = as_another(&python, &server.socket);
    assert_eq!(
        String::from_utf8_lossy(&tried.stdout),
        "forbidden\n",
        "{tried:?}"
    );
    // A place that is open to everybody.
    mode(&stage.folder, 0o777);
    let open = stage.folder.join("open.sock");
    let mut command = stage.command("");
    command.env("DEVDOCTOR_SOCKET", &open);
    let server = started(command, open.clone()).unwrap();
    // As it is made, only its owner may connect.
    let tried = as_another(&python, &open);
    assert_eq!(
        String::from_utf8_lossy(&tried.stdout),
        "forbidden\n",
        "{tried:?}"
    );
    mode(&open, 0o666);
    let mut ours = server.talk();
    for _ in 0..3 {
        let tried = as_another(&python, &open);
        let text = String::from_utf8(tried.stdout).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["error"]["code"], codes::NOT_YOURS, "{text}");
    }
    ours.is_served();
}
