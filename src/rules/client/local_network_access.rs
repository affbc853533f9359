//! # The browser keeps public pages from this machine
//!
//! ## What happened
//!
//! A page from the internet asks a server of this machine, or of its network, and gets
//! nothing: "blocked by CORS policy: Permission was denied for this request to access
//! the `loopback` address space". The server sees no request. The same address opens
//! when it is typed in, and curl gets it.
//!
//! ## Why
//!
//! Since version 142 Chrome asks the user before a page from elsewhere may reach the
//! machine it is shown on (local network access), and so does Firefox 153. The answer
//! is kept for that site; Chrome does not even ask about a page without TLS, and a
//! policy may have answered for all.
//!
//! ## What to do
//!
//! Allow it for the site: the icon left of its address, Site settings, "Apps on device"
//! or "Local network access" (Firefox: "Device apps and services"). Or serve the page
//! from this machine as well.

use crate::facts::{BrowserProfile, DeniedSite, Gap, PolicyEffect};
use crate::findings::{Confidence, Evidence, Finding, Fix, Severity};
use crate::rules::{Case, Rule, evidence};

use super::browser::{answers_http, in_file, policies, profiles};

/// DD905.
pub static RULE: Rule = Rule {
    code: "DD905",
    name: "local-network-access",
    severity: Severity::Warning,
    since: "0.1.0",
    unless: &[
        &super::hsts::RULE,
        &super::browser_remembers::RULE,
        &super::browser_policy::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("local_network_access.rs"),
};

/// The first version of Chrome that asks.
const ASKS: u32 = 142;
/// The first version of Firefox that was seen to ask.
const FIREFOX_ASKS: u32 = 153;

fn check(case: &Case) -> Option<Finding> {
    if !answers_http(case) || !case.on_this_machine() {
        return None;
    }
    let there = case.target.authority();
    let mut policies = policies(case).iter();
    let policy = policies.find(|policy| policy.effect == PolicyEffect::DeniesSites);
    let mut denied: Vec<(&BrowserProfile, &DeniedSite)> = profiles(case)
        .iter()
        .flat_map(|profile| {
            let sites = profile.denied.seen().into_iter().flatten();
            sites.map(move |site| (profile, site))
        })
        .collect();
    // What holds in all tabs comes first.
    denied.sort_by_key(|(_, site)| site.container.is_some());
    let asks = profiles(case).iter().find(|profile| {
        // Where it is switched off, or all are let in, nobody needed to look.
        let off = profile.denied.gap() == Some(&Gap::NotAsked);
        let since = |first| !off && profile.version.is_some_and(|is| is >= first);
        match profile.gecko {
            true => since(FIREFOX_ASKS),
            false => since(ASKS),
        }
    });
    let finding = match (policy, denied.first(), asks) {
        (Some(policy), ..) => Finding::new(
            Confidence::Likely,
            format!(
                "a policy of this machine keeps pages of {} from {there} in {}",
                policy.value, policy.browser
            ),
        )
        .because(in_file(
            format!(
                "{} of {} has {}",
                policy.setting, policy.browser, policy.value
            ),
            &policy.file,
        )),
        (None, Some((profile, site)), _) => Finding::new(
            match site.container {
                None => Confidence::Likely,
                Some(_) => Confidence::Possible,
            },
            format!(
                "{} keeps pages of {} from {there}",
                profile.title_in(site.container.as_deref()),
                site.site
            ),
        ),
        // Nothing says that any page was denied: it is what remains to be thought of.
        (None, None, Some(profile)) => Finding::new(
            Confidence::Possible,
            format!(
                "{} asks you before a page from the internet may reach {there}",
                profile.title()
            ),
        )
        .severity(Severity::Info),
        (None, None, None) => return None,
    };
    let finding = finding
        .because_all(denied.iter().map(|(profile, site)| decided(profile, site)))
        .because_all(case.probes().next().map(evidence::probe));
    Some(finding.fix(match (policy, denied.first()) {
        (Some(policy), _) => Fix::read(
            "have the administrator allow it",
            format!("{} in {} is what says it", policy.setting, policy.file),
        ),
        (None, Some((profile, site))) => allow(profile, site),
        (None, None) => Fix::read(
            "if it is a page from the internet that fails",
            match asks.is_some_and(|profile| profile.gecko) {
                true => {
                    "load it anew and allow what it asks; a decision is kept in \
                     about:preferences#privacy, Permissions, \"Device apps and services\" (or \
                     \"Local network devices\")"
                }
                false => {
                    "the icon left of its address, Site settings: allow \"Apps on device\" (or \
                     \"Local network access\"), and load it anew"
                }
            },
        ),
    }))
}

/// How this browser is made to let the site in.
fn allow(profile: &BrowserProfile, site: &DeniedSite) -> Fix {
    let every = site.site == DeniedSite::EVERY;
    let title = match every {
        true => "have it ask again",
        false => "allow it for the site",
    };
    let text = match (profile.gecko, every) {
        (true, _) => {
            let part = match site.setting == "local-network" {
                true => "Local network devices",
                false => "Device apps and services",
            };
            let what = match every {
                true => "untick \"Block new requests\"".to_owned(),
                false => format!("set {} to \"Allow\", and load its page anew", site.site),
            };
            format!("in about:preferences#privacy, Permissions, \"{part}\": {what}")
        }
        (false, true) => "in chrome://settings/content, \"Apps on device\" (or \"Local network \
                          access\"): let sites ask"
            .to_owned(),
        (false, false) => format!(
            "in chrome://settings/content/all choose {}, then allow \"Apps on device\" (or \
             \"Local network access\"), and load its page anew",
            site.site
        ),
    };
    Fix::read(title, text)
}

fn decided(profile: &BrowserProfile, site: &DeniedSite) -> Evidence {
    in_file(
        format!(
            "the setting {} of {} is \"block\" for {}",
            site.setting,
            profile.title_in(site.container.as_deref()),
            site.site
        ),
        &site.file,
    )
}
