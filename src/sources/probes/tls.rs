//! The TLS greeting: does the port speak TLS, and what does it say inside?

use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

use super::greet::{Heard, answered, read_first, read_rest, request, said_error};
use super::{Ask, Patience, Said};
use crate::facts::{Greeting, Known, Outcome, Protocol, Tls};

/// No honest chain is longer.
const MOST_CERTIFICATES: usize = 12;

/// Shakes hands over TLS and, where the target is a web page, asks for it.
pub(super) fn exchange(stream: TcpStream, ask: &Ask, patience: &Patience) -> Said {
    let Ok(to) = stream.peer_addr() else {
        return Said::nothing(Outcome::Reset);
    };
    let Some(session) = session(&ask.host) else {
        return Said::nothing(Outcome::Failed);
    };
    let mut tls = StreamOwned::new(session, Ear::new(stream));
    match shake_hands(&mut tls, patience) {
        Ok(true) => {}
        Ok(false) => return Said::nothing(Outcome::Silent),
        Err(error) => return told_by_first_bytes(&tls.sock.heard, &error),
    }
    let chain = tls.conn.peer_certificates().map(own_copies);
    let chain = chain.unwrap_or_default();
    let greeting = |said: Option<Said>| {
        let inner = said.and_then(|said| said.greeting.seen().cloned());
        Said {
            outcome: Outcome::Answered,
            errno: None,
            greeting: Known::Seen(Greeting {
                asked: Protocol::Tls,
                spoken: Some(Protocol::Tls),
                text: inner
                    .as_ref()
                    .map_or(String::new(), |inner| inner.text.clone()),
                http: inner.and_then(|inner| inner.http),
                tls: Some(Tls::default()),
            }),
            chain: chain.clone(),
        }
    };
    if !ask.web || tls.write_all(&request(ask, to)).is_err() {
        return greeting(None);
    }
    match read_first(&mut tls, patience, None) {
        Heard::Bytes(bytes) => {
            let bytes = read_rest(&mut tls, bytes);
            greeting(Some(answered(Protocol::Http, &bytes)))
        }
        Heard::Silence => Said::nothing(Outcome::Silent),
        Heard::End => Said::nothing(Outcome::Closed),
        // A server that wants a client certificate says so only now: it does speak TLS.
        Heard::Error(_) => greeting(None),
    }
}

fn own_copies(chain: &[CertificateDer<'_>]) -> Vec<CertificateDer<'static>> {
    let own = chain.iter().map(|one| one.clone().into_owned());
    own.take(MOST_CERTIFICATES).collect()
}

/// Does the handshake. Returns whether it came to an end before patience was lost.
fn shake_hands(
    tls: &mut StreamOwned<ClientConnection, Ear>,
    patience: &Patience,
) -> io::Result<bool> {
    let began = Instant::now();
    while tls.conn.is_handshaking() {
        match tls.conn.complete_io(&mut tls.sock) {
            Ok(_) => {}
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                ) =>
            {
                if patience.lost() || began.elapsed().as_secs() > 60 {
                    return Ok(false);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// The handshake failed: the bytes that came tell who is there.
fn told_by_first_bytes(heard: &[u8], error: &io::Error) -> Said {
    if !heard.is_empty() {
        return answered(Protocol::Tls, heard);
    }
    said_error(error)
}

fn session(host: &str) -> Option<ClientConnection> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(AnyCertificate {
        provider: Arc::clone(&provider),
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned())
        .or_else(|_| ServerName::try_from("localhost"))
        .ok()?;
    ClientConnection::new(Arc::new(config), name).ok()
}

/// A socket that keeps the first bytes it hears.
struct Ear {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Ear {
    fn new(stream: TcpStream) -> Self {
        Ear {
            stream,
            heard: Vec::new(),
        }
    }
}

impl Read for Ear {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        let room = 4096usize.saturating_sub(self.heard.len());
        self.heard.extend_from_slice(&buffer[..read.min(room)]);
        Ok(read)
    }
}

impl Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Takes any certificate: whether it is a good one is not what this probe asks, and
/// nothing but a request for a page is ever sent.
#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
