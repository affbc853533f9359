//! What mends a certificate: by who made it, and by what is wrong with it.

use crate::facts::{Certificate, Scheme};
use crate::findings::{Fix, Safety};
use crate::rules::Case;

use super::certificate::Flaw;
use super::with_scheme;

/// An authority that makes certificates for development, by words of its name.
struct Maker {
    issuer: &'static str,
    /// The command that makes this machine trust it.
    trust: &'static [&'static str],
    /// What to do where no command does it.
    read: &'static str,
}

const MAKERS: &[Maker] = &[
    Maker {
        issuer: "Caddy Local Authority",
        trust: &["caddy", "trust"],
        read: "",
    },
    Maker {
        issuer: "Laravel Valet",
        trust: &["valet", "trust"],
        read: "",
    },
    Maker {
        issuer: "Symfony",
        trust: &["symfony", "server:ca:install"],
        read: "",
    },
    Maker {
        issuer: "TRAEFIK DEFAULT CERT",
        trust: &[],
        read: "Traefik has no certificate for this host and answers with one of its own: give \
               it one, under `tls.certificates` of its dynamic configuration",
    },
    Maker {
        issuer: "Kubernetes Ingress Controller Fake Certificate",
        trust: &[],
        read: "the ingress has no certificate for this host and answers with one of its own: \
               name a secret with one under `spec.tls` of the Ingress",
    },
    Maker {
        issuer: "Elasticsearch security auto-configuration HTTP CA",
        trust: &[],
        read: "Elasticsearch made its own authority at its first start: give the client that \
               file, `curl --cacert config/certs/http_ca.crt` in its folder",
    },
];

/// The fixes, the best first.
pub(super) fn fixes(case: &Case, certificate: &Certificate, flaw: Flaw) -> Vec<Fix> {
    match flaw {
        Flaw::EmptyStore => vec![Fix::read(
            "bring the public authorities",
            "install the package `ca-certificates` (apt-get, dnf or apk has it under this name)",
        )],
        _ if !case.on_this_machine() => far(case, certificate, flaw),
        Flaw::Early => vec![check_clock(certificate)],
        Flaw::Over => {
            let mut fixes = renew(case, certificate);
            fixes.push(skip_check(case));
            fixes
        }
        Flaw::OtherName => {
            let mut fixes = ask_by_its_name(case, certificate);
            fixes.extend(renew(case, certificate));
            fixes
        }
        Flaw::Untrusted => trust(case, certificate),
    }
}

/// A server on another machine: the certificate is somebody else's to mend.
fn far(case: &Case, certificate: &Certificate, flaw: Flaw) -> Vec<Fix> {
    let host = &case.target.host;
    match flaw {
        Flaw::Over => vec![
            Fix::read(
                "have it renewed",
                format!(
                    "whoever runs {host} must renew it; if that is you, on that machine and for \
                     Let's Encrypt: `sudo certbot renew`"
                ),
            ),
            check_clock(certificate),
        ],
        Flaw::Early => vec![check_clock(certificate)],
        Flaw::OtherName => {
            let mut fixes = ask_by_its_name(case, certificate);
            fixes.push(Fix::read(
                "have the name added",
                format!("whoever runs {host} must get a certificate with {host} in its names"),
            ));
            fixes
        }
        Flaw::Untrusted | Flaw::EmptyStore => {
            let mut fixes = Vec::new();
            if certificate.sent == 1 && !certificate.self_signed {
                fixes.push(Fix::read(
                    "if a public authority signed it, have the whole chain sent",
                    format!(
                        "{host} sends its own certificate alone; its server must send those \
                         between it and the authority too (`fullchain.pem`, not `cert.pem`)"
                    ),
                ));
            }
            fixes.push(show_chain(case));
            fixes.push(Fix::read(
                "if your company signed it, trust its authority",
                format!(
                    "a company's proxy signs what it has looked into with an authority of its \
                     own ({}): get that file from its IT, then `curl --cacert FILE`, \
                     `NODE_EXTRA_CA_CERTS=FILE`, or add it to the system's trust store",
                    certificate.issuer
                ),
            ));
            fixes
        }
    }
}

