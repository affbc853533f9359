//! The words with which a database refuses to serve, in its own protocol.

use crate::facts::{Protocol, clean};

/// The refusal in these first bytes, if they are one.
pub(super) fn words(spoken: Protocol, bytes: &[u8]) -> Option<String> {
    let words = match spoken {
        Protocol::Postgres => postgres(bytes)?,
        Protocol::Mysql => mysql(bytes)?,
        Protocol::Redis => redis(bytes)?,
        Protocol::Mqtt => mqtt(bytes)?.to_owned(),
        _ => return None,
    };
    let words: String = words.chars().take(200).collect();
    Some(clean(words.trim()))
}

/// `E`, a length, then fields: a letter, a text, a zero. Only that it takes nobody in is
/// taken for a refusal: what it says to us of users and databases is not about the client.
fn postgres(bytes: &[u8]) -> Option<String> {
    let fields = bytes.strip_prefix(b"E")?.get(4..)?;
    let field = |letter: u8| {
        let mut fields = fields.split(|byte| *byte == 0);
        let text = fields.find_map(|field| field.strip_prefix(&[letter]))?;
        Some(String::from_utf8_lossy(text).into_owned())
    };
    let code = field(b'C')?;
    // Not ready, shut down, recovering; no room for more.
    let refuses = code.starts_with("57P") || code.starts_with("53");
    refuses.then(|| format!("{code} {}", field(b'M').unwrap_or_default()))
}

/// A packet with an error: 0xff, its number, perhaps `#` and a state, and its words.
fn mysql(bytes: &[u8]) -> Option<String> {
    let [_, _, 0, 0, 0xff, low, high, rest @ ..] = bytes else {
        return None;
    };
    let code = u16::from_le_bytes([*low, *high]);
    let words = match rest {
        [b'#', _, _, _, _, _, words @ ..] => words,
        words => words,
    };
    Some(format!("{code} {}", String::from_utf8_lossy(words)))
}

/// A line that begins with `-`. That PING is no command without a login is no refusal.
fn redis(bytes: &[u8]) -> Option<String> {
    let line = bytes.split(|byte| *byte == b'\n').next()?;
    let words = String::from_utf8_lossy(line.strip_prefix(b"-")?).into_owned();
    let about_us = words.starts_with("NOAUTH") || words.starts_with("ERR unknown command");
    (!about_us).then_some(words)
}

/// CONNACK: why it does not take us. A missing login is not the connection's matter.
fn mqtt(bytes: &[u8]) -> Option<&'static str> {
    match bytes.get(3)? {
        1 => Some("1 unacceptable protocol version"),
        3 => Some("3 server unavailable"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(spoken: Protocol, bytes: &[u8]) -> Option<String> {
        words(spoken, bytes)
    }

    #[test]
    fn a_refusal_is_told_in_its_own_words() {
        let starting =
            b"E\0\0\0\x56SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0Fp.c\0\0";
        assert_eq!(
            words_of(Protocol::Postgres, starting).as_deref(),
            Some("57P03 the database system is starting up")
        );
        let many = b"\x17\0\0\0\xff\x10\x04Too many connections";
        assert_eq!(
            words_of(Protocol::Mysql, many).as_deref(),
            Some("1040 Too many connections")
        );
        let host = b"\x45\0\0\0\xff\x6a\x04#HY000Host 'x' is not allowed";
        assert_eq!(
            words_of(Protocol::Mysql, host).as_deref(),
            Some("1130 Host 'x' is not allowed")
        );
        assert_eq!(
            words_of(Protocol::Redis, b"-LOADING Redis is loading\r\n").as_deref(),
            Some("LOADING Redis is loading")
        );
    }

    #[test]
    fn what_is_about_us_is_none() {
        let role = b"E\0\0\0\x20SFATAL\0C28000\0Mrole does not exist\0\0";
        assert_eq!(words_of(Protocol::Postgres, role), None);
        assert_eq!(words_of(Protocol::Postgres, b"R\0\0\0\x08\0\0\0\0"), None);
        assert_eq!(
            words_of(Protocol::Redis, b"-NOAUTH Authentication\r\n"),
            None
        );
        assert_eq!(words_of(Protocol::Redis, b"+PONG\r\n"), None);
        assert_eq!(words_of(Protocol::Mysql, b"\x4a\0\0\0\x0a8.0.36"), None);
    }

    #[test]
    fn no_bytes_make_it_panic() {
        for length in 0..24usize {
            for byte in [0u8, b'E', b'-', 0xff] {
                for spoken in [
                    Protocol::Postgres,
                    Protocol::Mysql,
                    Protocol::Redis,
                    Protocol::Mqtt,
                ] {
                    let _ = words(spoken, &vec![byte; length]);
                    let _ = words(spoken, &[&b"E\0\0\0\0"[..], &vec![byte; length]].concat());
                }
            }
        }
    }
}
