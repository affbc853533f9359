//! How things stand, for a person and for status bars.

use serde_json::json;

use super::style::Style;
use crate::facts::clean;
use crate::findings::{Alert, Level, ServiceLine, Severity, Status};

/// Who shows the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bar {
    /// tmux: colours as `#[fg=red]`.
    Tmux,
    /// waybar: one JSON object with `text`, `tooltip` and `class`.
    Waybar,
    /// starship: plain text, and nothing where nothing is to be said.
    Starship,
    /// i3blocks: the full line, a short one, a colour.
    I3blocks,
}

/// The line for a status bar, with a line feed at the end.
#[must_use]
pub fn bar(status: &Status, bar: Bar) -> String {
    let line = clean(&status.line);
    let text = format!("{} {line}", mark(status.level));
    match bar {
        Bar::Tmux => {
            // A `#` begins one of tmux's own sequences.
            let text = text.replace('#', "##");
            match tmux_colour(status.level) {
                Some(colour) => format!("#[fg={colour}]{text}#[default]\n"),
                None => format!("{text}\n"),
            }
        }
        Bar::Waybar => {
            let tooltip = details(status).join("\n");
            let value = json!({
                "text": markup(&text),
                "tooltip": markup(&tooltip),
                "class": class(status.level),
            });
            format!("{value}\n")
        }
        Bar::Starship if status.level == Level::Well && status.up == 0 => String::new(),
        Bar::Starship => format!("{text}\n"),
        Bar::I3blocks => {
            let short = match status.alerts.first().and_then(|alert| alert.port) {
                Some(port) if status.level > Level::Well => {
                    format!("{} {port}", mark(status.level))
                }
                _ => text.clone(),
            };
            let colour = match status.level {
                Level::Problem => "#FF5555\n",
                Level::Warning => "#F1FA8C\n",
                Level::Well | Level::Unknown => "",
            };
            format!("{text}\n{short}\n{colour}")
        }
    }
}

/// The whole for a person.
#[must_use]
pub fn text(status: &Status, style: &Style) -> String {
    let line = clean(&status.line);
    let head = match status.level {
        Level::Well => style.good(&line),
        Level::Unknown => style.strong(&line),
        Level::Warning => style.severity(Severity::Warning, &line),
        Level::Problem => style.severity(Severity::Error, &line),
    };
    let mut out = format!("{head}\n");
    for detail in details(status) {
        out.push_str(&format!("  {detail}\n"));
    }
    match &status.daemon {
        None => out.push_str(&style.dim(
            "no daemon runs: this was looked at just now; `devdoctor daemon start` keeps watch\n",
        )),
        Some(daemon) => {
            for note in &daemon.notes {
                out.push_str(&format!("note: {}\n", clean(note)));
            }
        }
    }
    out
}

/// A line for everything that is wrong, and one for every service.
fn details(status: &Status) -> Vec<String> {
    let alerts = status.alerts.iter().map(alert);
    alerts.chain(status.services.iter().map(service)).collect()
}

fn alert(alert: &Alert) -> String {
    let port = alert.port.map(|port| format!("{port}: "));
    let muted = if alert.muted { " (muted)" } else { "" };
    let says = clean(&alert.finding.says);
    let code = clean(&alert.finding.code);
    format!("{}{says} [{code}]{muted}", port.unwrap_or_default())
}

fn service(service: &ServiceLine) -> String {
    let ports = service.expects.iter().filter_map(|expects| expects.port);
    let ports: Vec<String> = ports.map(|port| port.to_string()).collect();
    let name = clean(&service.name);
    let state = service.state.word();
    match ports.is_empty() {
        true => format!("{name}: {state}"),
        false => format!("{name} ({}): {state}", ports.join(", ")),
    }
}

fn mark(level: Level) -> &'static str {
    match level {
        Level::Well => "⏺",
        Level::Unknown => "?",
        Level::Warning | Level::Problem => "⚠",
    }
}

fn class(level: Level) -> &'static str {
    match level {
        Level::Well => "well",
        Level::Unknown => "unknown",
        Level::Warning => "warning",
        Level::Problem => "problem",
    }
}

fn tmux_colour(level: Level) -> Option<&'static str> {
    match level {
        Level::Problem => Some("red"),
        Level::Warning => Some("yellow"),
        Level::Well | Level::Unknown => None,
    }
}

/// The text where Pango's markup is read: a name is not to be taken for a tag.
fn markup(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::{Confidence, Finding, Phase, Trigger};

    fn problem() -> Status {
        let finding = Finding::new(Confidence::Certain, "app <#1> is on 3001");
        let alert = Alert {
            id: 1,
            phase: Phase::Firing,
            trigger: Trigger::Refused,
            port: Some(3000),
            project: None,
            service: None,
            finding,
            since: 0,
            fired: Some(0),
            resolved: None,
            refusals: 1,
            flapping: false,
            muted: false,
        };
        Status::new(None, Vec::new(), vec![alert], Vec::new(), None)
    }

    fn well() -> Status {
        Status::new(None, Vec::new(), Vec::new(), Vec::new(), None)
    }

    #[test]
    fn every_bar_gets_what_it_reads() {
        let line = "⚠ 3000 refused: app <#1> is on 3001";
        let tmux = format!("#[fg=red]{}#[default]\n", line.replace('#', "##"));
        assert_eq!(bar(&problem(), Bar::Tmux), tmux);
        assert_eq!(bar(&problem(), Bar::Starship), format!("{line}\n"));
        assert_eq!(
            bar(&problem(), Bar::I3blocks),
            format!("{line}\n⚠ 3000\n#FF5555\n")
        );
        let waybar: serde_json::Value =
            serde_json::from_str(&bar(&problem(), Bar::Waybar)).unwrap();
        assert_eq!(waybar["class"], "problem");
        assert_eq!(waybar["text"], "⚠ 3000 refused: app &lt;#1&gt; is on 3001");
    }

    #[test]
    fn a_prompt_is_left_alone_where_all_is_well() {
        assert_eq!(bar(&well(), Bar::Starship), "");
        assert_eq!(bar(&well(), Bar::Tmux), "⏺ nothing should run here\n");
        let lines = bar(&well(), Bar::I3blocks);
        assert_eq!(lines.lines().count(), 2);
    }
}