/// Makes this machine trust it.
fn trust(case: &Case, certificate: &Certificate) -> Vec<Fix> {
    if certificate.dotnet {
        return vec![
            Fix::safe(
                "trust the development certificate of .NET",
                ["dotnet", "dev-certs", "https", "--trust"],
            ),
            skip_check(case),
        ];
    }
    if let Some(root) = &certificate.mkcert_root
        && certificate.by_mkcert_root
    {
        return vec![
            install_mkcert(certificate),
            Fix::safe(
                "or give curl the authority",
                ["curl", "--cacert", root, &url(case)],
            ),
            Fix::safe(
                "Node has a trust store of its own, and must be told in any case",
                ["export", &format!("NODE_EXTRA_CA_CERTS={root}")],
            ),
        ];
    }
    if certificate.issuer.contains("mkcert") {
        return vec![
            Fix::read(
                "bring the authority that signed it here",
                "another user's mkcert, or another machine's, signed it: `mkcert -CAROOT` says \
                 there where its rootCA.pem is; copy that file here, then run \
                 `CAROOT=FOLDER mkcert -install` with the folder it is in",
            ),
            skip_check(case),
        ];
    }
    let maker = MAKERS
        .iter()
        .find(|maker| certificate.issuer.contains(maker.issuer));
    let mut fixes = match maker {
        Some(maker) if maker.trust.is_empty() => vec![Fix::read("by who made it", maker.read)],
        Some(maker) => vec![Fix::safe("trust who made it", maker.trust.iter().copied())],
        None if certificate.self_signed => renew(case, certificate),
        None => vec![
            Fix::read(
                "give the client the authority's file",
                format!(
                    "get the certificate of {}, then `curl --cacert FILE`, \
                     `NODE_EXTRA_CA_CERTS=FILE`, or add it to the system's trust store",
                    certificate.issuer
                ),
            ),
            show_chain(case),
        ],
    };
    fixes.push(skip_check(case));
    fixes
}

/// A new certificate for a server of this machine.
fn renew(case: &Case, certificate: &Certificate) -> Vec<Fix> {
    if certificate.dotnet {
        return vec![
            Fix::run(
                "throw the old development certificate of .NET away",
                Safety::Disruptive,
                ["dotnet", "dev-certs", "https", "--clean"],
            ),
            Fix::safe(
                "then make and trust a new one",
                ["dotnet", "dev-certs", "https", "--trust"],
            ),
        ];
    }
    let mut fixes = Vec::new();
    if !certificate.by_mkcert_root {
        fixes.push(install_mkcert(certificate));
    }
    let mut words = vec!["mkcert".to_owned()];
    words.extend(hosts(case, certificate));
    fixes.push(Fix::safe("make a certificate for these names", words));
    fixes.push(Fix::read(
        "then use it",
        "give the server the two files that mkcert wrote (`…-key.pem` is the key), and start it \
         again",
    ));
    fixes
}

/// Every name that a new certificate should be for: the one asked, those of the machine
/// itself, and those of the old one.
fn hosts(case: &Case, certificate: &Certificate) -> Vec<String> {
    let mut hosts = vec![case.target.host.clone()];
    let loopback = case.addresses().iter().any(|ip| ip.is_loopback());
    let own = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let own = own.into_iter().filter(|_| loopback);
    for name in own.chain(certificate.names.iter().cloned()) {
        if is_host(&name) && !hosts.contains(&name) {
            hosts.push(name);
        }
    }
    hosts
}

/// Whether a name that a server told may stand on a command line: a flag is none.
fn is_host(name: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '*' | '-' | '_');
    !name.starts_with('-') && !name.is_empty() && name.chars().all(part)
}

fn install_mkcert(certificate: &Certificate) -> Fix {
    let title = match certificate.mkcert_root {
        Some(_) => "have this machine trust your own mkcert",
        None => "have an authority of your own (mkcert), and this machine trust it",
    };
    Fix::safe(title, ["mkcert", "-install"])
}

/// Under another name the same server may be well.
fn ask_by_its_name(case: &Case, certificate: &Certificate) -> Vec<Fix> {
    let plain = |name: &&String| is_host(name) && !name.contains('*');
    let mut names = certificate.names.iter().filter(plain);
    let name = if case.on_this_machine() {
        names.find(|name| *name == "localhost" || *name == "127.0.0.1")
    } else {
        names.find(|name| name.ends_with(&case.target.host) || case.target.host.ends_with(*name))
    };
    let Some(name) = name else {
        return Vec::new();
    };
    let there = crate::facts::Target {
        host: name.clone(),
        ..case.target.clone()
    };
    let url = with_scheme(&there, case.target.scheme.unwrap_or(Scheme::Https));
    vec![Fix::read("ask by a name that it is for", url)]
}

fn check_clock(certificate: &Certificate) -> Fix {
    Fix::read(
        "check the clock of this machine",
        format!(
            "run `date -u`: it must stand between {} and {}",
            certificate.not_before, certificate.not_after
        ),
    )
}

fn show_chain(case: &Case) -> Fix {
    let authority = case.target.authority();
    let mut words = vec!["openssl", "s_client", "-showcerts", "-connect", &authority];
    if case.target.ip().is_none() {
        words.extend(["-servername", &case.target.host]);
    }
    Fix::safe("look at what the server sends", words)
}

fn skip_check(case: &Case) -> Fix {
    Fix::safe(
        "to look all the same, once",
        ["curl", "--insecure", &url(case)],
    )
}

/// The page, for curl.
fn url(case: &Case) -> String {
    with_scheme(case.target, Scheme::Https)
}
