//! A server's certificate: what stands in it, and whether this machine trusts it.

use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate, X509Name};
use x509_parser::time::ASN1Time;

use super::trust::{self, Authorities};
use crate::facts::{Certificate, Gap, Known, clean};

/// The mark of a certificate that `dotnet dev-certs` made.
const DOTNET: &str = "1.3.6.1.4.1.311.84.1.1";

/// The organisation that mkcert puts into its root. Its other words name the user.
const MKCERT: &str = "mkcert development CA";

/// So many names of a certificate are kept.
const MOST_NAMES: usize = 12;

/// What the certificates that a server sent, its own first, tell a client of this host.
pub(super) fn read(chain: &[CertificateDer<'_>], host: &str) -> Known<Certificate> {
    let Some((own, others)) = chain.split_first() else {
        return Known::Unseen(Gap::Failed("the server sent no certificate".to_owned()));
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    match read_own(own, now) {
        Ok(mut certificate) => {
            certificate.sent = u32::try_from(chain.len()).unwrap_or(u32::MAX);
            judge(&mut certificate, own, others, host, now);
            Known::Seen(certificate)
        }
        Err(why) => Known::Unseen(Gap::Failed(why)),
    }
}

/// What stands in the certificate itself.
fn read_own(own: &CertificateDer<'_>, now: Duration) -> Result<Certificate, String> {
    let (_, x509) = X509Certificate::from_der(own).map_err(|error| clean(&error.to_string()))?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let validity = x509.validity();
    let from_now = |time: &ASN1Time| time.timestamp().saturating_sub(now);
    let extensions = x509.extensions().iter();
    Ok(Certificate {
        subject: words(x509.subject()),
        issuer: words(x509.issuer()),
        self_signed: x509.subject().as_raw() == x509.issuer().as_raw(),
        names: names(&x509),
        not_before: date(&validity.not_before),
        not_after: date(&validity.not_after),
        begins_in_s: from_now(&validity.not_before),
        ends_in_s: from_now(&validity.not_after),
        dotnet: extensions
            .map(|extension| extension.oid.to_id_string())
            .any(|oid| oid == DOTNET),
        ..Certificate::default()
    })
}

/// Whom a name of a certificate means: the common name and the organisation.
fn words(name: &X509Name<'_>) -> String {
    let common = name
        .iter_common_name()
        .find_map(|part| part.as_str().ok())
        .unwrap_or_default();
    let organisation = name
        .iter_organization()
        .find_map(|part| part.as_str().ok())
        .unwrap_or_default();
    let short = |text: &str| clean(text.chars().take(80).collect::<String>().trim());
    let (common, organisation) = (short(common), short(organisation));
    match (common.as_str(), organisation.as_str()) {
        (_, MKCERT) => organisation,
        ("", "") => "nobody named".to_owned(),
        ("", _) => organisation,
        (_, "") => common,
        _ if common.contains(&organisation) => common,
        _ => format!("{common} ({organisation})"),
    }
}

/// The hosts that a certificate is for. What its subject is called is none of them: no
/// browser looks there any more.
fn names(x509: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = x509.subject_alternative_name() else {
        return Vec::new();
    };
    let names = extension.value.general_names.iter();
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(clean(&name.chars().take(253).collect::<String>())),
            GeneralName::IPAddress(bytes) => Some(address(bytes)?.to_string()),
            _ => None,
        })
        .take(MOST_NAMES)
        .collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::from(four));
    }
    let sixteen = <[u8; 16]>::try_from(bytes).ok()?;
    Some(IpAddr::from(sixteen))
}

/// `2026-11-20 10:00 UTC`
fn date(time: &ASN1Time) -> String {
    let at = time.to_datetime();
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02} UTC",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute()
    )
}

/// Whether it is for this host, and whether it is trusted.
fn judge(
    certificate: &mut Certificate,
    own: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    host: &str,
    now: Duration,
) {
    let store = trust::store();
    certificate.store = clean(&store.name);
    certificate.authorities = u32::try_from(store.roots.len()).unwrap_or(u32::MAX);
    if let Some(root) = trust::mkcert_root() {
        certificate.mkcert_root = Some(clean(&root.path.to_string_lossy()));
        certificate.by_mkcert_root = leads_to(own, others, &root.roots, certificate, now)
            .seen()
            .copied()
            .unwrap_or_default();
    }
    certificate.trusted = match store.gap {
        Some(why) => Known::Unseen(Gap::Failed(clean(&why))),
        None => leads_to(own, others, &store.roots, certificate, now),
    };
    let asked = ServerName::try_from(host.trim_end_matches('.').to_owned());
    certificate.for_host = match (ParsedCertificate::try_from(own), asked) {
        (Ok(parsed), Ok(name)) => Known::Seen(verify_server_name(&parsed, &name).is_ok()),
        // No certificate can be for a host that has no proper name.
        (Ok(_), Err(_)) => Known::Unseen(Gap::Unsupported),
        (Err(error), _) => Known::Unseen(Gap::Failed(clean(&error.to_string()))),
    };
}

/// Whether one of these authorities stands behind the certificate, while it is valid.
fn leads_to(
    own: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    authorities: &Authorities,
    certificate: &Certificate,
    now: Duration,
) -> Known<bool> {
    // Whatever else is wrong with a certificate: this very one may be trusted.
    if authorities.contains(own) {
        return Known::Seen(true);
    }
    if certificate.self_signed {
        return Known::Seen(false);
    }
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(authorities.iter().cloned());
    let parsed = match ParsedCertificate::try_from(own) {
        Ok(parsed) => parsed,
        Err(error) => return Known::Unseen(Gap::Failed(clean(&error.to_string()))),
    };
    let when = UnixTime::since_unix_epoch(while_valid(certificate, now));
    let verified = verify_server_cert_signed_by_trust_anchor(
        &parsed,
        &store,
        others,
        when,
        ring::default_provider()
            .signature_verification_algorithms
            .all,
    );
    match verified {
        Ok(()) => Known::Seen(true),
        Err(Error::InvalidCertificate(
            CertificateError::UnknownIssuer
            | CertificateError::BadSignature
            | CertificateError::Expired
            | CertificateError::ExpiredContext { .. },
        )) => Known::Seen(false),
        // What this code cannot judge, another client may.
        Err(error) => Known::Unseen(Gap::Failed(clean(&error.to_string()))),
    }
}

/// Now, or the nearest time at which the certificate is valid.
fn while_valid(certificate: &Certificate, now: Duration) -> Duration {
    let second = |seconds: i64| Duration::from_secs(seconds.unsigned_abs());
    if certificate.is_over() {
        now.saturating_sub(second(certificate.ends_in_s) + Duration::from_secs(1))
    } else if certificate.is_early() {
        now.saturating_add(second(certificate.begins_in_s) + Duration::from_secs(1))
    } else {
        now
    }
}
