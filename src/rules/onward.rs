//! The next place of the way: where whoever listens passes connections on to, and what
//! is wrong there.

use crate::facts::{Carries, Listener, Onward, Outcome, Protocol, SaidBy, Scheme, Target};
use crate::findings::{Evidence, Finding, Fix, Seen, Severity, Verdict};

use super::fixes::OTHER_ADDRESS;
use super::{Case, evidence, think};

/// The place as something that can be asked about; nothing where it is not known, or not
/// dialled from this machine.
#[must_use]
pub fn target(first: &Target, place: &Onward) -> Option<Target> {
    if place.via.is_some() {
        return None;
    }
    let (host, port) = (place.host.clone()?, place.to?);
    let written = place.scheme.as_deref().and_then(scheme);
    let scheme = match place.carries {
        // What comes out is what went in.
        Carries::Bytes | Carries::Socks => first
            .scheme
            .or_else(|| (first.protocol() == Some(Protocol::Http)).then_some(Scheme::Http)),
        Carries::Requests | Carries::Tunnel => Some(written.unwrap_or(Scheme::Http)),
    };
    Some(Target {
        input: words(place),
        scheme,
        host,
        port,
        path: first
            .path
            .clone()
            .filter(|_| scheme.is_some_and(Scheme::is_web)),
    })
}

fn scheme(word: &str) -> Option<Scheme> {
    let target: Target = format!("{word}://localhost").parse().ok()?;
    target.scheme
}

/// The place in a few words: `localhost:8080`, `svc/web:80 of the cluster`.
pub(super) fn words(place: &Onward) -> String {
    let unnamed = match place.carries {
        Carries::Socks => "any host",
        Carries::Bytes | Carries::Requests | Carries::Tunnel => "its far end",
    };
    let host = place.host.as_deref().unwrap_or(unnamed);
    let there = match place.to {
        Some(port) if host.contains(':') => format!("[{host}]:{port}"),
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    match &place.via {
        Some(via) => format!("{there} as {via} sees it"),
        None => there,
    }
}

/// Whether a forwarder is no longer connected to the machine to which it leads.
pub(super) fn is_gone(place: &Onward) -> bool {
    place.via.is_some() && place.peers.seen().is_some_and(Vec::is_empty)
}

/// A place, and what a client of it meets.
pub(super) struct Next<'a> {
    pub(super) place: &'a Onward,
    /// Nothing where nobody asked there.
    pub(super) met: Option<Met>,
}

/// What a client of the next place meets.
pub(super) struct Met {
    pub(super) target: Target,
    pub(super) verdict: Verdict,
    /// Whether some address of it refuses, or hangs up.
    refuses: bool,
    /// Whether some address of it says nothing.
    silent: bool,
    /// What came of each attempt.
    probes: Vec<Evidence>,
    /// The root cause there.
    pub(super) cause: Option<Finding>,
}

impl Next<'_> {
    /// Whether it takes no connections, or hangs up.
    pub(super) fn refuses(&self) -> bool {
        self.met.as_ref().is_some_and(|met| met.refuses)
    }

    /// Whether it takes connections and says nothing, or does not answer at all.
    pub(super) fn is_silent(&self) -> bool {
        self.met
            .as_ref()
            .is_some_and(|met| met.silent && !met.refuses)
    }

    /// Whether it answers in the name of another one, which is the one that is broken.
    pub(super) fn is_between(&self, names: &[&str]) -> bool {
        let cause = self.met.as_ref().and_then(|met| met.cause.as_ref());
        cause.is_some_and(|cause| names.contains(&cause.name.as_str()))
    }

    /// What a client of it meets, in words that follow its name.
    pub(super) fn meets(&self) -> &'static str {
        match self.met.as_ref().map(|met| met.verdict) {
            Some(Verdict::Refused) => "refuses connections",
            Some(Verdict::Reset) => "hangs up at once",
            Some(Verdict::Silent) => "is silent",
            Some(Verdict::TimedOut) => "does not answer",
            Some(Verdict::Unreachable) => "cannot be reached",
            Some(Verdict::Unresolved) => "has no address",
            Some(Verdict::Mixed) => "fails on some of its addresses",
            Some(Verdict::ErrorStatus) => "answers with an error status",
            Some(Verdict::BadProtocol) => "speaks another protocol",
            Some(Verdict::Reachable) => "answers",
            Some(Verdict::NotDialled) | None => "cannot be asked from here",
        }
    }

    /// The same with the cause.
    pub(super) fn does(&self) -> String {
        let cause = self.met.as_ref().and_then(|met| met.cause.as_ref());
        match cause {
            Some(cause) => format!("{}: {}", self.meets(), cause.says),
            None => self.meets().to_owned(),
        }
    }

    /// What says where the way goes on, and what is wrong there.
    pub(super) fn evidence(&self, case: &Case) -> Vec<Evidence> {
        let mut all = Vec::new();
        all.extend(said(case, self.place));
        if let Some(met) = &self.met {
            all.extend(met.probes.iter().cloned());
            let more = met.cause.iter().flat_map(|cause| &cause.evidence);
            let more: Vec<_> = more.filter(|one| !all.contains(one)).cloned().collect();
            all.extend(more);
        }
        all
    }

    /// What mends the next place.
    pub(super) fn fixes(&self, case: &Case) -> Vec<Fix> {
        let Some(met) = &self.met else {
            return Vec::new();
        };
        let fixes = met.cause.iter().flat_map(|one| one.fixes.clone());
        let mut fixes: Vec<Fix> = fixes.map(|fix| self.as_passed_on(case, fix)).collect();
        if fixes.is_empty() {
            fixes.push(Fix::safe(
                "diagnose the server behind it",
                ["devdoctor", "why", &met.target.url(None)],
            ));
        }
        fixes
    }
}

