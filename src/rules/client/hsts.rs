//! # The browser opens this host over https only
//!
//! ## What happened
//!
//! The server answers over http. The browser never asks it that way: it turns
//! `http://` into `https://` before it connects, and shows
//! `ERR_SSL_PROTOCOL_ERROR` (Firefox: `SSL_ERROR_RX_RECORD_TOO_LONG`, or "Secure Site
//! Not Available"), because no TLS is spoken on that port. curl, and a browser that was
//! never there, get the page.
//!
//! ## Why
//!
//! Some server on this host, on whatever port, once sent the header
//! `Strict-Transport-Security`; a browser remembers that for every port of the
//! host, and for the names below it if the header says so. Or the name ends in a
//! top-level domain that browsers have on a list of their own (.dev, .app, .foo
//! and others), where there is no way around https. Or the browser is set to open
//! every site so: "HTTPS-Only Mode" in Firefox, "Always use secure connections" in
//! Chrome, which spare `localhost` and the names below it, and in Firefox the
//! addresses of private networks.
//!
//! ## What to do
//!
//! Open the server by its address, for which HSTS never holds, or have the
//! browser forget the host; and send the header in production only. A name below
//! .dev or .app needs TLS on the server, or another name: those below .localhost
//! and .test are made for this. Of a setting the host can be excepted, on the page
//! that the browser shows or by the administrator.

use crate::facts::{
    BrowserProfile, BrowserSetting, HstsEntry, Protocol, Scheme, human_age, preloaded_tld,
};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, Rule, evidence};

use super::browser::{in_file, profiles};

/// DD902.
pub static RULE: Rule = Rule {
    code: "DD902",
    name: "hsts",
    severity: Severity::Warning,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("hsts.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let host = case.target.host.trim_end_matches('.');
    let port = case.port();
    if case.target.scheme.is_some_and(|scheme| !scheme.is_web()) || !https_fails(case) {
        return None;
    }
    let (probe, _) = case.greeting()?;
    let listed = preloaded_tld(host);
    let mut kept: Vec<(&BrowserProfile, &HstsEntry)> = profiles(case)
        .iter()
        .filter_map(|profile| Some((profile, profile.hsts.seen()?.first()?)))
        .collect();
    // What holds in all windows and tabs comes first.
    kept.sort_by_key(|(_, entry)| entry.container.is_some());
    let mut set: Vec<(&BrowserProfile, &BrowserSetting)> = profiles(case)
        .iter()
        .filter_map(|profile| Some((profile, profile.https_only.seen()?.first()?)))
        .collect();
    set.sort_by_key(|(_, setting)| setting.private);
    let plain = format!("port {port} speaks HTTP without TLS");
    let finding = match (listed, kept.first(), set.first()) {
        (Some(tld), ..) => Finding::new(
            case.hearing(),
            format!("browsers open every name below .{tld} over https only, and {plain}"),
        )
        .because(Evidence::new(
            format!(".{tld} is on the browsers' own list of domains that are https only"),
            Seen::Kernel {
                what: "list of Chromium, HSTS preload".to_owned(),
            },
        )),
        (None, Some((profile, entry)), _) => Finding::new(
            sure(entry.container.is_none()),
            format!(
                "{} opens {host} over https only, and {plain}",
                profile.title_in(entry.container.as_deref())
            ),
        ),
        (None, None, Some((profile, setting))) => Finding::new(
            sure(!setting.private),
            format!(
                "{} is set to open every site{} over https only, and {plain}",
                profile.title(),
                in_private(setting)
            ),
        ),
        (None, None, None) => return None,
    };
    let finding = finding
        .because_all(
            kept.iter()
                .map(|(profile, entry)| remembers(profile, entry, host)),
        )
        .because_all(
            set.iter()
                .map(|(profile, setting)| is_set(profile, setting)),
        )
        .because(evidence::probe(probe));
    Some(match listed {
        None if kept.is_empty() => finding
            .fix_all(
                set.first()
                    .map(|(profile, setting)| except(case, profile, setting)),
            )
            .fix_all(under_another_name(case)),
        Some(_) => finding.fix(another_name(case, host)).fix(Fix::read(
            "or have the server speak TLS",
            format!("`mkcert {host}` makes a certificate that the browsers here trust"),
        )),
        None => finding
            .fix_all(by_address(case))
            .fix_all(kept.first().map(|(profile, entry)| forget(profile, entry)))
            .fix(Fix::read(
                "and keep it from coming back",
                "send the header Strict-Transport-Security in production only: the browser \
                 takes it from any port of the host",
            )),
    })
}

/// Whether the port that a browser asks over https will not answer that way.
fn https_fails(case: &Case) -> bool {
    let Some((_, greeting)) = case.greeting() else {
        return false;
    };
    let http = greeting.http.as_ref();
    let moves = http.and_then(|http| http.location.as_deref());
    if greeting.spoken != Some(Protocol::Http) || moves.is_some_and(|to| to.starts_with("https:")) {
        return false;
    }
    // Only the port that nobody names turns into another one, which nobody has asked.
    let implied = case.port() == 80 && case.target.scheme != Some(Scheme::Https);
    if !implied {
        return true;
    }
    let nobody = case.facts.listeners.seen().is_some_and(|list| {
        let mut ports = list.iter().map(|listener| listener.at.port());
        ports.all(|port| port != 443)
    });
    nobody && case.on_this_machine()
}

/// What holds in some windows or tabs only may not be what the user has open.
fn sure(everywhere: bool) -> Confidence {
    match everywhere {
        true => Confidence::Likely,
        false => Confidence::Possible,
    }
}

fn in_private(setting: &BrowserSetting) -> &'static str {
    match setting.private {
        true => " in private windows",
        false => "",
    }
}

