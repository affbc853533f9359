//! # The service belongs to a compose profile that is not on
//!
//! ## What happened
//!
//! Nobody listens on the port. The compose file gives it to a service that has
//! `profiles`, and none of them is on: `docker compose up` leaves such a service out
//! without a word.
//!
//! ## Why
//!
//! `profiles` keeps a service out of the usual start: tools for debugging, a
//! database console, mail in a box. A profile is on if `--profile` or the variable
//! `COMPOSE_PROFILES` names it, in the environment or in `.env`.
//!
//! ## What to do
//!
//! Start the service with its profile. To have it always, name the profile in
//! `COMPOSE_PROFILES` in `.env`.

use super::vacant;
use crate::facts::Runs;
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::case::Expected;
use crate::rules::evidence::{file_of, in_file};
use crate::rules::{Case, Rule, container, evidence, fixes};

/// DD519.
pub static RULE: Rule = Rule {
    code: "DD519",
    name: "profile-not-selected",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_restarting::RULE,
        &container::container_exited::RULE,
        &container::localhost_inside_container::RULE,
        &container::host_service_on_loopback::RULE,
        &container::dependency_not_ready::RULE,
        &container::engine_elsewhere::RULE,
        &container::host_network::RULE,
        &container::no_network::RULE,
        &container::container_never_started::RULE,
        &container::not_recreated::RULE,
        &container::published_elsewhere::RULE,
        &container::not_published::RULE,
        &container::engine_down::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("profile_not_selected.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    if !vacant(case) || !case.nobody_listens() || case.publishers().next().is_some() {
        return None;
    }
    let expected = case.expected();
    let off = |one: &Expected| one.service.runs == Runs::Container && !one.service.is_on();
    if !expected.iter().all(off) {
        return None;
    }
    let one = expected.first()?;
    if expected
        .iter()
        .any(|one| !case.service_containers(one).is_empty())
    {
        return None;
    }
    let name = evidence::service_name(one);
    let profiles = &one.service.profiles;
    let which = match &profiles[..] {
        [profile] => format!("the profile {profile}, which is not on"),
        many => format!("the profiles {}, none of which is on", many.join(", ")),
    };
    let confidence = if case.absence_is_settled() && one.by.certain {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    let port = case.port();
    let says = format!("{name} should have port {port}, and belongs to {which}");
    let finding = Finding::new(confidence, says)
        .because(evidence::expects(case, one))
        .because(in_file(
            case,
            one.project,
            &one.service.origin,
            &format!("has {name} with `profiles: [{}]`", profiles.join(", ")),
        ))
        .because_all(case.probes().map(evidence::probe))
        .because(evidence::nobody_listens(case));
    let start = fixes::start_as(case, one, format!("start {name} with its profile"));
    let finding = start.into_iter().fold(finding, Finding::fix);
    let profile = profiles.first()?;
    let folder = match one.service.folder.as_str() {
        "" => ".env".to_owned(),
        folder => format!("{folder}/.env"),
    };
    let file = file_of(case, one.project, &folder);
    Some(finding.fix(Fix::read(
        "or have it start with the others",
        format!("add `COMPOSE_PROFILES={profile}` to {file}"),
    )))
}
