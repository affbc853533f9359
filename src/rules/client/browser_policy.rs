//! # A setting of the browser stands in the way
//!
//! ## What happened
//!
//! The server answers, and the browser shows `ERR_BLOCKED_BY_ADMINISTRATOR`,
//! `ERR_BLOCKED_BY_CLIENT` or `ERR_PROXY_CONNECTION_FAILED`, or the error page of some
//! proxy, or "Unable to connect". Other browsers, or a private window, show the page.
//!
//! ## Why
//!
//! A policy that the administrator of the machine has set forbids the address or sends
//! it through a proxy, a proxy is set in the browser's own profile (a tool that records
//! traffic may have left it there), or an extension is allowed to block requests. A
//! Firefox that was told to leave IPv6 alone (`network.dns.disableIPv6`) asks names by
//! IPv4 only, and does not find a server that listens on `::1`.
//!
//! ## What to do
//!
//! `chrome://policy`, or `about:policies` in Firefox, shows the policies in force; only
//! the administrator can change them. A proxy is taken out in the browser's settings. A
//! window without extensions shows whether one of them is the cause.

use crate::facts::{
    BrowserExtension, BrowserPolicy, BrowserProfile, BrowserProxy, BrowserSetting, PolicyEffect,
    Scheme,
};
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
    WithoutIpv6(&'a BrowserProfile, &'a BrowserSetting),
}

fn check(case: &Case) -> Option<Finding> {
    // What is not reached without a browser has another cause first.
    let obstacles = match answers_http(case) {
        true => obstacles(case),
        false => without_ipv6(case).collect(),
    };
    let first = obstacles.first()?;
    // That the way to other machines leads through a proxy is how many networks are.
    let here = case.on_this_machine();
    let (confidence, severity) = match first {
        Obstacle::Forbidden(_) => (Confidence::Likely, Severity::Warning),
        Obstacle::ByProxyOfPolicy(_) | Obstacle::ByProxy(..) if here => {
            (Confidence::Likely, Severity::Warning)
        }
        Obstacle::WithoutIpv6(..) => (Confidence::Likely, Severity::Warning),
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
    found.extend(without_ipv6(case));
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

/// The profiles that ask by IPv4 only a name which answers by IPv6 only.
fn without_ipv6<'a>(case: &Case<'a>) -> impl Iterator<Item = Obstacle<'a>> {
    let well = || case.probes().filter(|probe| probe.outcome.well());
    let six_only = well().next().is_some() && well().all(|probe| probe.to.is_ipv6());
    let profiles = profiles(case).iter().filter(move |_| six_only);
    profiles.filter_map(|profile| {
        let setting = profile.ipv4_only.seen()?.first()?;
        Some(Obstacle::WithoutIpv6(profile, setting))
    })
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
            Obstacle::WithoutIpv6(profile, _) => format!(
                "{} asks {} by IPv4 only, and {there} answers by IPv6 only",
                profile.title(),
                case.target.host
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
            Obstacle::WithoutIpv6(profile, setting) => in_file(
                format!(
                    "the setting {} of {} is on",
                    setting.setting,
                    profile.title()
                ),
                &setting.file,
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
            Obstacle::WithoutIpv6(_, setting) => {
                let mend = match setting.managed {
                    true => format!("{} in {} is what says it", setting.setting, setting.file),
                    false => format!("about:config: reset {}", setting.setting),
                };
                let well = case.probes().find(|probe| probe.outcome.well());
                let by_address = well.map(|probe| {
                    let path = case.target.path.as_deref().unwrap_or("");
                    let scheme = match case.target.scheme {
                        Some(Scheme::Https) => "https",
                        _ => "http",
                    };
                    let url = format!("{scheme}://{}{path}", probe.to);
                    Fix::read("open it by its address", url)
                });
                let again = Fix::read("let it ask by IPv6 again", mend);
                [again].into_iter().chain(by_address).collect()
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
