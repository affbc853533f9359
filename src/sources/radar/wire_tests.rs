use super::*;

/// An announcement as Linux 6.18 writes it.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Announcement {
    pub state: u8,
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub retransmits: u8,
    pub advertised_size: u32,
    pub segments_in: u32,
    pub shortest_trip: u32,
    pub window: u32,
}

impl Announcement {
    /// Of a client that did not wait.
    pub fn refused(from: &str, to: &str) -> Self {
        Announcement {
            state: CLOSED,
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            retransmits: 0,
            advertised_size: 65_495,
            segments_in: 1,
            shortest_trip: NEVER,
            window: 0,
        }
    }

    /// Of a client that waited in `connect`.
    pub fn waited(to: &str) -> Self {
        let nowhere = if to.starts_with('[') {
            "[::]:40000"
        } else {
            "0.0.0.0:40000"
        };
        Announcement {
            segments_in: 0,
            ..Announcement::refused(nowhere, to)
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut out = vec![0; 380];
        let mut put = |at: usize, bytes: &[u8]| out[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &380_u32.to_ne_bytes());
        put(message::TYPE, &ANNOUNCEMENT.to_ne_bytes());
        let family = if self.to.is_ipv4() { AF_INET } else { AF_INET6 };
        put(message::FAMILY, &[family, self.state]);
        for (port, address, end) in [
            (message::SOURCE_PORT, message::SOURCE, self.from),
            (message::PORT, message::TO, self.to),
        ] {
            put(port, &end.port().to_be_bytes());
            match end.ip() {
                IpAddr::V4(ip) => put(address, &ip.octets()),
                IpAddr::V6(ip) => put(address, &ip.octets()),
            }
        }
        put(88, &5_u16.to_ne_bytes());
        put(90, &INET_DIAG_PROTOCOL.to_ne_bytes());
        put(92, &[6]);
        put(96, &284_u16.to_ne_bytes());
        put(98, &INET_DIAG_INFO.to_ne_bytes());
        let tcp = 100;
        put(tcp, &[self.state]);
        put(tcp + info::RETRANSMITS, &[self.retransmits]);
        for (at, value) in [
            (info::ADVERTISED_SIZE, self.advertised_size),
            (info::SEGMENTS_IN, self.segments_in),
            (info::SHORTEST_TRIP, self.shortest_trip),
            (info::WINDOW, self.window),
        ] {
            put(tcp + at, &value.to_ne_bytes());
        }
        out
    }

    fn read(&self) -> Told {
        read(&self.bytes())
    }
}

fn told(from: &str, to: &str) -> Told {
    Told::Refused(Refusal {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        client: Known::Unseen(Gap::Unsupported),
    })
}

#[test]
fn a_refused_connection_is_told_with_both_ends() {
    for (from, to) in [
        ("127.0.0.1:40000", "127.0.0.1:3000"),
        ("127.0.0.1:40000", "127.0.0.2:3000"),
        ("[::1]:40000", "[::1]:3000"),
        ("192.168.1.5:40000", "192.168.1.5:3000"),
        ("[fd00::5]:40000", "[fd00::5]:3000"),
    ] {
        assert_eq!(Announcement::refused(from, to).read(), told(from, to));
    }
    let mapped = Announcement::refused("[::ffff:127.0.0.1]:40000", "[::ffff:127.0.0.1]:3000");
    let plain = told("127.0.0.1:40000", "127.0.0.1:3000");
    assert_eq!(mapped.read(), plain);
    // The listener went away while the request was being repeated.
    let late = Announcement {
        retransmits: 1,
        ..mapped
    };
    assert_eq!(late.read(), plain);
}

#[test]
fn a_client_that_waited_is_told_without_the_port() {
    for to in ["127.0.0.1:0", "[::1]:0", "[::ffff:127.0.0.1]:0"] {
        assert_eq!(Announcement::waited(to).read(), Told::Portless);
    }
}

#[test]
fn look_alikes_are_not_told() {
    let refused = Announcement::refused("127.0.0.1:40000", "127.0.0.1:3000");
    let waited = Announcement::waited("127.0.0.1:0");
    for (what, announcement) in [
        (
            "it had a connection",
            Announcement {
                shortest_trip: 30,
                ..refused
            },
        ),
        (
            "it had a connection, and none of its trips was measured",
            Announcement {
                window: 65_536,
                ..refused
            },
        ),
        (
            "it was given up, or timed out",
            Announcement {
                segments_in: 0,
                ..refused
            },
        ),
        (
            "it is not closed",
            Announcement {
                state: 2,
                ..refused
            },
        ),
        (
            "another machine refused it",
            Announcement::refused("192.168.1.5:40000", "192.168.1.6:3000"),
        ),
        (
            "it waited, and timed out",
            Announcement {
                retransmits: 2,
                ..waited
            },
        ),
        (
            "it never was to connect",
            Announcement {
                advertised_size: 0,
                ..waited
            },
        ),
        (
            "it waited for another machine",
            Announcement::waited("192.168.1.6:0"),
        ),
    ] {
        assert_eq!(announcement.read(), Told::Other, "{what}");
    }
}

#[test]
fn an_older_kernel_tells_less_and_it_is_enough() {
    let refused = Announcement::refused("127.0.0.1:40000", "127.0.0.1:3000");
    let plain = told("127.0.0.1:40000", "127.0.0.1:3000");
    let mut bytes = refused.bytes();
    bytes.truncate(100 + info::LEAST);
    bytes[96..98].copy_from_slice(&156_u16.to_ne_bytes());
    assert!(is_announcement(&bytes));
    assert_eq!(read(&bytes), plain);
    // Linux before 4.6 does not tell the shortest trip.
    bytes.truncate(100 + info::LEAST - 4);
    bytes[96..98].copy_from_slice(&152_u16.to_ne_bytes());
    assert!(!is_announcement(&bytes));
    assert_eq!(read(&bytes), Told::Other);
}

#[test]
fn the_attributes_may_stand_in_another_order() {
    let bytes = Announcement::refused("127.0.0.1:40000", "127.0.0.1:3000").bytes();
    let turned = [&bytes[..88], &bytes[96..], &bytes[88..96]].concat();
    assert!(is_announcement(&turned));
    assert_eq!(read(&turned), read(&bytes));
}

#[test]
fn no_bytes_are_too_odd() {
    let bytes = Announcement::refused("127.0.0.1:40000", "127.0.0.1:3000").bytes();
    for length in 0..bytes.len() {
        let _ = read(&bytes[..length]);
        assert_eq!(is_announcement(&bytes[..length]), length >= 252, "{length}");
    }
    for at in 0..bytes.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut odd = bytes.clone();
            odd[at] = value;
            let _ = read(&odd);
            let _ = is_announcement(&odd);
        }
    }
}
