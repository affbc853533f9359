//! The TLS greeting: does the port speak TLS, and what does it say inside?

use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme,
    StreamOwned,
};

use super::greet::{Heard, answered, read_first, read_rest, request, said_error};
use super::{Ask, Patience, Said, connect};
use crate::facts::{Greeting, Known, Outcome, Protocol, Tls};

/// No honest chain is longer.
const MOST_CERTIFICATES: usize = 12;

/// What a client of a page offers to speak over TLS. We speak the older one; a browser
/// speaks both.
const HTTP1: &[&[u8]] = &[b"http/1.1"];
const HTTP2: &[&[u8]] = &[b"h2"];

/// What older versions of Node answer to a client that does not offer HTTP/2.
const WANTS_HTTP2: &str = "ALPN Protocol, expected `h2`";

/// Shakes hands over TLS and, where the target is a web page, asks for it.
pub(super) fn exchange(stream: TcpStream, ask: &Ask, patience: &Patience) -> Said {
    let Ok(to) = stream.peer_addr() else {
        return Said::nothing(Outcome::Reset);
    };
    if !ask.web {
        return converse(stream, to, ask, &[], patience);
    }
    let said = converse(stream, to, ask, HTTP1, patience);
    if wants_http2(&said)
        && let Ok(stream) = connect(to, ask.connect_budget(to))
    {
        return converse(stream, to, ask, HTTP2, patience);
    }
    said
}

fn wants_http2(said: &Said) -> bool {
    let Some(greeting) = said.greeting.seen() else {
        return false;
    };
    let refused = alert_words(AlertDescription::NoApplicationProtocol);
    let alert = greeting.tls.as_ref().and_then(|tls| tls.alert.as_ref());
    let page = greeting.http.as_ref().map(|http| http.body_start.as_str());
    alert == Some(&refused) || page.is_some_and(|page| page.contains(WANTS_HTTP2))
}

fn converse(
    stream: TcpStream,
    to: SocketAddr,
    ask: &Ask,
    offer: &[&[u8]],
    patience: &Patience,
) -> Said {
    let Some(session) = session(&ask.host, offer) else {
        return Said::nothing(Outcome::Failed);
    };
    let mut tls = StreamOwned::new(session, Ear::new(stream));
    match shake_hands(&mut tls, patience) {
        Ok(true) => {}
        Ok(false) => return Said::nothing(Outcome::Silent),
        Err(error) => return told_by_first_bytes(&tls.sock.heard, &error),
    }
    let chain = tls.conn.peer_certificates().map(own_copies);
    let said = Said {
        chain: chain.unwrap_or_default(),
        ..spoke_tls(Tls {
            only_http2: offer == HTTP2,
            ..Tls::default()
        })
    };
    if !ask.web || offer == HTTP2 || tls.write_all(&request(ask, to)).is_err() {
        return said;
    }
    match read_first(&mut tls, patience, None) {
        Heard::Bytes(bytes) => {
            let bytes = read_rest(&mut tls, bytes);
            with_answer(said, &answered(Protocol::Http, &bytes))
        }
        Heard::Silence => Said::nothing(Outcome::Silent),
        Heard::End => Said::nothing(Outcome::Closed),
        // A server that wants a certificate of the client says so only now.
        Heard::Error(error) => Said {
            chain: said.chain,
            ..spoke_tls(Tls {
                alert: alert(&error),
                ..Tls::default()
            })
        },
    }
}

/// The other end speaks TLS, and this is what came of it.
fn spoke_tls(tls: Tls) -> Said {
    Said {
        greeting: Known::Seen(Greeting {
            asked: Protocol::Tls,
            spoken: Some(Protocol::Tls),
            text: String::new(),
            http: None,
            refusal: None,
            sends_to: Vec::new(),
            tls: Some(tls),
        }),
        ..Said::nothing(Outcome::Answered)
    }
}

/// The same, with what was said inside.
fn with_answer(mut said: Said, inner: &Said) -> Said {
    if let (Known::Seen(outer), Known::Seen(inner)) = (&mut said.greeting, &inner.greeting) {
        outer.text.clone_from(&inner.text);
        outer.http.clone_from(&inner.http);
    }
    said
}

/// The words with which the other end refused, if it did so by TLS's own rules.
fn alert(error: &io::Error) -> Option<String> {
    let inner = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    match inner {
        rustls::Error::AlertReceived(alert) => Some(alert_words(*alert)),
        _ => None,
    }
}

/// `HandshakeFailure` as it is said: `handshake failure`.
fn alert_words(alert: AlertDescription) -> String {
    let mut words = String::new();
    for letter in format!("{alert:?}").chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
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
    match heard {
        [] => said_error(error),
        [0x15 | 0x16, 0x03, ..] => spoke_tls(Tls {
            alert: alert(error),
            ..Tls::default()
        }),
        _ => answered(Protocol::Tls, heard),
    }
}

fn session(host: &str, offer: &[&[u8]]) -> Option<ClientConnection> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(AnyCertificate {
        provider: Arc::clone(&provider),
    });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = offer.iter().map(|name| name.to_vec()).collect();
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
