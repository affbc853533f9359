//! What mends a cause.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One way to mend a cause: a command, an edit, or words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fix {
    /// What it does, in a few words.
    pub title: String,
    /// What it costs.
    pub safety: Safety,
    /// The command to run, word by word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Vec<String>>,
    /// The folder to run it in, where it is not the one the user stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The edit to make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<Edit>,
    /// What to do, where it is neither a command nor an edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<String>,
}

/// A change of one line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Edit {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column of the first character, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What stands there.
    pub from: String,
    /// What should.
    pub to: String,
}

/// What a fix costs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Safety {
    /// Nothing is lost.
    Safe,
    /// Something running is interrupted.
    Disruptive,
    /// Something may be lost.
    Destructive,
}

impl Fix {
    /// A command.
    #[must_use]
    pub fn run<S: Into<String>>(
        title: impl Into<String>,
        safety: Safety,
        argv: impl IntoIterator<Item = S>,
    ) -> Self {
        Fix {
            title: title.into(),
            safety,
            run: Some(argv.into_iter().map(Into::into).collect()),
            folder: None,
            edit: None,
            read: None,
        }
    }

    /// A safe command.
    #[must_use]
    pub fn safe<S: Into<String>>(
        title: impl Into<String>,
        argv: impl IntoIterator<Item = S>,
    ) -> Self {
        Fix::run(title, Safety::Safe, argv)
    }

    /// The same command, in a folder.
    #[must_use]
    pub fn in_folder(mut self, folder: Option<String>) -> Self {
        self.folder = folder;
        self
    }

    /// An edit.
    #[must_use]
    pub fn edit(title: impl Into<String>, edit: Edit) -> Self {
        Fix {
            title: title.into(),
            safety: Safety::Safe,
            run: None,
            folder: None,
            edit: Some(edit),
            read: None,
        }
    }

    /// Words: what to do where no single command does it.
    #[must_use]
    pub fn read(title: impl Into<String>, text: impl Into<String>) -> Self {
        Fix {
            title: title.into(),
            safety: Safety::Safe,
            run: None,
            folder: None,
            edit: None,
            read: Some(text.into()),
        }
    }

    /// Whether it changes something: words and commands that only look do not.
    #[must_use]
    pub fn mends(&self) -> bool {
        let Some(argv) = &self.run else {
            return self.edit.is_some();
        };
        let mut words = argv.iter().map(String::as_str);
        let program = match words.next() {
            Some("sudo") => words.next(),
            program => program,
        };
        let Some(program) = program.filter(|program| !LOOKERS.contains(program)) else {
            return false;
        };
        let mut looks = LOOKS.iter().filter(|(known, _)| *known == program);
        !looks.any(|(_, word)| argv.iter().any(|other| other == word))
    }
}

/// Programs that only look, and words of a shell that no process can run.
const LOOKERS: &[&str] = &[
    "cat",
    "curl",
    "devdoctor",
    "dig",
    "export",
    "getent",
    "journalctl",
    "lsof",
    "nslookup",
    "ping",
    "ps",
    "redis-cli",
    "set",
    "ss",
    "top",
    "unset",
];

/// Commands that only look, of programs that also change things.
const LOOKS: &[(&str, &str)] = &[
    ("docker", "exec"),
    ("docker", "info"),
    ("docker", "inspect"),
    ("docker", "logs"),
    ("docker", "ps"),
    ("ip", "get"),
    ("ip", "show"),
    ("iptables", "-L"),
    ("iptables", "-S"),
    ("nft", "list"),
    ("openssl", "s_client"),
    ("podman", "exec"),
    ("podman", "info"),
    ("podman", "inspect"),
    ("podman", "logs"),
    ("podman", "ps"),
    ("systemctl", "status"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_only_looks_mends_nothing() {
        for looks in [
            &["devdoctor", "ports"][..],
            &["sudo", "devdoctor", "why", "3000"],
            &["docker", "logs", "--tail", "50", "web"],
            &["sudo", "nft", "list", "ruleset"],
            &["sudo"],
        ] {
            assert!(
                !Fix::safe("look", looks.iter().copied()).mends(),
                "{looks:?}"
            );
        }
        for mends in [
            &["sudo", "kill", "812"][..],
            &["docker", "compose", "up", "-d", "web"],
            &["npm", "run", "dev"],
        ] {
            assert!(
                Fix::safe("mend", mends.iter().copied()).mends(),
                "{mends:?}"
            );
        }
        assert!(!Fix::read("read", "this").mends());
    }
}
