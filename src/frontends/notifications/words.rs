//! A problem as a notification says it: the cause, what mends it, and what can be done now.

use crate::facts::{clean, shell_line};
use crate::findings::{Alert, Confidence, Finding, Fix, Safety, Severity};
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
            title: title(finding),
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

/// The cause. How sure it is belongs to it; how long ago it was does not, for it stays on
/// the screen while that changes.
fn title(finding: &Finding) -> String {
    let says = shorter(&clean(&without_ages(&finding.says)), LONGEST);
    let sure = match finding.confidence {
        Confidence::Certain => "",
        Confidence::Likely => " (likely)",
        Confidence::Possible => " (possible)",
    };
    format!("{}{sure}", capital(&says))
}

/// A text without its ` 40 s ago`.
fn without_ages(text: &str) -> String {
    let mut kept: Vec<String> = Vec::new();
    for word in text.split(' ') {
        kept.push(word.to_owned());
        let [.., number, unit, ago] = &kept[..] else {
            continue;
        };
        let counts = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        let units = matches!(unit.as_str(), "s" | "min" | "h" | "days");
        let Some(mark) = ago.strip_prefix("ago").filter(|_| counts && units) else {
            continue;
        };
        // A comma behind it is one behind the word before.
        if mark.chars().all(|c| c.is_ascii_punctuation()) {
            let mark = mark.to_owned();
            kept.truncate(kept.len() - 3);
            if let Some(last) = kept.last_mut() {
                last.push_str(&mark);
            }
        }
    }
    kept.join(" ")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::{Edit, Phase, Trigger};

    fn alert(finding: Finding) -> Alert {
        Alert {
            id: 1,
            phase: Phase::Firing,
            trigger: Trigger::Refused,
            port: Some(3000),
            project: None,
            finding,
            since: 0,
            fired: Some(0),
            resolved: None,
            refusals: 0,
            flapping: false,
            service: None,
            muted: false,
        }
    }

    #[test]
    fn ages_are_left_out_and_doubts_are_not() {
        for (says, title) in [
            (
                "next dev was killed 40 s ago, and it had port 3000",
                "Next dev was killed, and it had port 3000 (likely)",
            ),
            ("web ended 2 days ago", "Web ended (likely)"),
            ("12 s ago", " (likely)"),
            ("x 3 s agony", "X 3 s agony (likely)"),
            ("it has run for 5 min", "It has run for 5 min (likely)"),
            ("port 3000 ago", "Port 3000 ago (likely)"),
            ("", " (likely)"),
        ] {
            let words = of(&alert(Finding::new(Confidence::Likely, says)));
            assert_eq!(words.notification.title, title);
        }
    }

    #[test]
    fn what_is_copied_is_what_is_shown() {
        let finding = || Finding::new(Confidence::Certain, "x");
        let edit = Fix::edit(
            "give web port 3000",
            Edit {
                file: "vite.config.ts".to_owned(),
                line: 7,
                column: None,
                from: "5173".to_owned(),
                to: "3000".to_owned(),
            },
        );
        let run = Fix::safe("start db", ["docker", "compose", "up", "-d", "my db"]);
        let open = Fix::read("open vite", "http://localhost:5173");
        let read = Fix::read("start the server", "start the server");
        for (fixes, first, copies, opens) in [
            (vec![], None, "devdoctor why 3000", None),
            (
                vec![edit.clone(), run.clone()],
                Some("Give web port 3000: vite.config.ts:7: 5173 → 3000"),
                "devdoctor why 3000",
                None,
            ),
            (
                vec![run, open.clone()],
                Some("Start db: docker compose up -d 'my db'"),
                "docker compose up -d 'my db'",
                Some("http://localhost:5173"),
            ),
            (
                vec![open],
                Some("Open vite: http://localhost:5173"),
                "devdoctor why 3000",
                Some("http://localhost:5173"),
            ),
            (
                vec![read],
                Some("Start the server"),
                "devdoctor why 3000",
                None,
            ),
        ] {
            let words = of(&alert(finding().fix_all(fixes)));
            let lines: Vec<&str> = first
                .into_iter()
                .chain(["More: devdoctor why 3000"])
                .collect();
            assert_eq!(words.notification.body, lines.join("\n"));
            assert_eq!(words.command, copies);
            assert_eq!(words.address.as_deref(), opens);
        }
    }

    #[test]
    fn only_what_a_browser_opens_is_opened() {
        for text in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "http://user:secret@localhost:3000",
            "http://localhost:3000/ and so on",
            "http://localhost:3000/\u{202e}",
            "connect to [::1]:5432",
            "smb://server/share",
        ] {
            assert_eq!(address(&Fix::read("open it", text)), None, "{text}");
        }
        let there = "https://[::1]:3000/a?b#c";
        assert_eq!(
            address(&Fix::read("open it", there)).as_deref(),
            Some(there)
        );
    }

    #[test]
    fn endless_texts_end_on_the_screen_and_not_in_the_clipboard() {
        let long = "é".repeat(100_000);
        let fix = Fix::safe(long.clone(), ["echo", &long]);
        let words = of(&alert(
            Finding::new(Confidence::Certain, long.clone()).fix(fix),
        ));
        assert!(words.notification.title.chars().count() < 300);
        assert!(words.notification.body.chars().count() < 600);
        assert!(words.command.contains(&long));
    }
}
