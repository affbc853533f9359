//! # The server does not serve this host name
//!
//! ## What happened
//!
//! The connection is fine and the server answers, but it refuses the name by which
//! it was asked (the `Host` header of the request).
//!
//! ## Why
//!
//! Development servers answer only to names that they are told of, `localhost`
//! first. That keeps web pages of strangers from reading your project through a
//! name that points to your machine (DNS rebinding). A tunnel, a name from the
//! hosts file, or another machine's name must be allowed by hand.
//!
//! ## What to do
//!
//! Add exactly this name to the server's list of allowed hosts. Do not switch the
//! check off: it protects you.

use crate::facts::{Http, Probe};
use crate::findings::{Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, Rule, evidence};

use super::said;

/// DD606.
pub static RULE: Rule = Rule {
    code: "DD606",
    name: "host-not-allowed",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("host_not_allowed.rs"),
};

/// A server that checks the name, by the words of its refusal.
struct Refusal {
    /// Every one of these stands in the page.
    words: &'static [&'static str],
    server: &'static str,
    /// Where the name is allowed; `{host}` is the name.
    allow: &'static str,
}

/// More special pages come first: Angular's and Vite's begin with the same words.
const REFUSALS: &[Refusal] = &[
    Refusal {
        words: &["Blocked request. This host", "angular.json"],
        server: "the Angular development server",
        allow: "add \"{host}\" to `allowedHosts` of the `serve` target in angular.json",
    },
    Refusal {
        words: &["Blocked request. This host", "preview.allowedHosts"],
        server: "vite preview",
        allow: "add \"{host}\" to `preview.allowedHosts` in vite.config",
    },
    Refusal {
        words: &["Blocked request. This host"],
        server: "Vite",
        allow: "add \"{host}\" to `server.allowedHosts` in vite.config",
    },
    Refusal {
        words: &["Invalid Host header"],
        server: "webpack-dev-server",
        allow: "add \"{host}\" to `devServer.allowedHosts` in webpack.config.js",
    },
    Refusal {
        words: &["Invalid HTTP_HOST header"],
        server: "Django",
        allow: "add \"{host}\" to `ALLOWED_HOSTS` in settings.py",
    },
    Refusal {
        words: &["DisallowedHost"],
        server: "Django",
        allow: "add \"{host}\" to `ALLOWED_HOSTS` in settings.py",
    },
    Refusal {
        words: &["Blocked host"],
        server: "Rails",
        allow: "add `config.hosts << \"{host}\"` to config/environments/development.rb",
    },
    Refusal {
        words: &["allowedDevOrigins"],
        server: "Next.js",
        allow: "add \"{host}\" to `allowedDevOrigins` in next.config.js",
    },
    Refusal {
        words: &["Invalid host header"],
        server: "the TrustedHostMiddleware of Starlette or FastAPI",
        allow: "add \"{host}\" to the `allowed_hosts` of TrustedHostMiddleware",
    },
    Refusal {
        words: &["Invalid Hostname"],
        server: "ASP.NET Core",
        allow: "add \"{host}\" to `AllowedHosts` in appsettings.json",
    },
    Refusal {
        words: &["Blocking request with non-local"],
        server: "Jupyter",
        allow: "add \"{host}\" to `c.ServerApp.local_hostnames` in jupyter_server_config.py",
    },
];

fn check(case: &Case) -> Option<Finding> {
    let (probe, greeting) = case.greeting()?;
    let http = greeting.http.as_ref()?;
    let refusal = REFUSALS.iter().find(|refusal| refusal.is(http))?;
    let host = &case.target.host;
    let says = format!(
        "{} answers on port {}, and does not serve the host name {host}",
        refusal.server,
        case.port()
    );
    let mut finding = Finding::new(case.hearing(), says)
        .because(said(probe, greeting))
        .because(Evidence::new(
            format!("its page says `{}`", refusal.words[0]),
            Seen::Probe {
                to: probe.to,
                outcome: probe.outcome.word().to_owned(),
            },
        ));
    if let Some(listener) = case.listener_for(probe.to.ip()) {
        finding = finding.because(evidence::listener(case, listener));
    }
    let allow = place_of_owner(case, probe)
        .map(|place| match place.strip_prefix("DANGEROUSLY") {
            Some(rest) => format!("set DANGEROUSLY{rest} to true: it has no list of names"),
            None => format!("add \"{host}\" to {place}"),
        })
        .unwrap_or_else(|| refusal.allow.replace("{host}", host));
    finding = finding.fix(Fix::read("allow exactly this name", allow));
    // The name that every one of them serves, where the server is on this machine.
    if case.on_this_machine() && !case.target.is_localhost_name() {
        let there = crate::facts::Target {
            host: "localhost".to_owned(),
            ..case.target.clone()
        };
        finding = finding.fix(Fix::read(
            "or use localhost, which it serves",
            there.url(None),
        ));
    }
    Some(finding)
}

/// Where the server that listens here keeps its list of names, if it is a known one.
fn place_of_owner(case: &Case, probe: &Probe) -> Option<&'static str> {
    let owner = case.owner(case.listener_for(probe.to.ip())?)?;
    case.framework(owner)?.allowed_hosts.as_deref()
}

impl Refusal {
    fn is(&self, http: &Http) -> bool {
        // Only an old webpack-dev-server refuses with a 200, and says nothing else then.
        let refuses = matches!(http.status, 400 | 403 | 421)
            || (http.status == 200 && http.body_start == self.words[0]);
        refuses
            && self
                .words
                .iter()
                .all(|words| http.body_start.contains(words))
    }
}
