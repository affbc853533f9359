//! One diagnosis, start to end: facts, probes, rules, report. Start reading here.

mod ahead;
mod beside;
mod boundaries;
mod browser;
mod check;
mod confined;
mod containers;
mod failure;
mod firewall;
mod fix;
mod flaps;
mod lines;
mod looks;
mod named;
mod onward;
mod outside;
mod owners;
mod parts;
mod port;
mod project;
mod proxies;
mod reading;
mod record;
mod redirects;
mod tunnels;
mod wait;
mod way;
mod why;

pub use check::{check, check_facts, look_at_project, project_of};
pub use fix::{Change, problem, start, still_stands};
pub use lines::ports_report;
pub use named::{Named, claims_here, named};
pub use record::{Extent, record};
pub use wait::{Waited, wait};
pub use why::{Given, Recording, why, why_given};

use crate::facts::{LeftOut, Snapshot, Target};
use crate::findings::{Finding, Report, Unseen};
use crate::rules::{self, Case};
use crate::settings::Settings;

/// The diagnosis that these facts give, without a look at the world.
///
/// What a recorded snapshot gives today is what it gave on the machine where it
/// was taken; only the durations are left out.
#[must_use]
pub fn replay(target: &Target, facts: &Snapshot) -> Report {
    let case = Case::new(target, facts);
    let opinion = rules::think(&case);
    Report {
        schema: "devdoctor.why/1".to_owned(),
        target: target.clone(),
        verdict: opinion.verdict,
        findings: opinion.findings,
        probes: case.probes().map(lines::probe).collect(),
        listeners: case
            .listeners()
            .filter(|_| !case.on_another_machine())
            .map(|listener| lines::listener(facts, listener))
            .collect(),
        hops: rules::hops(&case),
        browsers: browser::read(facts),
        vantage: facts.host.vantage.words().map(str::to_owned),
        unseen: facts
            .unseen()
            .into_iter()
            .map(|(part, gap)| Unseen::new(part, gap))
            .collect(),
        left_out: left_out(facts),
        ruled_out: opinion.ruled_out,
        looks: Vec::new(),
        took_ms: 0,
    }
}

/// What of the files of the user's own project does not count.
fn left_out(facts: &Snapshot) -> Vec<LeftOut> {
    let claims = facts.own_project().and_then(|own| own.claims.seen());
    claims
        .map(|claims| claims.left_out.clone())
        .unwrap_or_default()
}

/// Leaves out the findings that the user never wants to be told of.
pub fn forgive(report: &mut Report, settings: &Settings) {
    forgive_all(&mut report.findings, settings);
}

/// The same for findings of any report.
pub fn forgive_all(findings: &mut Vec<Finding>, settings: &Settings) {
    findings.retain(|finding| !settings.allows(&finding.code, &finding.name));
}
