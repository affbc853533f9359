//! # The browser answers from memory instead of asking the server
//!
//! ## What happened
//!
//! The browser shows something else than the server sends: it goes to another
//! address at once, or shows an old page, or another project's, even while no
//! server runs. curl and a private window get what the server really sends.
//!
//! ## Why
//!
//! A redirect with status 301 or 308 is for good: the browser keeps it and never
//! asks that address again. A service worker is a program of a page that answers
//! in the server's place, for all pages of its origin; `http://localhost:3000` is
//! the same origin for every project that was ever on port 3000.
//!
//! ## What to do
//!
//! Have the browser forget it: the developer tools bypass the cache while they
//! are open, and unregister a worker. Send 302 or 307 while developing, and no
//! service worker.

use crate::facts::{BrowserProfile, CachedRedirect, ServiceWorker, human_age};
use crate::findings::{Confidence, Evidence, Finding, Fix, Severity};
use crate::rules::{Case, Rule, evidence};

use super::browser::{in_file, is_for_browsers, profiles};

/// DD903.
pub static RULE: Rule = Rule {
    code: "DD903",
    name: "browser-remembers",
    severity: Severity::Warning,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("browser_remembers.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    if !is_for_browsers(case) {
        return None;
    }
    let mut redirects: Vec<(&BrowserProfile, &CachedRedirect)> = profiles(case)
        .iter()
        .flat_map(|profile| {
            let list = profile.redirects.seen().into_iter().flatten();
            list.map(move |redirect| (profile, redirect))
        })
        .filter(|(_, redirect)| !sends_it_still(case, redirect))
        .collect();
    let mut workers: Vec<(&BrowserProfile, &ServiceWorker)> = profiles(case)
        .iter()
        .flat_map(|profile| {
            let list = profile.workers.seen().into_iter().flatten();
            list.map(move |worker| (profile, worker))
        })
        .collect();
    // What holds in all tabs comes first.
    redirects.sort_by_key(|(_, redirect)| redirect.container.is_some());
    workers.sort_by_key(|(_, worker)| worker.container.is_some());
    let finding = match (redirects.first(), workers.first()) {
        (Some((profile, redirect)), _) => Finding::new(
            match redirect.container {
                None => Confidence::Likely,
                Some(_) => Confidence::Possible,
            },
            format!(
                "{} goes from {} to {} without asking the server: it keeps an old redirect",
                profile.title_in(redirect.container.as_deref()),
                redirect.url,
                redirect.location
            ),
        ),
        // It may well be this application's own, and do what it should.
        (None, Some((profile, worker))) => Finding::new(
            Confidence::Possible,
            format!(
                "a service worker in {} answers for {} in the server's place",
                profile.title_in(worker.container.as_deref()),
                worker.scope
            ),
        ),
        (None, None) => return None,
    };
    let severity = match case.explained() {
        true => Severity::Info,
        false => Severity::Warning,
    };
    Some(
        finding
            .severity(severity)
            .because_all(
                redirects
                    .iter()
                    .map(|(profile, redirect)| keeps(profile, redirect)),
            )
            .because_all(
                workers
                    .iter()
                    .map(|(profile, worker)| registered(profile, worker)),
            )
            .because_all(case.probes().next().map(evidence::probe))
            .fix_all(redirects.first().map(|_| {
                Fix::read(
                    "have it forget the redirect",
                    "open the developer tools (F12), tick \"Disable cache\" under Network, and \
                     load the page anew",
                )
            }))
            .fix_all(
                workers
                    .first()
                    .map(|(profile, worker)| unregister(profile, worker)),
            )
            .fix(Fix::safe(
                "see what the server itself sends",
                ["curl", "-i", &case.target.url(None)],
            )),
    )
}

/// Whether the server itself sends the client there, now: then it is no matter of memory.
fn sends_it_still(case: &Case, redirect: &CachedRedirect) -> bool {
    let http = case
        .greeting()
        .and_then(|(_, greeting)| greeting.http.as_ref());
    let location = http.and_then(|http| http.location.as_deref());
    location.is_some_and(|location| location == redirect.location)
}

fn keeps(profile: &BrowserProfile, redirect: &CachedRedirect) -> Evidence {
    let age = match redirect.age_s {
        Some(age) => format!(" for {}", human_age(age)),
        None => String::new(),
    };
    in_file(
        format!(
            "{} has kept the answer {} of {}{age}: go to {}",
            profile.title(),
            redirect.status,
            redirect.url,
            redirect.location
        ),
        &redirect.file,
    )
}

fn registered(profile: &BrowserProfile, worker: &ServiceWorker) -> Evidence {
    in_file(
        format!(
            "{} runs {} for every page below {}",
            profile.title(),
            worker.script,
            worker.scope
        ),
        &worker.file,
    )
}

fn unregister(profile: &BrowserProfile, worker: &ServiceWorker) -> Fix {
    let text = match profile.gecko {
        true => format!(
            "open about:debugging#/runtime/this-firefox, and unregister {} under Service Workers",
            worker.scope
        ),
        false => format!(
            "open chrome://serviceworker-internals, and unregister {}",
            worker.scope
        ),
    };
    Fix::read("take the service worker away", text)
}
