//! What is said where nothing is wrong.

use super::Page;
use crate::facts::{Outcome, catalogue, clean, human_micros, shell_line};
use crate::findings::{Report, Verdict};

impl Page {
    /// Nothing is wrong: what was checked, and what this cannot see.
    pub(super) fn well(&mut self, report: &Report) {
        let there = report.target.authority();
        match report.verdict {
            Verdict::NotDialled => {
                let line = format!("{there} was not dialled, and nothing else tells of a fault");
                self.line(&line);
            }
            Verdict::Reachable => {
                let ok = self.style.good("ok");
                // A listening socket takes connections even where no program accepts them.
                let word = if answered(report) {
                    "answers"
                } else {
                    "accepts connections"
                };
                let head = self.style.strong(&format!("{there} {word}"));
                self.line(&format!("{ok}: {head}"));
            }
            verdict if report.probes.iter().any(|probe| probe.outcome.well()) => {
                let ok = self.style.good("ok");
                let head = self
                    .style
                    .strong(&format!("{there} can be reached ({})", verdict.word()));
                self.line(&format!("{ok}: {head}"));
            }
            verdict => {
                let head = self.style.strong(&format!("{there}: {}", verdict.word()));
                self.line(&format!(
                    "{head}, and your settings allow every finding on it"
                ));
            }
        }
        for probe in &report.probes {
            let took = human_micros(probe.took_us);
            let what = match probe.outcome {
                Outcome::Answered => "answers",
                Outcome::Connected => "accepts connections",
                other => other.word(),
            };
            let answer = match &probe.answer {
                Some(answer) => format!(" ({})", clean(answer)),
                None => String::new(),
            };
            self.line(&format!("  = {} {what}{answer}, after {took}", probe.to));
        }
        for listener in &report.listeners {
            let who = match (&listener.name, listener.pid, &listener.container) {
                (_, _, Some(container)) => format!("container {}", clean(container)),
                (Some(name), Some(pid), None) => format!("{} (pid {pid})", clean(name)),
                (None, Some(pid), None) => format!("pid {pid}"),
                (_, None, None) => match listener.uid {
                    Some(0) => "a process of root that this user may not see".to_owned(),
                    Some(uid) => format!("a process of uid {uid} that this user may not see"),
                    None => "a process that this user may not see".to_owned(),
                },
            };
            let project = match &listener.project {
                Some(folder) => format!(" in {}", clean(folder)),
                None => String::new(),
            };
            self.line(&format!("  = {who}{project} listens on {}", listener.at));
        }
        if report.verdict != Verdict::Reachable {
            return;
        }
        if !answered(report) {
            let advice = match catalogue().port(report.target.port) {
                Some(row) => format!(
                    "nothing was sent to it: the port is known for {}",
                    row.service
                ),
                None => format!(
                    "nothing was sent to it, as it is not known what it speaks; if it is a web \
                     server: devdoctor why http://{there}"
                ),
            };
            self.paragraph("  ", &advice, |style, line| style.dim(line));
        } else if spoke_http(report) {
            let advice = browser_advice(report);
            self.paragraph("  ", &advice, |style, line| style.dim(line));
            if hides_certificate(report) {
                let advice = "its certificate could not be checked: browsers and curl refuse one that \
                              is self-signed, expired, or for another name";
                self.paragraph("  ", advice, |style, line| style.dim(line));
            }
        }
    }
}

/// What is left to be thought of where the server answers and a browser does not show it.
fn browser_advice(report: &Report) -> String {
    let Some(profiles) = &report.browsers else {
        let command = shell_line(&["devdoctor", "why", &report.target.input, "--browser"]);
        return format!(
            "if your browser still fails: `{}` reads what its profile keeps of this address",
            clean(&command)
        );
    };
    let found = report.findings.iter().any(|f| f.code.starts_with("DD90"));
    match &profiles[..] {
        _ if found => "the server is well; what the browser may do by itself:".to_owned(),
        [] if report.unseen.iter().any(|it| it.part == "browser-safari") => {
            "what Safari keeps is closed to other programs, and no other browser has a profile \
             here; a private window tells whether something in it stands in the way"
                .to_owned()
        }
        [] => "no browser profile was found in the home of this user".to_owned(),
        list => format!(
            "nothing that was seen in {} stands in its way; a private window tells whether \
             something else in the profile does",
            clean(&list.join(", "))
        ),
    }
}

/// Whether any byte came back.
fn answered(report: &Report) -> bool {
    let mut probes = report.probes.iter();
    probes.any(|probe| probe.outcome == Outcome::Answered)
}

/// Whether it is something that a browser opens.
fn spoke_http(report: &Report) -> bool {
    let mut answers = report.probes.iter().filter_map(|p| p.answer.as_deref());
    answers.any(|answer| answer.starts_with("HTTP"))
}

/// Whether it has a certificate of which nothing is known.
fn hides_certificate(report: &Report) -> bool {
    let mut answers = report.probes.iter().filter_map(|p| p.answer.as_deref());
    let judged = report.findings.iter().any(|f| f.code == "DD603");
    !judged && answers.any(|answer| answer.contains("TLS") && !answer.contains("trusts"))
}
