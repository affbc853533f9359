//! `devdoctor ports` for a person: one line a listener, fitted to the terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::style::Style;
use crate::facts::{Proto, Scope, User, clean, human_age};
use crate::findings::{PortLine, Unseen};

const HEADINGS: [&str; 8] = [
    "PORT", "ADDRESS", "SCOPE", "OWNER", "PID", "USER", "AGE", "PROJECT",
];

/// The columns that are narrowed where the terminal is too narrow, the first one first,
/// and how narrow they may become.
const NARROWED: [(usize, usize); 3] = [(7, 8), (3, 12), (1, 12)];

/// The list as text.
#[must_use]
pub fn ports(
    lines: &[PortLine],
    unseen: &[Unseen],
    user: &User,
    filter: Option<&str>,
    style: &Style,
) -> String {
    let mut out = String::new();
    if lines.is_empty() && !unseen.iter().any(|part| part.part == "listeners") {
        let what = match filter {
            Some(filter) => format!("nobody listens on what matches `{}`", clean(filter)),
            None => "nobody listens on any port".to_owned(),
        };
        out.push_str(&what);
        out.push('\n');
    }
    if !lines.is_empty() {
        table(lines, style, &mut out);
    }
    notes(lines, unseen, user, style, &mut out);
    out
}

fn table(lines: &[PortLine], style: &Style, out: &mut String) {
    let rows: Vec<[String; 8]> = lines.iter().map(row).collect();
    let widths = widths(&HEADINGS, rows.iter(), &NARROWED, style.width);
    let heading = fitted(&HEADINGS, &widths);
    push(out, &style.strong(heading.join("  ").trim_end()));
    for (row, line) in rows.iter().zip(lines) {
        let mut cells = fitted(row, &widths);
        cells[0] = style.strong(&cells[0]);
        if line.scope == Scope::All {
            cells[2] = style.severity(crate::findings::Severity::Warning, &cells[2]);
        }
        push(out, cells.join("  ").trim_end());
    }
}

fn push(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

fn row(line: &PortLine) -> [String; 8] {
    let port = match line.proto {
        Proto::Tcp => line.at.port().to_string(),
        Proto::Udp => format!("{}/udp", line.at.port()),
    };
    let address = match (line.at.ip(), line.v6only) {
        (ip, Some(true)) => format!("{ip} (v6 only)"),
        (ip, _) => ip.to_string(),
    };
    let scope = match line.scope {
        Scope::Loopback => "this machine",
        Scope::Lan => "one address",
        Scope::All => "everybody",
    };
    let dash = || "–".to_owned();
    [
        port,
        address,
        scope.to_owned(),
        owner(line),
        line.pid.map_or_else(dash, |pid| pid.to_string()),
        line.user.as_deref().map_or_else(dash, clean),
        line.age_s.map_or_else(dash, human_age),
        line.project
            .as_deref()
            .or(line.cwd.as_deref().filter(|cwd| *cwd != "/"))
            .map_or_else(dash, clean),
    ]
}

/// Who it is: the container where one is behind the port, with a full queue said.
fn owner(line: &PortLine) -> String {
    let mut who = match (&line.container, &line.name, &line.cgroup) {
        (Some(container), name, _) => {
            let via = name
                .as_ref()
                .map_or(String::new(), |name| format!(" by {name}"));
            let inside = container.port;
            format!("container {} :{inside}{via}", container.name)
        }
        (None, Some(name), _) => name.clone(),
        (None, None, _) if line.pid.is_some() => "–".to_owned(),
        (None, None, Some(cgroup)) if cgroup != "/" => format!("hidden, in {cgroup}"),
        (None, None, _) if forbidden(line) => "hidden".to_owned(),
        (None, None, _) => "not found".to_owned(),
    };
    if let Some(queue) = line.queue.filter(|queue| queue.waiting > 0) {
        who.push_str(&format!(" ({} of {} wait)", queue.waiting, queue.limit));
    }
    clean(&who)
}

/// Whether there is an owner that this user may not see.
fn forbidden(line: &PortLine) -> bool {
    line.owner_unseen.as_deref() == Some("forbidden")
}

/// What could not be seen, and what would show it.
fn notes(lines: &[PortLine], unseen: &[Unseen], user: &User, style: &Style, out: &mut String) {
    let hidden = lines.iter().filter(|line| forbidden(line)).count();
    if hidden > 0 && !user.is_root() {
        let (owners, are) = if hidden == 1 {
            ("owner", "is")
        } else {
            ("owners", "are")
        };
        push(
            out,
            &style.dim(&format!(
                "{hidden} {owners} {are} hidden from this user; `sudo devdoctor ports` shows them"
            )),
        );
    }
    for part in unseen.iter().filter(|part| part.gap != "not-running") {
        let why = part.why.as_deref().unwrap_or(&part.gap);
        push(
            out,
            &style.dim(&format!("could not look at {}: {}", part.part, clean(why))),
        );
    }
}

/// How wide each column of a table is, two blanks between them: as its widest cell, unless
/// the whole passes `most`. Then the `narrowed` ones give way, the first one first, each as
/// far as its least.
pub(super) fn widths<'a, const N: usize>(
    headings: &[&str; N],
    rows: impl Iterator<Item = &'a [String; N]> + Clone,
    narrowed: &[(usize, usize)],
    most: usize,
) -> [usize; N] {
    let mut widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.clone().map(|row| row[column].width());
        cells.chain([headings[column].len()]).max().unwrap_or(0)
    });
    for &(column, least) in narrowed {
        let total: usize = widths.iter().sum::<usize>() + 2 * (N - 1);
        let over = total.saturating_sub(most);
        let floor = least.min(widths[column]);
        widths[column] = widths[column].saturating_sub(over).max(floor);
    }
    widths
}

/// The cells of a line, each as wide as its column.
pub(super) fn fitted<T: AsRef<str>, const N: usize>(
    cells: &[T; N],
    widths: &[usize; N],
) -> Vec<String> {
    let cells = cells.iter().zip(widths);
    cells
        .map(|(cell, width)| fit(cell.as_ref(), *width))
        .collect()
}

/// The text, filled or cut to exactly this width.
fn fit(text: &str, width: usize) -> String {
    let have = text.width();
    if have <= width {
        return format!("{text}{}", " ".repeat(width - have));
    }
    let mut cut = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > width {
            break;
        }
        cut.push(c);
        used += wide;
    }
    cut.push('…');
    cut + &" ".repeat(width.saturating_sub(used + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_columns_not_by_bytes() {
        assert_eq!(fit("abc", 5), "abc  ");
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("日本語", 4), "日… ");
        assert_eq!(fit("日本語", 6), "日本語");
    }
}
