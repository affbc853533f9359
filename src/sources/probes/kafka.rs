//! Kafka: who its brokers are, by its own word.

use crate::facts::clean;

/// A request for metadata, version 1, of no topic: its length, what is asked and in which
/// version, number 1, who asks, and no topics.
pub(super) const METADATA: &[u8] = b"\0\0\0\x17\0\x03\0\x01\0\0\0\x01\0\x09devdoctor\0\0\0\0";

/// So many brokers are kept.
const MOST: usize = 8;

/// Whether this begins as an answer to it: a length, and number 1.
pub(super) fn answers(bytes: &[u8]) -> bool {
    matches!(bytes, [0, _, _, _, 0, 0, 0, 1, ..])
}

/// `host:port` of every broker, as clients are told to reach it.
pub(super) fn brokers(bytes: &[u8]) -> Vec<String> {
    let mut reader = Reader { bytes };
    let mut list = Vec::new();
    let Some(count) = reader.skip(8).and_then(|()| reader.int()) else {
        return list;
    };
    let most = usize::try_from(count).unwrap_or_default().min(MOST);
    while list.len() < most {
        let Some(broker) = reader.broker() else { break };
        list.push(broker);
    }
    list
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.take(count).map(|_| ())
    }

    fn int(&mut self) -> Option<i32> {
        let bytes = self.take(4)?.try_into().ok()?;
        Some(i32::from_be_bytes(bytes))
    }

    /// A text with its length; none where the length is negative.
    fn text(&mut self) -> Option<String> {
        let length = i16::from_be_bytes(self.take(2)?.try_into().ok()?);
        let text = self.take(usize::try_from(length).unwrap_or_default())?;
        Some(String::from_utf8_lossy(text).into_owned())
    }

    /// Its number, host, port and rack.
    fn broker(&mut self) -> Option<String> {
        self.int()?;
        let host = self.text()?;
        let port = u16::try_from(self.int()?).ok()?;
        self.text()?;
        let host = clean(&host.chars().take(253).collect::<String>());
        let host = match host.contains(':') {
            true => format!("[{host}]"),
            false => host,
        };
        Some(format!("{host}:{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_says_its_own_length() {
        assert_eq!(usize::from(METADATA[3]), METADATA.len() - 4);
    }

    #[test]
    fn brokers_are_read() {
        let answer = b"\0\0\0\x30\0\0\0\x01\0\0\0\x02\
            \0\0\0\x01\0\x05kafka\0\0\x71\x48\xff\xff\
            \0\0\0\x02\0\x09localhost\0\0\x23\x84\xff\xff\
            \0\0\0\x01\0\0\0\0";
        assert!(answers(answer));
        assert_eq!(brokers(answer), ["kafka:29000", "localhost:9092"]);
        for length in 0..answer.len() {
            assert!(brokers(&answer[..length]).len() <= 2);
        }
        assert_eq!(brokers(&[0xff; 40]), Vec::<String>::new());
    }
}