fn is_set(profile: &BrowserProfile, setting: &BrowserSetting) -> Evidence {
    let by = match setting.managed {
        true => "the policy",
        false => "the setting",
    };
    let says = format!("{by} {} of {} is on", setting.setting, profile.title());
    in_file(says, &setting.file)
}

/// How the host is excepted from such a setting.
fn except(case: &Case, profile: &BrowserProfile, setting: &BrowserSetting) -> Fix {
    let host = &case.target.host;
    let origin = format!("http://{}", case.target.authority());
    if setting.managed {
        let exception = match profile.gecko {
            true => origin,
            false => host.clone(),
        };
        return Fix::read(
            format!("have the administrator except {host}"),
            format!("{exception} in the policy HttpAllowlist"),
        );
    }
    let text = match profile.gecko {
        true => format!(
            "choose \"Continue to HTTP Site\" on the page it shows; or about:preferences#privacy, \
             HTTPS-Only Mode, Manage Exceptions: add {origin} and choose \"Turn Off\""
        ),
        false => "choose \"Continue to site\" on the page it shows; or switch off \"Always use \
                  secure connections\" in chrome://settings/security"
            .to_owned(),
    };
    Fix::read(format!("except {host}"), text)
}

/// The same server of this machine under a name that such a setting spares.
fn under_another_name(case: &Case) -> Option<Fix> {
    let mut well = case.probes().filter(|probe| probe.outcome.well());
    well.find(|probe| probe.to.ip().is_loopback())?;
    let first = case.target.host.split('.').next()?;
    let path = case.target.path.as_deref().unwrap_or("");
    Some(Fix::read(
        "or use a name that is spared",
        format!("http://{first}.localhost:{}{path}", case.port()),
    ))
}

fn remembers(profile: &BrowserProfile, entry: &HstsEntry, host: &str) -> Evidence {
    let below = match entry.host == host {
        true => "",
        false => " and every name below it",
    };
    in_file(
        format!(
            "{} has {}{below} down as https only, for {} more",
            profile.title_in(entry.container.as_deref()),
            entry.host,
            human_age(entry.left_s)
        ),
        &entry.file,
    )
}

/// The same server by its address: the browsers' memory is one of names.
fn by_address(case: &Case) -> Option<Fix> {
    let probe = case.probes().find(|probe| probe.outcome.well())?;
    let path = case.target.path.as_deref().unwrap_or("");
    Some(Fix::read(
        "open it by its address: HSTS holds for names only",
        format!("http://{}{path}", probe.to),
    ))
}

/// A name for which browsers know no such rule.
fn another_name(case: &Case, host: &str) -> Fix {
    let first = host.split('.').next().unwrap_or(host);
    let path = case.target.path.as_deref().unwrap_or("");
    Fix::read(
        "use a name that is made for this",
        format!(
            "http://{first}.localhost:{}{path} needs no entry in the hosts file in browsers; a \
             name below .test needs one",
            case.port()
        ),
    )
}

/// How this browser is made to forget.
fn forget(profile: &BrowserProfile, entry: &HstsEntry) -> Fix {
    let text = match profile.gecko {
        true => format!(
            "in Firefox's history, right-click a page of {} and choose \"Forget About This \
             Site\": its cookies and history go, too",
            entry.host
        ),
        false => format!(
            "open chrome://net-internals/#hsts, and give {} to \"Delete domain security policies\"",
            entry.host
        ),
    };
    Fix::read(format!("have {} forget it", profile.browser), text)
}
