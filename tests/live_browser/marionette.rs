//! A real Firefox with a profile of its own, led about by its own protocol: Marionette.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::machine::search_path;
use crate::stage::Stage;

/// How long the browser may take for one step, on a machine that has other things to do.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A Firefox that runs.
pub struct Firefox {
    child: Child,
    wire: BufReader<TcpStream>,
    calls: u64,
}

/// The profile of a story, where Firefox by itself would have it.
pub fn profile(stage: &Stage) -> PathBuf {
    stage
        .folder()
        .join("home/.config/mozilla/firefox/story.default")
}

impl Firefox {
    /// Starts one with these settings beside its defaults, on the profile of the story.
    pub fn start(stage: &Stage, settings: &[(&str, Value)]) -> Self {
        Self::start_in(stage, &profile(stage), settings)
    }

    /// The same on another profile.
    pub fn start_in(stage: &Stage, profile: &Path, settings: &[(&str, Value)]) -> Self {
        fs::create_dir_all(profile).unwrap();
        let mut text = String::new();
        // A free port, and none of the settings that are made for tests.
        let ours = [
            ("marionette.port", json!(0)),
            ("remote.prefs.recommended", json!(false)),
        ];
        for (name, value) in ours.iter().chain(settings) {
            text.push_str(&format!("user_pref(\"{name}\", {value});\n"));
        }
        fs::write(profile.join("user.js"), text).unwrap();
        let said = fs::File::create(stage.folder().join("firefox.log")).unwrap();
        let mut child = Command::new("firefox-esr")
            .args(["--headless", "--no-remote", "--marionette"])
            .args(["--remote-allow-system-access", "--profile"])
            .arg(profile)
            .env_clear()
            .env("PATH", search_path())
            .env("HOME", stage.folder().join("home"))
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap();
        let wire = reach(&mut child, profile);
        let mut firefox = Firefox {
            child,
            wire: BufReader::new(wire),
            calls: 0,
        };
        // It greets first.
        firefox.read();
        firefox.ask("WebDriver:NewSession", &json!({})).unwrap();
        firefox
    }

    /// Opens an address: where it ended, or the error that it shows.
    pub fn open(&mut self, url: &str) -> Result<String, String> {
        self.within("content");
        self.ask("WebDriver:Navigate", &json!({ "url": url }))?;
        Ok(text(self.ask("WebDriver:GetCurrentURL", &json!({}))?))
    }

    /// Opens an address in a tab of a container, and stays there: where it ended.
    pub fn open_in(&mut self, container: u32, url: &str) -> String {
        let script = format!(
            "const tab = gBrowser.addTab('{url}', {{ userContextId: {container}, \
             triggeringPrincipal: Services.scriptSecurityManager.getSystemPrincipal() }}); \
             gBrowser.selectedTab = tab; return new Promise((done) => {{ const look = () => {{ \
             const at = tab.linkedBrowser.currentURI.spec; const over = at !== 'about:blank' && \
             !tab.hasAttribute('busy'); over ? done(at) : setTimeout(look, 20); }}; look(); }})"
        );
        let ended = text(self.browser(&script));
        self.within("content");
        let tabs = self.ask("WebDriver:GetWindowHandles", &json!({})).unwrap();
        let last = json!({ "handle": tabs.as_array().unwrap().last().unwrap() });
        self.ask("WebDriver:SwitchToWindow", &last).unwrap();
        ended
    }

    /// What the page shows.
    pub fn shows(&mut self) -> String {
        text(
            self.page("return document.body.textContent.trim()")
                .unwrap(),
        )
    }

    /// Runs a script in the page; a promise is waited for.
    pub fn page(&mut self, script: &str) -> Result<Value, String> {
        self.within("content");
        self.script(script)
    }

    /// Runs a script in the browser itself.
    pub fn browser(&mut self, script: &str) -> Value {
        self.within("chrome");
        self.script(script).unwrap()
    }

    /// Has it end as a user would, so that it writes what it keeps. (`Marionette:Quit` has it
    /// forget which hosts want https.)
    pub fn quit(mut self) {
        self.browser(
            "Services.tm.dispatchToMainThread(() => \
             Services.startup.quit(Ci.nsIAppStartup.eAttemptQuit))",
        );
        let status = self.child.wait().unwrap();
        assert!(status.success(), "Firefox ended with {status}");
    }

    fn within(&mut self, context: &str) {
        let value = json!({ "value": context });
        self.ask("Marionette:SetContext", &value).unwrap();
    }

    fn script(&mut self, script: &str) -> Result<Value, String> {
        let words = json!({ "script": script, "args": [] });
        self.ask("WebDriver:ExecuteScript", &words)
    }

    fn ask(&mut self, command: &str, words: &Value) -> Result<Value, String> {
        self.calls += 1;
        let message = json!([0, self.calls, command, words]).to_string();
        let wire = self.wire.get_mut();
        write!(wire, "{}:{message}", message.len()).unwrap();
        wire.flush().unwrap();
        let mut answer = self.read();
        assert_eq!(answer[1], self.calls, "{command}: {answer}");
        match answer[2].take() {
            Value::Null => Ok(match answer[3].take() {
                Value::Object(mut it) if it.contains_key("value") => it["value"].take(),
                other => other,
            }),
            error => Err(error["message"].as_str().unwrap_or_default().to_owned()),
        }
    }

    /// A message: its length, a colon, JSON.
    fn read(&mut self) -> Value {
        let mut length = Vec::new();
        self.wire.read_until(b':', &mut length).unwrap();
        length.pop();
        let length = String::from_utf8(length).unwrap().parse().unwrap();
        let mut message = vec![0; length];
        self.wire.read_exact(&mut message).unwrap();
        serde_json::from_slice(&message).unwrap()
    }
}

impl Drop for Firefox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Waits until it says at which port it listens.
fn reach(child: &mut Child, profile: &Path) -> TcpStream {
    let file = profile.join("MarionetteActivePort");
    let began = Instant::now();
    loop {
        let port = fs::read_to_string(&file).ok();
        let port = port.and_then(|port| port.trim().parse::<u16>().ok());
        if let Some(wire) = port.and_then(|port| TcpStream::connect(("127.0.0.1", port)).ok()) {
            wire.set_read_timeout(Some(PATIENCE)).unwrap();
            return wire;
        }
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none(), "Firefox ended: {ended:?}");
        assert!(
            began.elapsed() < PATIENCE,
            "Firefox did not listen after {PATIENCE:?}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
