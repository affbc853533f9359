//! Public names of servers of this machine: the services that give them, and the agents
//! that bring their requests here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Http, Known, ProcId};

/// A service that gives a server of a developer's machine a public name.
#[derive(Debug, PartialEq, Eq)]
pub struct TunnelService {
    /// The key of its agent's row in the catalogue.
    pub agent: &'static str,
    /// Its name.
    pub title: &'static str,
    /// The domains below which it gives names.
    pub domains: &'static [&'static str],
    /// How its agent is started for a port, which stands at the end.
    pub start: &'static [&'static str],
}

/// The services that are known.
pub const TUNNEL_SERVICES: &[TunnelService] = &[
    TunnelService {
        agent: "ngrok",
        title: "ngrok",
        domains: &[
            "ngrok-free.app",
            "ngrok-free.dev",
            "ngrok.app",
            "ngrok.dev",
            "ngrok.io",
            "ngrok.pizza",
        ],
        start: &["ngrok", "http"],
    },
    TunnelService {
        agent: "cloudflared",
        title: "Cloudflare Tunnel",
        domains: &["trycloudflare.com"],
        start: &["cloudflared", "tunnel", "--url"],
    },
    TunnelService {
        agent: "localtunnel",
        title: "localtunnel",
        domains: &["loca.lt", "localtunnel.me"],
        start: &["npx", "localtunnel", "--port"],
    },
    TunnelService {
        agent: "devtunnel",
        title: "dev tunnels",
        domains: &["devtunnels.ms"],
        start: &["devtunnel", "host", "-p"],
    },
    TunnelService {
        agent: "tailscale-funnel",
        title: "Tailscale Funnel",
        domains: &["ts.net"],
        start: &["tailscale", "funnel"],
    },
];

/// What the public end of a tunnel says has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TunnelFault {
    /// The agent is there, and its local server does not take requests.
    Server,
    /// No agent is connected.
    Agent,
}

impl TunnelService {
    /// The service that has given this name.
    #[must_use]
    pub fn of_name(host: &str) -> Option<&'static Self> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let below = |domain: &&&str| {
            let label = host.strip_suffix(**domain);
            label.is_some_and(|label| label.len() > 1 && label.ends_with('.'))
        };
        let mut all = TUNNEL_SERVICES.iter();
        all.find(|service| service.domains.iter().any(|domain| below(&domain)))
    }

    /// The service whose public end says, in its own words, that something behind it has
    /// failed; what, and those words.
    ///
    /// These are the codes and pages that the services document.
    #[must_use]
    pub fn of_answer(http: &Http) -> Option<(&'static Self, TunnelFault, String)> {
        let service = |key: &str| TUNNEL_SERVICES.iter().find(|one| one.agent == key);
        let body = http.body_start.as_str();
        let ngrok = http.tunnel_error.as_deref().or_else(|| {
            let at = body.find("ERR_NGROK_")?;
            let rest = body.get(at..)?;
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            rest.get(..end.unwrap_or(rest.len()))
        });
        if let Some(code) = ngrok {
            let fault = match code.strip_prefix("ERR_NGROK_")? {
                // The connection to the local server failed, or ended before its answer.
                "8012" | "3004" => TunnelFault::Server,
                "3200" | "6022" | "3208" => TunnelFault::Agent,
                _ => return None,
            };
            return Some((service("ngrok")?, fault, code.to_owned()));
        }
        let server = http.server.as_deref().unwrap_or_default();
        let cloudflare = service("cloudflared")?;
        if server.eq_ignore_ascii_case("cloudflare") && http.status == 530 {
            let code = "error code: 1033";
            let said = body.contains(code) || body.contains("Error 1033");
            return said.then(|| (cloudflare, TunnelFault::Agent, "error 1033".to_owned()));
        }
        let own = "Unable to reach the origin service";
        if http.status == 502 && body.contains(own) {
            return Some((cloudflare, TunnelFault::Server, own.to_owned()));
        }
        if http.status == 503 && body.contains("Tunnel Unavailable") {
            let said = "Tunnel Unavailable".to_owned();
            return Some((service("localtunnel")?, TunnelFault::Agent, said));
        }
        None
    }
}

/// The agent of such a service, which runs on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TunnelAgent {
    /// Its process.
    pub by: Option<ProcId>,
    /// The key of its row in the catalogue.
    pub kind: String,
    /// The public names that it brings requests of, as it says itself when it is asked.
    pub names: Known<Vec<PublicName>>,
}

/// A public name, and where its requests are brought.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PublicName {
    /// The name, without a scheme.
    pub name: String,
    /// The local server, as the agent has it: `http://localhost:3000`; empty where it does
    /// not say.
    pub to: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_name_tells_its_service() {
        let of = |host: &str| TunnelService::of_name(host).map(|service| service.agent);
        assert_eq!(of("abc.ngrok-free.app"), Some("ngrok"));
        assert_eq!(of("ABC.eu.ngrok.io."), Some("ngrok"));
        assert_eq!(of("a-b-c.trycloudflare.com"), Some("cloudflared"));
        assert_eq!(of("x-3000.euw.devtunnels.ms"), Some("devtunnel"));
        assert_eq!(of("box.tail1234.ts.net"), Some("tailscale-funnel"));
        for other in ["ngrok.io", "xngrok.io", ".ngrok.io", "example.org", ""] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn the_public_end_says_what_has_failed() {
        let of = |status, server: &str, code: Option<&str>, body: &str| {
            let http = Http {
                status,
                server: Some(server.to_owned()),
                tunnel_error: code.map(str::to_owned),
                body_start: body.to_owned(),
                ..Http::default()
            };
            TunnelService::of_answer(&http).map(|(service, fault, _)| (service.agent, fault))
        };
        let (server, agent) = (TunnelFault::Server, TunnelFault::Agent);
        assert_eq!(
            of(502, "", Some("ERR_NGROK_8012"), ""),
            Some(("ngrok", server))
        );
        assert_eq!(
            of(404, "", None, "<p>(ERR_NGROK_3200)"),
            Some(("ngrok", agent))
        );
        // A page that warns, and what is unknown.
        assert_eq!(of(200, "", Some("ERR_NGROK_6024"), ""), None);
        assert_eq!(of(502, "", None, "ERR_NGROK_"), None);
        assert_eq!(
            of(530, "cloudflare", None, "error code: 1033"),
            Some(("cloudflared", agent))
        );
        assert_eq!(of(530, "cloudflare", None, "error code: 1016"), None);
        let words = "Unable to reach the origin service. The service may be down";
        assert_eq!(
            of(502, "cloudflare", None, words),
            Some(("cloudflared", server))
        );
        assert_eq!(of(502, "nginx", None, "Bad Gateway"), None);
        let gone = "503 - Tunnel Unavailable";
        assert_eq!(of(503, "nginx", None, gone), Some(("localtunnel", agent)));
    }
}
