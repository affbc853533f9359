//! `devdoctor check` for a person: one line a port, then what is wrong.

use super::style::Style;
use super::table::{fitted, widths};
use super::text;
use crate::facts::{Proto, clean};
use crate::findings::{ExpectationLine, ProjectReport, ServiceLine, ServiceState, Severity};

const HEADINGS: [&str; 5] = ["PORT", "SERVICE", "STATE", "SAID AT", "WHO"];

/// The columns that are narrowed where the terminal is too narrow, the first one first,
/// and how narrow they may become.
const NARROWED: [(usize, usize); 3] = [(4, 12), (1, 16), (3, 16)];

/// One line of the table, and how that port stands.
struct Row {
    cells: [String; 5],
    state: ServiceState,
}

/// A project's report as text.
#[must_use]
pub fn report(report: &ProjectReport, style: &Style) -> String {
    let mut out = String::new();
    let head = style.strong(&clean(&report.root));
    out.push_str(&format!("{head}: {}\n", summary(report)));
    if !report.services.is_empty() {
        out.push('\n');
        table(&report.services, style, &mut out);
    }
    for finding in &report.findings {
        out.push('\n');
        let place = finding.origin.as_ref().map(|at| clean(&at.to_string()));
        out.push_str(&text::finding(finding, place, style));
    }
    out.push_str(&text::left_out(&report.left_out, style));
    out.push_str(&text::blind_spots(&report.unseen, style));
    out
}

/// The whole in a few words.
fn summary(report: &ProjectReport) -> String {
    if report.is_blind() {
        return "its files could not be read".to_owned();
    }
    let services = match report.services.len() {
        0 => "no file says what should run here".to_owned(),
        1 => "1 service".to_owned(),
        many => format!("{many} services"),
    };
    let count = |of: Severity| report.findings.iter().filter(|f| f.severity == of).count();
    let some = |many: usize, noun: &str| match many {
        0 => None,
        1 => Some(format!("1 {noun}")),
        many => Some(format!("{many} {noun}s")),
    };
    let found: Vec<String> = [
        some(count(Severity::Error), "error"),
        some(count(Severity::Warning), "warning"),
        some(count(Severity::Info), "note"),
    ]
    .into_iter()
    .flatten()
    .collect();
    match found.is_empty() {
        true => format!("{services}, nothing wrong"),
        false => format!("{services}, {}", found.join(", ")),
    }
}

fn table(services: &[ServiceLine], style: &Style, out: &mut String) {
    let rows: Vec<Row> = services.iter().flat_map(rows).collect();
    let cells = rows.iter().map(|row| &row.cells);
    let widths = widths(&HEADINGS, cells, &NARROWED, style.width);
    let line = |cells: Vec<String>| format!("{}\n", cells.join("  ").trim_end());
    let heading = line(fitted(&HEADINGS, &widths));
    out.push_str(&format!("{}\n", style.strong(heading.trim_end())));
    for row in rows {
        let mut cells = fitted(&row.cells, &widths);
        cells[0] = style.strong(&cells[0]);
        cells[2] = match row.state {
            ServiceState::AsExpected => style.good(&cells[2]),
            ServiceState::Elsewhere | ServiceState::Taken => {
                style.severity(Severity::Warning, &cells[2])
            }
            ServiceState::Down | ServiceState::Unknown => style.dim(&cells[2]),
        };
        out.push_str(&line(cells));
    }
}

/// The lines of one service: one a port, or one where it has none.
fn rows(service: &ServiceLine) -> Vec<Row> {
    let name = clean(&service.name);
    if service.expects.is_empty() {
        let said = match service.unknown.first() {
            Some(unknown) => unknown.origin.to_string(),
            None => service.source.clone(),
        };
        return vec![Row {
            cells: [
                dash(),
                name,
                state(service.state, service),
                clean(&said),
                who(service.who.as_deref(), &[]),
            ],
            state: service.state,
        }];
    }
    let ports = service.expects.iter();
    ports
        .map(|port| Row {
            cells: [
                number(port),
                name.clone(),
                state(port.state, service),
                clean(&port.origin.to_string()),
                who(port.who.as_deref(), &elsewhere(port)),
            ],
            state: port.state,
        })
        .collect()
}

fn dash() -> String {
    "–".to_owned()
}

fn number(port: &ExpectationLine) -> String {
    match (port.port, port.protocol) {
        (None, _) => "any".to_owned(),
        (Some(port), Proto::Tcp) => port.to_string(),
        (Some(port), Proto::Udp) => format!("{port}/udp"),
    }
}

fn state(state: ServiceState, service: &ServiceLine) -> String {
    match state {
        ServiceState::Down if !service.profile.is_empty() => {
            format!("off (profile {})", clean(&service.profile.join(", ")))
        }
        ServiceState::AsExpected => "as expected".to_owned(),
        state => state.word().to_owned(),
    }
}

/// Where it is, where that is not what the first column says.
fn elsewhere(port: &ExpectationLine) -> Vec<String> {
    let told = port.state == ServiceState::AsExpected && port.port.is_some();
    let at = port.at.iter().filter(|_| !told);
    at.map(ToString::to_string).collect()
}

fn who(who: Option<&str>, at: &[String]) -> String {
    match (who, at) {
        (None, _) => dash(),
        (Some(who), []) => clean(who),
        (Some(who), at) => format!("{} on {}", clean(who), at.join(", ")),
    }
}
