//! A daemon of a story, and what it says.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::machine::search_path;
use crate::stage::Stage;

/// How long anything may take on a machine that has other things to do.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The user's side of a story: a home, a place for the socket.
pub struct Keeper {
    home: PathBuf,
    runtime: PathBuf,
    /// More of the environment.
    variables: Vec<(String, String)>,
    /// The command.
    program: PathBuf,
}

impl Keeper {
    pub fn new(stage: &Stage) -> Self {
        let home = stage.folder().join("home");
        let runtime = stage.folder().join("runtime");
        std::fs::create_dir_all(&runtime).unwrap();
        crate::stage::run(&format!("chmod 700 {}", runtime.display()));
        Keeper {
            home,
            runtime,
            variables: Vec::new(),
            program: env!("CARGO_BIN_EXE_devdoctor").into(),
        }
    }

    /// The same with this copy of the command.
    #[allow(dead_code, reason = "not every test that keeps a daemon copies it")]
    pub fn of(mut self, program: &Path) -> Self {
        self.program = program.to_owned();
        self
    }

    /// The same with this variable set.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn socket(&self) -> PathBuf {
        self.runtime.join("devdoctor/daemon.sock")
    }

    /// The real binary with these words, in this folder.
    pub fn command(&self, words: &[&str], folder: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(words)
            .env_clear()
            .env("PATH", search_path())
            .env("HOME", &self.home)
            .env("XDG_RUNTIME_DIR", &self.runtime)
            .envs(self.variables.clone())
            .current_dir(folder)
            .stdin(Stdio::null());
        command
    }

    /// What the binary says to these words.
    pub fn says(&self, words: &[&str], folder: &Path) -> Output {
        self.command(words, folder).output().unwrap()
    }

    /// The JSON that it says.
    pub fn json(&self, words: &[&str], folder: &Path) -> Value {
        let output = self.says(words, folder);
        let text = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&text).unwrap_or_else(|error| {
            let errors = String::from_utf8_lossy(&output.stderr);
            panic!("{words:?} printed no JSON ({error}):\n{text}\n{errors}")
        })
    }

    /// A daemon in the foreground, once it answers.
    pub fn daemon(&self) -> Daemon {
        let child = self
            .command(&["daemon", "run"], Path::new("/"))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let daemon = Daemon { child };
        self.until("the daemon answers", || self.how_it_is().is_some());
        daemon
    }

    /// How the daemon is, if one runs.
    pub fn how_it_is(&self) -> Option<Value> {
        let value = self.json(&["daemon", "status", "--json"], Path::new("/"));
        (!value.is_null()).then_some(value)
    }

    /// The news from now on, once the first piece has come.
    pub fn news(&self) -> News {
        let mut child = self
            .command(&["watch", "--json"], Path::new("/"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let out = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                    break;
                }
            }
        });
        let news = News { child, lines };
        let first = news.next(PATIENCE).expect("the first piece of news");
        assert_eq!(first["method"], "status", "{first}");
        news
    }

    /// Waits until this is so.
    #[track_caller]
    pub fn until(&self, what: &str, so: impl Fn() -> bool) {
        let began = Instant::now();
        while !so() {
            assert!(began.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A daemon that ends with the story.
pub struct Daemon {
    child: Child,
}

impl Daemon {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it so that it can do nothing about it.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `devdoctor watch --json` prints.
pub struct News {
    child: Child,
    lines: Receiver<Value>,
}

impl News {
    /// The next piece of news, if one comes in this time.
    pub fn next(&self, within: Duration) -> Option<Value> {
        self.lines.recv_timeout(within).ok()
    }

    /// The next news of an alert in this phase; the ones before are passed over.
    #[track_caller]
    pub fn alert(&self, phase: &str) -> Value {
        let began = Instant::now();
        let mut seen = Vec::new();
        while began.elapsed() < PATIENCE {
            let Some(news) = self.next(PATIENCE.saturating_sub(began.elapsed())) else {
                break;
            };
            if news["method"] == "alert" && news["params"]["phase"] == phase {
                return news["params"].clone();
            }
            seen.push(news);
        }
        panic!("no {phase} alert came, but {seen:#?}");
    }

    /// The alerts in this phase that come within this time.
    pub fn alerts_within(&self, phase: &str, within: Duration) -> Vec<Value> {
        let began = Instant::now();
        let mut found = Vec::new();
        while let Some(news) = self.next(within.saturating_sub(began.elapsed())) {
            if news["method"] == "alert" && news["params"]["phase"] == phase {
                found.push(news["params"].clone());
            }
        }
        found
    }
}

impl Drop for News {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
