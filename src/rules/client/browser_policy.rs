//! # A setting of the browser stands in the way
//!
//! ## What happened
//!
//! The server answers, and the browser shows `ERR_BLOCKED_BY_ADMINISTRATOR`,
//! `ERR_BLOCKED_BY_CLIENT` or `ERR_PROXY_CONNECTION_FAILED`, or the error page of some
//! proxy. Other browsers, or a private window, show the page.
//!
//! ## Why
//!
//! A policy that the administrator of the machine has set forbids the address or sends
//! it through a proxy, a proxy is set in the browser's own profile (a tool that records
//! traffic may have left it there), or an extension is allowed to block requests.
//!
//! ## What to do
//!
//! `chrome://policy`, or `about:policies` in Firefox, shows the policies in force; only
//! the administrator can change them. A proxy is taken out in the browser's settings. A
//! window without extensions shows whether one of them is the cause.

use crate::facts::{BrowserExtension, BrowserPolicy, BrowserProfile, BrowserProxy, PolicyEffect};
use crate::findings::{Confidence, Evidence, Finding, Fix, Severity};
use crate::rules::{Case, Rule, evidence};

use super::browser::{answers_http, in_file, policies, profiles};

/// DD904.
pub static RULE: Rule = Rule {
    code: "DD904",
    name: "browser-policy",
    severity: Severity::Warning,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("browser_policy.rs"),
};

/// One thing that stands in the way, the surest first.
enum Obstacle<'a> {
    Forbidden(&'a BrowserPolicy),
    ByProxyOfPolicy(&'a BrowserPolicy),
    ByProxy(&'a BrowserProfile, &'a BrowserProxy),
    ByScript(&'a BrowserProfile, &'a BrowserProxy),
    ByExtension(&'a BrowserProfile, &'a BrowserExtension),
}

fn check(case: &Case) -> Option<Finding> {
    // What is not reached without a browser has another cause first.
    if !answers_http(case) {
        return None;
    }
    let obstacles = obstacles(case);
    let first = obstacles.first()?;
    // That the way to other machines leads through a proxy is how many networks are.
    let here = case.on_this_machine();
    let (confidence, severity) = match first {
        Obstacle::Forbidden(_) => (Confidence::Likely, Severity::Warning),
        Obstacle::ByProxyOfPolicy(_) | Obstacle::ByProxy(..) if here => {
            (Confidence::Likely, Severity::Warning)
        }
        _ => (Confidence::Possible, Severity::Info),
    };
    let finding = Finding::new(confidence, first.says(case))
        .severity(severity)
        .because_all(obstacles.iter().map(Obstacle::evidence))
        .because_all(case.probes().next().map(evidence::probe));
    Some(finding.fix_all(first.fixes(case)))
}

fn obstacles<'a>(case: &Case<'a>) -> Vec<Obstacle<'a>> {
    let with = |effect: PolicyEffect| {
        let policies = policies(case).iter();
        policies.filter(move |policy| policy.effect == effect)
    };
    let mut found: Vec<Obstacle> = Vec::new();
    found.extend(with(PolicyEffect::Blocks).map(Obstacle::Forbidden));
    found.extend(with(PolicyEffect::Proxies).map(Obstacle::ByProxyOfPolicy));
    let proxies = || {
        let profiles = profiles(case).iter();
        profiles.filter_map(|profile| Some((profile, profile.proxy.seen()?.first()?)))
    };
    let takes = proxies().filter(|(_, proxy)| proxy.takes);
    found.extend(takes.map(|(profile, proxy)| Obstacle::ByProxy(profile, proxy)));
    let scripts = proxies().filter(|(_, proxy)| proxy.pac && !proxy.takes);
    found.extend(scripts.map(|(profile, proxy)| Obstacle::ByScript(profile, proxy)));
    for profile in profiles(case) {
        let extensions = profile.extensions.seen().into_iter().flatten();
        found.extend(extensions.map(|one| Obstacle::ByExtension(profile, one)));
    }
    found
}

impl Obstacle<'_> {
    fn says(&self, case: &Case) -> String {
        let there = case.target.authority();
        match self {
            Obstacle::Forbidden(policy) => format!(
                "a policy of this machine forbids {} to open {there} ({} has {})",
                policy.browser, policy.setting, policy.value
            ),
            Obstacle::ByProxyOfPolicy(policy) => format!(
                "a policy of this machine has {} ask the proxy {} for {there}",
                policy.browser, policy.value
            ),
            Obstacle::ByProxy(profile, proxy) => {
                format!(
                    "{} asks the proxy {} for {there}",
                    profile.title(),
                    proxy.server
                )
            }
            Obstacle::ByScript(profile, proxy) => format!(
                "in {} a script decides which proxy is asked for {there}: {}",
                profile.title(),
                proxy.server
            ),
            Obstacle::ByExtension(profile, extension) => format!(
                "{} in {} is allowed to block requests to {there}",
                extension.name,
                profile.title()
            ),
        }
    }

    fn evidence(&self) -> Evidence {
        match self {
            Obstacle::Forbidden(policy) | Obstacle::ByProxyOfPolicy(policy) => in_file(
                format!(
                    "{} of {} has {}",
                    policy.setting, policy.browser, policy.value
                ),
                &policy.file,
            ),
            Obstacle::ByProxy(profile, proxy) | Obstacle::ByScript(profile, proxy) => in_file(
                format!("the proxy of {} is {}", profile.title(), proxy.server),
                &proxy.file,
            ),
            Obstacle::ByExtension(profile, extension) => in_file(
                format!(
                    "the extension {} of {} has the permission {}",
                    extension.name,
                    profile.title(),
                    extension.permission
                ),
                &extension.file,
            ),
        }
    }

    fn fixes(&self, case: &Case) -> Vec<Fix> {
        let host = &case.target.host;
        let page = |gecko: bool| match gecko {
            true => "about:policies",
            false => "chrome://policy",
        };
        match self {
            Obstacle::Forbidden(policy) | Obstacle::ByProxyOfPolicy(policy) => {
                vec![
                    Fix::read(
                        "see the policies that are in force",
                        format!(
                            "open {} in {}",
                            page(policy.browser == "Firefox"),
                            policy.browser
                        ),
                    ),
                    Fix::read(
                        format!("have the administrator except {host}"),
                        format!("{} in {} is what says it", policy.setting, policy.file),
                    ),
                ]
            }
            Obstacle::ByProxy(profile, _) | Obstacle::ByScript(profile, _) => {
                let text = match profile.gecko {
                    true => format!(
                        "about:preferences, Network Settings: choose \"No proxy\", or add {host} \
                         to \"No proxy for\""
                    ),
                    false => format!(
                        "an extension has set it: chrome://extensions shows which; except {host} \
                         there, or switch it off"
                    ),
                };
                vec![Fix::read("take the proxy out, or except this host", text)]
            }
            Obstacle::ByExtension(profile, _) => {
                let page = match profile.gecko {
                    true => "about:addons",
                    false => "chrome://extensions",
                };
                vec![Fix::read(
                    "see whether it is the cause",
                    format!("open the address in a private window, or switch it off in {page}"),
                )]
            }
        }
    }
}
