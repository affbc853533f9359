//! Whom this machine trusts: the system's store of authorities, and the root of mkcert.

use std::env;
use std::fs;
use std::path::PathBuf;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Certificates of authorities.
pub(super) type Authorities = Vec<CertificateDer<'static>>;

/// A store of trusted authorities.
pub(super) struct Store {
    /// Where it is, as a person would say it.
    pub name: String,
    pub roots: Authorities,
    /// Why it could not be read.
    pub gap: Option<String>,
}

/// The root certificate of this user's mkcert.
pub(super) struct MkcertRoot {
    pub path: PathBuf,
    pub roots: Authorities,
}

/// The store that programs of this machine ask: the system's, or the one that a variable
/// names instead. It is read anew each time: `mkcert -install` changes it.
pub(super) fn store() -> Store {
    let variable = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .into_iter()
        .find_map(|name| Some((name, env::var_os(name)?)));
    let name = match variable {
        Some((name, value)) => format!("{name}={}", value.to_string_lossy()),
        None => "the system's trust store".to_owned(),
    };
    let found = rustls_native_certs::load_native_certs();
    let gap = match (found.certs.is_empty(), found.errors.first()) {
        (true, Some(error)) => Some(error.to_string()),
        _ => None,
    };
    Store {
        name,
        roots: found.certs,
        gap,
    }
}

/// The root of mkcert, if this user has one.
pub(super) fn mkcert_root() -> Option<MkcertRoot> {
    let path = folders().into_iter().find_map(|folder| {
        let path = folder.join("rootCA.pem");
        path.is_file().then_some(path)
    })?;
    let text = fs::read(&path).ok()?;
    let root = CertificateDer::from_pem_slice(&text).ok()?;
    Some(MkcertRoot {
        path,
        roots: vec![root],
    })
}

/// Where mkcert keeps its root, by its own manual: on every system in a place of its own.
fn folders() -> Vec<PathBuf> {
    let variable = |name: &str| {
        let value = env::var_os(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    if let Some(folder) = variable("CAROOT") {
        return vec![folder];
    }
    let home = variable("HOME");
    let below = |root: Option<PathBuf>, path: &str| root.map(|root| root.join(path));
    [
        below(variable("XDG_DATA_HOME"), "mkcert"),
        below(home.clone(), ".local/share/mkcert"),
        below(home, "Library/Application Support/mkcert"),
        below(variable("LOCALAPPDATA"), "mkcert"),
    ]
    .into_iter()
    .flatten()
    .collect()
}
