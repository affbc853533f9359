//! Who had ports before, for a person: a line an owner.

use unicode_width::UnicodeWidthStr;

use super::style::Style;
use super::table::fit;
use crate::facts::{Known, PastOwner, clean, human_age};

const HEADINGS: [&str; 5] = ["PORT", "OWNER", "PROJECT", "SINCE", "ENDED"];

/// The owners as text; `now` is in milliseconds since the Unix epoch.
#[must_use]
pub fn owners(owners: &[PastOwner], now: u64, style: &Style) -> String {
    if owners.is_empty() {
        return "nobody was seen to have a port yet\n".to_owned();
    }
    let rows: Vec<[String; 5]> = owners.iter().map(|owner| row(owner, now)).collect();
    let mut widths: [usize; 5] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].width());
        cells.chain([HEADINGS[column].len()]).max().unwrap_or(0)
    });
    let total: usize = widths.iter().sum::<usize>() + 2 * (widths.len() - 1);
    let over = total.saturating_sub(style.width);
    widths[2] = widths[2].saturating_sub(over).max(12);
    let mut out = style.dim(&line(&HEADINGS.map(str::to_owned), &widths));
    out.push('\n');
    for row in &rows {
        out.push_str(&line(row, &widths));
        out.push('\n');
    }
    out
}

fn line(cells: &[String; 5], widths: &[usize; 5]) -> String {
    let cells = cells.iter().zip(widths);
    let cells: Vec<String> = cells.map(|(cell, width)| fit(cell, *width)).collect();
    cells.join("  ").trim_end().to_owned()
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
