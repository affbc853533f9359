//! What mends a cause.

use serde::{Deserialize, Serialize};

/// One way to mend a cause: a command, an edit, or words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
}
