//! # A setting stands in a file, and its program does not read it
//!
//! ## What happened
//!
//! A file of the project sets a port, and the program that it is meant for does
//! not read it there: it takes the port that something else says, or its own
//! default.
//!
//! ## Why
//!
//! Every framework has its own ways to set the port. Next.js chooses its port
//! before it reads `.env`; Vite does not look at `PORT` at all. Nothing warns:
//! the setting is there, and without effect.
//!
//! ## What to do
//!
//! Set the port where this framework reads it, by the flag or key that the fix
//! names, and take out the setting that has no effect.

use crate::facts::{IgnoredSetting, Service};
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::{Case, Rule, Survey, fixes};

use super::survey;

/// DD803.
pub static RULE: Rule = Rule {
    code: "DD803",
    name: "setting-ignored",
    severity: Severity::Warning,
    since: "0.1.0",
    unless: &[],
    settle: 5,
    check,
    source: include_str!("setting_ignored.rs"),
};

/// Where the setting says the port that was asked for.
fn check(case: &Case) -> Option<Finding> {
    let survey = survey(case)?;
    let mut ignored = survey.claims.ignored.iter();
    ignored
        .find(|setting| setting.port == Some(case.port()))
        .map(|setting| of(&survey, setting))
        .filter(|finding| finding.severity > Severity::Info)
}

pub(in crate::rules) fn all(survey: &Survey) -> Vec<Finding> {
    let ignored = survey.claims.ignored.iter();
    ignored.map(|setting| of(survey, setting)).collect()
}

fn of(survey: &Survey, setting: &IgnoredSetting) -> Finding {
    let meant = survey.claims.services.iter();
    let meant = meant.filter(|service| is_meant(service, setting));
    // Several compose files may each have a service of this name: the nearest is meant.
    let near = |service: &&Service| {
        let (own, of) = (&service.origin.file, &setting.origin.file);
        let shared = own.split('/').zip(of.split('/'));
        let shared = shared.take_while(|(a, b)| a == b).count();
        std::cmp::Reverse(shared)
    };
    let service = meant.min_by_key(near);
    let key = &setting.key;
    let (set, sets) = match setting.port {
        Some(port) => (
            format!("{key} is set to {port}"),
            format!("sets {key} to {port}"),
        ),
        None => (format!("{key} is set"), format!("sets {key}")),
    };
    let verified = service
        .and_then(Service::row)
        .is_some_and(|row| row.verified);
    let confidence = match verified {
        true => Confidence::Certain,
        false => Confidence::Likely,
    };
    let mut finding = Finding::new(
        confidence,
        format!(
            "{set} for {}, without effect: {}",
            setting.service, setting.why
        ),
    )
    .at(&setting.origin)
    .because(survey.in_file(&setting.origin, &sets));
    let wants = service.and_then(|service| service.expects.first());
    if let (Some(service), Some(wants)) = (service, wants) {
        finding = finding.because(survey.says(service, wants));
    }
    let place = survey.place(&setting.origin);
    let Some(port) = setting.port else {
        return finding.fix(Fix::read(
            format!("take {key} out of {place}"),
            format!("{}: it can go", setting.why),
        ));
    };
    // What has no effect, and says what is so anyway, does no harm.
    if wants.is_some_and(|wants| wants.port == Some(port)) {
        finding = finding.severity(Severity::Info);
    } else if let (Some(service), Some(wants)) = (service, wants) {
        let fix = fixes::set_port(&survey.case, &survey.expected(service, wants), port);
        finding = finding.fix(fix);
    }
    finding.fix(Fix::read(
        format!("take {key} out of {place}"),
        "nothing changes by that: it has no effect",
    ))
}

/// Whether the setting is meant for this service. A compose service has no framework.
fn is_meant(service: &Service, setting: &IgnoredSetting) -> bool {
    let own = service.framework.as_deref();
    service.name == setting.service && own.is_none_or(|own| own == setting.framework)
}
