//! A problem as a notification says it: the cause, what mends it, and what can be done now.

use crate::facts::{clean, shell_line};
use crate::findings::{Alert, Fix, Safety, Severity};
use crate::sources::desktop::{Button, Notification, Urgency};

/// The keys of the buttons.
pub(super) const OPEN: &str = "open";
pub(super) const COPY: &str = "copy";
pub(super) const MUTE_PORT: &str = "mute-port";
pub(super) const MUTE_PROJECT: &str = "mute-project";

/// So many characters of a cause are shown, and of what mends it.
const LONGEST: usize = 240;

/// A notification, and what its buttons need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) notification: Notification,
    /// What *copy* copies.
    pub(super) command: String,
    /// What *open* opens.
    pub(super) address: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) project: Option<String>,
}

/// An alert in words.
pub(super) fn of(alert: &Alert) -> Words {
    let finding = &alert.finding;
    let first = finding.fixes.first();
    let more = more(alert);
    let address = finding.fixes.iter().find_map(address);
    let mut lines = Vec::new();
    lines.extend(first.map(fix));
    lines.push(format!("More: {more}"));
    let runs = first.and_then(command);
    let mut buttons = Vec::new();
    if let Some(address) = &address {
        buttons.push(button(OPEN, format!("Open {}", shorter(address, 60))));
    }
    buttons.push(match &runs {
        Some(_) => button(COPY, "Copy the command"),
        None => button(COPY, format!("Copy “{}”", shorter(&more, 40))),
    });
    if let Some(port) = alert.port {
        buttons.push(button(MUTE_PORT, format!("Mute port {port}")));
    }
    if alert.project.is_some() {
        buttons.push(button(MUTE_PROJECT, "Mute this project"));
    }
    Words {
        notification: Notification {
            title: capital(&shorter(&clean(&finding.says), LONGEST)),
            body: lines.join("\n"),
            link: address.clone(),
            buttons,
            urgency: match finding.severity {
                Severity::Error => Urgency::Normal,
                Severity::Warning | Severity::Info => Urgency::Low,
            },
            passing: false,
        },
        command: runs.unwrap_or(more),
        address,
        port: alert.port,
        project: alert.project.clone(),
    }
}

/// What stands for problems that came too fast to be shown one by one.
pub(super) fn summary(many: usize) -> Notification {
    let title = match many {
        1 => "1 more problem".to_owned(),
        many => format!("{many} more problems"),
    };
    Notification {
        title,
        body: "See them all: devdoctor status".to_owned(),
        link: None,
        buttons: Vec::new(),
        urgency: Urgency::Low,
        passing: false,
    }
}

/// What is said when a button could not do what it says.
pub(super) fn note(title: String, body: String) -> Notification {
    Notification {
        title,
        body,
        link: None,
        buttons: Vec::new(),
        urgency: Urgency::Low,
        passing: true,
    }
}

fn button(key: &'static str, label: impl Into<String>) -> Button {
    Button {
        key,
        label: label.into(),
    }
}

/// The command that tells the whole story.
fn more(alert: &Alert) -> String {
    match (alert.port, &alert.project) {
        (Some(port), _) => format!("devdoctor why {port}"),
        (None, Some(root)) => format!("cd {} && devdoctor check", shell_line(&[root])),
        (None, None) => "devdoctor status".to_owned(),
    }
}

/// A fix on one line: `Start web: npm run dev`.
fn fix(fix: &Fix) -> String {
    let title = capital(&shorter(&clean(&fix.title), LONGEST));
    let cost = match fix.safety {
        Safety::Safe => "",
        Safety::Disruptive => " (interrupts something)",
        Safety::Destructive => " (loses something)",
    };
    let how = match (&fix.edit, command(fix), &fix.read) {
        (Some(edit), _, _) => clean(&format!(
            "{}:{}: {} → {}",
            edit.file, edit.line, edit.from, edit.to
        )),
        (None, Some(command), _) => command,
        (None, None, Some(text)) if *text != fix.title => clean(text),
        (None, None, _) => return format!("{title}{cost}"),
    };
    format!("{title}{cost}: {}", shorter(&how, LONGEST))
}

/// A fix's command as it is pasted.
fn command(fix: &Fix) -> Option<String> {
    let line = shell_line(fix.run.as_ref()?);
    Some(match &fix.folder {
        Some(folder) => format!("cd {} && {line}", shell_line(&[folder])),
        None => line,
    })
}

/// The address that a fix says to open, if it is one that a browser opens.
fn address(fix: &Fix) -> Option<String> {
    let text = fix.read.as_deref()?;
    let address = url::Url::parse(text).ok()?;
    let plain = address.username().is_empty() && address.password().is_none();
    let opens = matches!(address.scheme(), "http" | "https") && plain;
    // As it is written, which is how the user knows it.
    (opens && clean(text) == text && !text.contains(char::is_whitespace)).then(|| text.to_owned())
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// The text, cut to so many characters.
fn shorter(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
