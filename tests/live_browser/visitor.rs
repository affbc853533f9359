//! The browser of a story, and how it is led about.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::bring;
use crate::machine::search_path;
use crate::stage::{Answer, Ask, Server, Stage, run};

/// The browser of a story, with a profile where a browser of Debian has it.
pub struct Visitor<'a> {
    pub stage: &'a Stage,
    browser: bring::Browser,
    key: String,
}

impl<'a> Visitor<'a> {
    /// With the key pair by which the servers of the story speak TLS, and who signed it.
    pub fn new(stage: &'a Stage) -> Self {
        let folder = stage.folder();
        let at = folder.display();
        let new = "openssl req -x509 -newkey rsa:2048 -nodes -days 30";
        run(&format!(
            "{new} -keyout {at}/ca-key.pem -out {at}/ca.pem -subj /CN=story"
        ));
        run(&format!(
            "{new} -CA {at}/ca.pem -CAkey {at}/ca-key.pem -keyout {at}/key.pem -out {at}/cert.pem \
             -subj /CN=shop.test -extensions usr_cert -addext \
             subjectAltName=DNS:shop.test,DNS:app.example.com"
        ));
        let hash = "openssl x509 -in \"$1\" -pubkey -noout | openssl pkey -pubin -outform der | \
                    openssl dgst -sha256 -binary | openssl base64";
        let output = Command::new("sh")
            .args(["-c", hash, "sh"])
            .arg(folder.join("cert.pem"))
            .output()
            .unwrap();
        Visitor {
            stage,
            browser: bring::browser().unwrap(),
            key: String::from_utf8(output.stdout).unwrap().trim().to_owned(),
        }
    }

    fn profile(&self) -> PathBuf {
        self.stage.folder().join("home/.config/chromium")
    }

    /// Puts settings into the profile before the browser has ever run.
    pub fn prefer(&self, settings: &Value) {
        let folder = self.profile().join("Default");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("Preferences"), settings.to_string()).unwrap();
    }

    pub fn preferences(&self) -> Value {
        let file = self.profile().join("Default/Preferences");
        serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
    }

    /// Starts a server of `serve.mjs`.
    pub fn serve(&self, role: &str, port: u16) -> Server {
        let node = self.browser.node.to_str().unwrap();
        let script = script("serve.mjs");
        let folder = self.stage.folder();
        let (port, folder) = (port.to_string(), folder.to_str().unwrap());
        let words = [node, script.to_str().unwrap(), role, &port, folder];
        self.stage.program(&words, &self.stage.work(), "listening")
    }

    /// Has the browser do this, and end; what came of each step.
    pub fn visit(&self, steps: &Value) -> Vec<Value> {
        let home = self.stage.folder().join("home");
        let output = Command::new("timeout")
            .arg("120")
            .arg(&self.browser.node)
            .arg(script("visit.mjs"))
            .arg(&self.browser.packages)
            .arg(&self.browser.chromium)
            .arg(self.profile())
            .arg(&self.key)
            .arg(steps.to_string())
            .env_clear()
            .env("PATH", search_path())
            .env("HOME", home)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&text).unwrap_or_else(|error| {
            let said = String::from_utf8_lossy(&output.stderr);
            panic!("{error}: {text}\n{said}")
        })
    }

    /// Asks the real binary, with the profiles.
    pub fn why(&self, target: &str) -> Answer {
        self.stage.ask(Ask::new(target).flag("--browser"))
    }
}

fn script(name: &str) -> PathBuf {
    bring::repository().join("tests/live_browser").join(name)
}

/// Whether a step failed with this error of the browser.
#[track_caller]
pub fn failed(result: &Value, error: &str) {
    let said = result["error"].as_str().unwrap_or_default();
    assert!(said.contains(error), "not {error}: {result}");
}

/// The file in which the first finding was seen holds these words.
#[track_caller]
pub fn seen_in(answer: &Answer, words: &str) {
    let evidence = answer.json["findings"][0]["evidence"].as_array().unwrap();
    let mut files = evidence
        .iter()
        .filter_map(|one| one["seen"]["file"].as_str());
    assert!(files.any(|file| file.contains(words)), "{:#}", answer.json);
}
