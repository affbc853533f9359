//! Waiting until somebody answers.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::machine::search_path;
use crate::stage::{Stage, stories};

/// `devdoctor wait`, in the story's own folder.
fn wait(stage: &Stage, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_devdoctor"));
    command
        .arg("wait")
        .args(args)
        .env_clear()
        .env("PATH", search_path())
        .env("HOME", stage.folder().join("home"))
        .current_dir(stage.work())
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

fn shown(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

stories! {
    fn a_server_that_comes_late_is_waited_for(stage) {
        let began = Instant::now();
        let waiting = wait(stage, &["http://localhost:3000", "--timeout", "30s"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(600));
        let _server = stage.server("serve 127.0.0.1:3000");
        let output = waiting.wait_with_output().unwrap();
        let text = shown(&output);
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert!(text.contains("answers on 127.0.0.1:3000"), "{text}");
        assert!(began.elapsed() >= Duration::from_millis(600), "it came before the server");
    }

    fn nobody_comes_and_the_reason_is_told(stage) {
        let output = wait(stage, &["3000", "--timeout", "300ms"]).output().unwrap();
        let text = shown(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.starts_with("error[DD201]"), "{text}");
    }

    fn who_accepts_and_says_nothing_does_not_answer(stage) {
        let _server = stage.server("silent 127.0.0.1:3000");
        let output = wait(stage, &["http://127.0.0.1:3000", "--timeout", "1s", "--json"]).output().unwrap();
        let text = shown(&output);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert_eq!(json["answers"], serde_json::Value::Null, "{text}");
        assert_eq!(json["report"]["findings"][0]["code"], "DD407", "{text}");
    }
}
