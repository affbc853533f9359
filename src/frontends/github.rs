//! `devdoctor check` as annotations of GitHub Actions: one workflow command a finding.

use crate::facts::clean;
use crate::findings::{Finding, Fix, ProjectReport, Severity};

/// The annotations, a line each.
#[must_use]
pub fn annotations(report: &ProjectReport) -> String {
    report.findings.iter().map(annotation).collect()
}

fn annotation(finding: &Finding) -> String {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let mut properties = Vec::new();
    if let Some(origin) = &finding.origin {
        properties.push(format!("file={}", property(&origin.file)));
        if origin.line > 0 {
            properties.push(format!("line={}", origin.line));
        }
        if origin.line > 0 && origin.column > 0 {
            properties.push(format!("col={}", origin.column));
        }
    }
    let title = format!("{} {}", finding.code, finding.name);
    properties.push(format!("title={}", property(&title)));
    let mut message = finding.says.clone();
    if let Some(fix) = finding.fixes.first() {
        message.push('\n');
        message.push_str(&words(fix));
    }
    let lines: Vec<String> = message.lines().map(clean).collect();
    format!(
        "::{level} {}::{}\n",
        properties.join(","),
        data(&lines.join("\n"))
    )
}

/// A fix on one line: `fix: have web take port 3001 (compose.yaml:5: "3000:80" -> "3001:80")`.
fn words(fix: &Fix) -> String {
    let title = &fix.title;
    let how = match (&fix.edit, &fix.run, &fix.read) {
        (Some(edit), _, _) => {
            format!("{}:{}: {} -> {}", edit.file, edit.line, edit.from, edit.to)
        }
        (None, Some(argv), _) => crate::facts::shell_line(argv),
        (None, None, Some(text)) => text.clone(),
        (None, None, None) => return format!("fix: {title}"),
    };
    format!("fix: {title} ({how})")
}

/// The text of a message: what would end it is escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property: what would end it, or the list of them, is escaped, too.
fn property(text: &str) -> String {
    data(&clean(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Origin;
    use crate::findings::Confidence;

    #[test]
    fn what_would_end_a_message_or_a_property_is_escaped() {
        let origin = Origin {
            file: "a,b:c%/x.env".to_owned(),
            line: 3,
            column: 7,
        };
        let mut finding = Finding::new(Confidence::Likely, "100% sure::really")
            .severity(Severity::Warning)
            .at(&origin)
            .fix(Fix::read("one", "do\rthis"));
        finding.code = "DD801".to_owned();
        finding.name = "wanted-twice".to_owned();
        assert_eq!(
            annotation(&finding),
            "::warning file=a%2Cb%3Ac%25/x.env,line=3,col=7,title=DD801 wanted-twice::\
             100%25 sure::really%0Afix: one (do\u{fffd}this)\n"
        );
    }

    #[test]
    fn a_file_as_a_whole_has_no_line() {
        let origin = Origin {
            file: "compose.yaml".to_owned(),
            ..Origin::default()
        };
        let finding = Finding::new(Confidence::Certain, "x").at(&origin);
        assert_eq!(
            annotation(&finding),
            "::error file=compose.yaml,title= ::x\n"
        );
    }
}
