//! Which protocol a server speaks, by its first bytes.

use crate::facts::{Http, Protocol, clean};

/// The protocol of these first bytes, if there are any.
pub(super) fn protocol(bytes: &[u8]) -> Option<Protocol> {
    let starts = |prefix: &[u8]| bytes.starts_with(prefix);
    Some(match bytes {
        [] => return None,
        _ if starts(b"HTTP/1.") || starts(b"HTTP/2") => match http(bytes) {
            Some(http) if http.body_start.contains("access MongoDB over HTTP") => Protocol::Mongodb,
            _ => Protocol::Http,
        },
        // A server that could not make out the version of a request (a TLS hello, say)
        // answers as HTTP/0.9 did: with the page alone.
        _ if bytes.get(..5).is_some_and(|tag| {
            tag.eq_ignore_ascii_case(b"<!doc") || tag.eq_ignore_ascii_case(b"<html")
        }) =>
        {
            Protocol::Http
        }
        // A TLS record: a handshake or an alert.
        [0x15 | 0x16, 0x03, ..] => Protocol::Tls,
        // An HTTP/2 SETTINGS frame on stream 0.
        [_, _, _, 0x04, 0x00, 0, 0, 0, 0, ..] => Protocol::H2c,
        _ if starts(b"SSH-") => Protocol::Ssh,
        _ if starts(b"AMQP") => Protocol::Amqp,
        _ if starts(b"220") => match text(bytes).to_ascii_uppercase() {
            banner if banner.contains("FTP") => Protocol::Ftp,
            _ => Protocol::Smtp,
        },
        _ if REDIS.iter().any(|word| starts(word)) => Protocol::Redis,
        // A MySQL packet: length, sequence 0, then protocol 10 or an error.
        [_, _, 0, 0, 0x0a | 0xff, ..] => Protocol::Mysql,
        // A PostgreSQL error response.
        [b'E', 0, 0, _, ..] => Protocol::Postgres,
        _ => Protocol::Other,
    })
}

/// What Redis answers to PING, or to anything else.
const REDIS: &[&[u8]] = &[
    b"+PONG",
    b"-NOAUTH",
    b"-DENIED",
    b"-ERR",
    b"-LOADING",
    b"-MASTERDOWN",
    b"-MISCONF",
];

/// The first line of what was said, fit to be shown.
pub(super) fn text(bytes: &[u8]) -> String {
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(&line[..line.len().min(160)]);
    clean(line.trim())
}

/// The head of an HTTP response, if these bytes begin with a whole one.
pub(super) fn http(bytes: &[u8]) -> Option<Http> {
    let mut headers = [httparse::EMPTY_HEADER; 96];
    let mut response = httparse::Response::new(&mut headers);
    let body_at = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) | Err(_) => bytes.len(),
    };
    let status = response.code?;
    let header = |name: &str| {
        let found = response
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))?;
        let value = String::from_utf8_lossy(found.value);
        Some(clean(value.chars().take(300).collect::<String>().trim()))
    };
    let body = String::from_utf8_lossy(&bytes[body_at..bytes.len().min(body_at + 2048)]);
    Some(Http {
        status,
        server: header("server"),
        location: header("location"),
        sets_cookie: header("set-cookie").is_some(),
        via: header("via").or_else(|| header("x-squid-error")),
        tunnel_error: header("ngrok-error-code"),
        body_start: clean(&body.split_whitespace().collect::<Vec<_>>().join(" ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_the_protocol() {
        let cases: &[(&[u8], Protocol)] = &[
            (b"HTTP/1.1 200 OK\r\n\r\n", Protocol::Http),
            (b"<!DOCTYPE HTML>\n<html lang=\"en\">", Protocol::Http),
            (b"\x15\x03\x01\x00\x02\x02\x46", Protocol::Tls),
            (b"\x00\x00\x00\x04\x00\x00\x00\x00\x00", Protocol::H2c),
            (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00", Protocol::H2c),
            (b"SSH-2.0-OpenSSH_9.2\r\n", Protocol::Ssh),
            (b"220 (vsFTPd 3.0.3)\r\n", Protocol::Ftp),
            (b"-NOAUTH Authentication required.\r\n", Protocol::Redis),
            (b"\x4a\x00\x00\x00\x0a8.0.36", Protocol::Mysql),
            (b"AMQP\x00\x00\x09\x01", Protocol::Amqp),
            (b"hello\n", Protocol::Other),
        ];
        for (bytes, wanted) in cases {
            assert_eq!(protocol(bytes), Some(*wanted), "{bytes:?}");
        }
        assert_eq!(protocol(b""), None);
    }

    #[test]
    fn no_bytes_make_it_panic() {
        for length in 0..64usize {
            for byte in [0u8, 0x0a, b'H', 0xff, 0x15, b'\n'] {
                let bytes = vec![byte; length];
                let _ = (protocol(&bytes), http(&bytes), text(&bytes));
            }
        }
    }
}