impl Next<'_> {
    /// A fix for the client of the next place, who is the one that passes on, and no person.
    fn as_passed_on(&self, case: &Case, fix: Fix) -> Fix {
        let SaidBy::File { file, line, key } = &self.place.said_by else {
            return fix;
        };
        match &fix.read {
            Some(there) if fix.title == OTHER_ADDRESS => {
                let place = Seen::File {
                    file: from_here(case, file),
                    line: (*line > 0).then_some(*line),
                };
                Fix::read(
                    "point the proxy to the address that answers",
                    format!(
                        "{there} instead of {} in {key} at {place}",
                        words(self.place)
                    ),
                )
            }
            _ => fix,
        }
    }
}

/// The next places of the asked port's way, with what is met there.
pub(super) fn all<'a>(case: &Case<'a>, carries: Carries) -> Vec<Next<'a>> {
    let port = case.port();
    let places = case.facts.onward.items().iter();
    places
        .filter(|place| place.port == port && place.carries == carries)
        .map(|place| Next {
            place,
            met: target(case.target, place).and_then(|target| met(case, &target)),
        })
        .collect()
}

fn met(case: &Case, target: &Target) -> Option<Met> {
    let next = case.onward(target)?;
    next.probes().next()?;
    let refused = |outcome| {
        matches!(
            outcome,
            Outcome::Refused
                | Outcome::Reset
                | Outcome::Closed
                | Outcome::Unreachable
                | Outcome::Denied
                | Outcome::Failed
        )
    };
    let silent = |outcome| matches!(outcome, Outcome::Silent | Outcome::TimedOut);
    let opinion = think(&next);
    let problem = |finding: &Finding| finding.severity > Severity::Info;
    Some(Met {
        verdict: opinion.verdict,
        refuses: next.probes().any(|probe| refused(probe.outcome)),
        silent: next.probes().any(|probe| silent(probe.outcome)),
        probes: next
            .probes()
            .filter(|probe| !probe.outcome.well())
            .map(evidence::probe)
            .collect(),
        cause: opinion.findings.into_iter().find(problem),
        target: target.clone(),
    })
}

/// What says where the way goes on.
fn said(case: &Case, place: &Onward) -> Option<Evidence> {
    let there = words(place);
    let pid = place.by.map(|by| by.pid);
    match &place.said_by {
        SaidBy::Agent { name } => {
            let pid = pid?;
            Some(Evidence::new(
                format!("pid {pid} itself says that requests of {name} go to {there}"),
                Seen::Process {
                    pid,
                    what: "its own interface".to_owned(),
                },
            ))
        }
        SaidBy::Argv if place.carries == Carries::Tunnel => {
            let pid = pid?;
            Some(Evidence::new(
                format!("the command line of pid {pid} brings requests to {there}"),
                Seen::Process {
                    pid,
                    what: "argv".to_owned(),
                },
            ))
        }
        SaidBy::Argv => {
            let pid = pid?;
            Some(Evidence::new(
                format!(
                    "the command line of pid {pid} passes port {} on to {there}",
                    place.port
                ),
                Seen::Process {
                    pid,
                    what: "argv".to_owned(),
                },
            ))
        }
        SaidBy::File { file, line, key } => {
            let place = Seen::File {
                file: from_here(case, file),
                line: (*line > 0).then_some(*line),
            };
            let says = format!("{place} passes requests on to {there} ({key})");
            Some(Evidence::new(says, place))
        }
        SaidBy::Connection => {
            let pid = pid?;
            Some(Evidence::new(
                format!("pid {pid} connected to {there} while it was asked"),
                Seen::Process {
                    pid,
                    what: "connections".to_owned(),
                },
            ))
        }
        SaidBy::Bridge => {
            let seen = Seen::Kernel {
                what: "adb forward --list".to_owned(),
            };
            let port = place.port;
            Some(Evidence::new(
                format!("adb leads port {port} to {there}"),
                seen,
            ))
        }
        SaidBy::Kind => None,
    }
}

/// A file as the user would name it: seen from where he stands if it is below that.
fn from_here(case: &Case, file: &str) -> String {
    let cwd = case
        .facts
        .host
        .cwd
        .as_deref()
        .map(|cwd| cwd.trim_end_matches('/'));
    let below = cwd.and_then(|cwd| file.strip_prefix(cwd)?.strip_prefix('/'));
    below.unwrap_or(file).to_owned()
}

/// Who passes connections on, in a few words.
pub(super) fn who(case: &Case, listener: Option<&Listener>) -> String {
    match listener {
        Some(listener) => evidence::owner_words(case, listener),
        None => "who listens".to_owned(),
    }
}
