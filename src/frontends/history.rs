//! Who had ports before, for a person: a line an owner.

use super::style::Style;
use super::table::{fitted, widths};
use crate::facts::{Known, PastOwner, clean, human_age};

const HEADINGS: [&str; 5] = ["PORT", "OWNER", "PROJECT", "SINCE", "ENDED"];

/// The column that is narrowed where the terminal is too narrow, and its least width.
const PROJECT: usize = 2;
const LEAST: usize = 12;

/// The owners as text; `now` is in milliseconds since the Unix epoch.
#[must_use]
pub fn owners(owners: &[PastOwner], now: u64, style: &Style) -> String {
    if owners.is_empty() {
        return "nobody was seen to have a port yet\n".to_owned();
    }
    let rows: Vec<[String; 5]> = owners.iter().map(|owner| row(owner, now)).collect();
    let mut widths = widths(&HEADINGS, rows.iter(), &[(PROJECT, LEAST)], style.width);
    widths[PROJECT] = widths[PROJECT].max(LEAST);
    let mut out = style.dim(&line(&HEADINGS, &widths));
    out.push('\n');
    for row in &rows {
        out.push_str(&line(row, &widths));
        out.push('\n');
    }
    out
}

fn line<T: AsRef<str>>(cells: &[T; 5], widths: &[usize; 5]) -> String {
    fitted(cells, widths).join("  ").trim_end().to_owned()
}

fn row(owner: &PastOwner, now: u64) -> [String; 5] {
    let ago = |at: u64| format!("{} ago", human_age(now.saturating_sub(at) / 1000));
    let ended = match (owner.until, &owner.ended) {
        (None, _) => "it has it now".to_owned(),
        (Some(until), Known::Seen(ended)) => format!("{} {}", ended.words(), ago(until)),
        (Some(until), Known::Unseen(_)) => format!("left it {}", ago(until)),
    };
    let name = match &owner.container {
        Some(container) => format!("container {container}"),
        None => format!("{} (pid {})", owner.name, owner.id.pid),
    };
    let project = owner.project.as_deref().or(owner.cwd.as_deref());
    [
        owner.port.to_string(),
        clean(&name),
        clean(project.unwrap_or_default()),
        ago(owner.from),
        ended,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Ended, ProcId};

    #[test]
    fn it_says_how_each_ended() {
        let owner = |port, until, ended| PastOwner {
            port,
            at: Vec::new(),
            id: ProcId { pid: 7, started: 1 },
            name: "next dev".to_owned(),
            framework: None,
            cwd: Some("/shop".to_owned()),
            project: None,
            container: None,
            watcher: None,
            from: 0,
            until,
            missed: false,
            ended,
        };
        let list = [
            owner(3000, None, Known::default()),
            owner(3001, Some(60_000), Known::Seen(Ended::Exited(1))),
            owner(3002, Some(60_000), Known::default()),
        ];
        let text = owners(&list, 120_000, &Style::PLAIN);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].ends_with("it has it now"), "{text}");
        assert!(lines[2].contains("exited with 1 60 s ago"), "{text}");
        assert!(lines[3].contains("left it 60 s ago"), "{text}");
        assert!(lines[1].contains("next dev (pid 7)") && lines[1].contains("/shop"));
    }
}
