//! On answers recorded from Linux 6.18 (little-endian).

use proptest::prelude::*;

use super::*;

/// `[::ffff:127.0.0.2]`, `[::1]` and `127.0.0.1`, all on port 39123, the last with
/// two connections that wait.
const LISTENERS: &str = concat!(
    "840000001200020007000000473f00000a0a000098d3000000000000000000000000ffff7f000002000000",
    "0000000000000000000000000000000000010000000000000000000000000000000700000000000000e05e",
    "0000050008000000000005000b000000000008000f00000000000c00150001000000000000000600160012",
    "000000",
    "840000001200020007000000473f00000a0a000098d30000000000000000000000000000000000010000",
    "000000000000000000000000000000000000020000000000000000000000000000008000000000000000",
    "df5e0000050008000000000005000b000100000008000f00000000000c00150001000000000000000600",
    "160012000000",
    "7c0000001200020007000000473f0000020a000098d300007f0000010000000000000000000000000000",
    "000000000000000000000000000000000000030000000000000000000000020000000400000000000000",
    "de5e0000050008000000000008000f00000000000c00150001000000000000000600160052000000",
);
/// A socket that is bound to `127.0.0.1:34567`, and the two ages of a connection from port
/// 34569 to port 34568: established, and closed with a minute to go.
const CONNECTIONS: &str = concat!(
    "7c00000014000200070000002116000002070000870700007f000001000000000000000000000000000000",
    "00000000000000000000000000000000002a4c410000000000000000000000000000000000000000009531",
    "fe00050008000000000008000f00000000000c00150001000000000000000600160052000000",
    "7c00000014000200070000002116000002010000870987087f0000010000000000000000000000007f0000",
    "01000000000000000000000000000000002b4c410000000000000000000000000000000000000000009831",
    "fe00050008000000000008000f00000000000c00150001000000000000000600160052000000",
    "6000000014000200070000002116000002060300870987087f0000010000000000000000000000007f0000",
    "01000000000000000000000000000000002b4c41000000000060ea00000000000000000000000000000000",
    "000008000f0000000000",
);
const DONE: &str = "140000000300020007000000473f000000000000";
/// What a kernel without the protocol's handler says.
const NO_SUCH_HANDLER: &str = "140000000300020007000000473f0000feffffff";

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
    hex.as_bytes()
        .chunks_exact(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

#[test]
#[cfg(target_endian = "little")]
fn without_the_number_of_the_request_two_answers_can_be_compared() {
    let all = [bytes(LISTENERS), bytes(DONE)].concat();
    let mut first = all.clone();
    assert!(unnumber(&mut first, 7).unwrap());
    let mut second = all.clone();
    let lengths = [0x84, 0x84, 0x7c, 0x14];
    for (message, _) in lengths.iter().enumerate() {
        let at: usize = lengths[..message].iter().sum();
        second[at + 8] = 8;
    }
    assert_ne!(second, all);
    assert!(unnumber(&mut second, 8).unwrap());
    assert_eq!(first, second);
    let mut dump = Dump::new(Proto::Tcp, 0, Vec::new());
    assert!(dump.take(&first).unwrap());
    assert_eq!(dump.rows.len(), 3);
    // An answer to somebody else, or to an earlier request, ends nothing and stays one.
    let mut strange = all.clone();
    assert!(!unnumber(&mut strange, 6).unwrap());
    assert_eq!(strange, all);
    assert!(unnumber(&mut bytes(NO_SUCH_HANDLER), 7).unwrap());
    assert!(!unnumber(&mut bytes(LISTENERS), 7).unwrap());
    assert!(unnumber(&mut [1, 2, 3], 7).is_err());
}

fn dump() -> Dump {
    Dump::new(Proto::Tcp, 7, Vec::new())
}

#[test]
#[cfg(target_endian = "little")]
fn a_recorded_dump_is_read() {
    let mut dump = dump();
    assert!(!dump.take(&bytes(LISTENERS)).unwrap());
    assert!(dump.take(&bytes(DONE)).unwrap());
    assert!(!dump.interrupted);
    let [mapped, six, four] = dump.rows.as_slice() else {
        panic!("{:?}", dump.rows);
    };
    assert_eq!(mapped.cgroup, 1);
    assert_eq!(
        mapped.listener.at,
        "[::ffff:127.0.0.2]:39123".parse().unwrap()
    );
    assert_eq!(mapped.listener.v6only, Known::Seen(false));
    assert_eq!(six.listener.at, "[::1]:39123".parse().unwrap());
    assert_eq!(six.listener.v6only, Known::Seen(true));
    assert_eq!(
        four.listener,
        Listener {
            uid: Some(0),
            inode: 0x5ede,
            queue: Known::Seen(Queue {
                waiting: 2,
                limit: 4
            }),
            ..Listener::at("127.0.0.1:39123".parse().unwrap())
        }
    );
}

#[test]
#[cfg(target_endian = "little")]
fn sockets_that_do_not_listen_are_told_from_listeners() {
    let mut dump = dump();
    assert!(!dump.take(&bytes(CONNECTIONS)).unwrap());
    assert!(dump.rows.is_empty());
    let [bound, open, closed] = dump.connections.as_slice() else {
        panic!("{:?}", dump.connections);
    };
    assert_eq!(bound.state, ConnectionState::Bound);
    assert_eq!(bound.at, "127.0.0.1:34567".parse().unwrap());
    assert_eq!((bound.to, bound.left_ms), (None, None));
    assert!(bound.inode != 0 && bound.uid == Some(0));
    assert_eq!(open.state, ConnectionState::Established);
    assert_eq!(open.at, "127.0.0.1:34569".parse().unwrap());
    assert_eq!(open.to, Some("127.0.0.1:34568".parse().unwrap()));
    assert_eq!(closed.state, ConnectionState::TimeWait);
    assert_eq!((closed.at, closed.to), (open.at, open.to));
    assert_eq!((closed.left_ms, closed.inode), (Some(60_000), 0));
}

#[test]
#[cfg(target_endian = "little")]
fn a_missing_handler_is_an_error_and_not_the_end() {
    let error = dump().take(&bytes(NO_SUCH_HANDLER)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::Unsupported);
    assert_eq!(error.to_string(), "this kernel has no tcp_diag handler");
}

#[test]
#[cfg(target_endian = "little")]
fn a_refusal_is_an_error() {
    let mut refusal = bytes(DONE);
    refusal[4] = NLMSG_ERROR as u8;
    assert!(!dump().take(&refusal).unwrap(), "an acknowledgement");
    refusal[16..].copy_from_slice(&(-1_i32).to_ne_bytes());
    let error = dump().take(&refusal).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    refusal[16..].copy_from_slice(&i32::MIN.to_ne_bytes());
    assert!(dump().take(&refusal).is_err());
}

#[test]
#[cfg(target_endian = "little")]
fn a_disturbed_dump_and_another_ones_answer_are_noticed() {
    let mut disturbed = bytes(LISTENERS);
    disturbed[6] |= NLM_F_DUMP_INTR as u8;
    let mut one = dump();
    assert!(!one.take(&disturbed).unwrap());
    assert!(one.interrupted);

    let mut other = Dump::new(Proto::Tcp, 8, Vec::new());
    assert!(!other.take(&bytes(LISTENERS)).unwrap());
    assert!(!other.take(&bytes(DONE)).unwrap());
    assert!(other.rows.is_empty());
}

#[test]
#[cfg(target_endian = "little")]
fn an_answer_that_is_cut_short_is_never_a_shorter_table() {
    let whole = bytes(LISTENERS);
    let ends = [132, 264, 388];
    for end in 0..whole.len() {
        let taken = dump().take(&whole[..end]);
        assert_eq!(taken.is_ok(), end == 0 || ends.contains(&end), "{end}");
    }
}

#[test]
fn requests_ask_for_exactly_one_state() {
    let both = Request::Listeners.bytes(7, 3000);
    assert_eq!(both.len(), 76);
    assert_eq!(both[20..22], [0x0b, 0xb8]);
    assert_eq!(both[68..72], (1_u32 << 10).to_ne_bytes());
    let udp = Request::OfFamily(AF_INET6, Proto::Udp).bytes(7, 53);
    assert_eq!(udp.len(), 72);
    assert_eq!(udp[16..18], [AF_INET6, 17]);
    assert_eq!(udp[20..24], (1_u32 << 7).to_ne_bytes());
    assert_eq!(udp[24..26], [0, 53]);
    let others = Request::Others(AF_INET).bytes(7, 53);
    assert_eq!(others[16..18], [AF_INET, 6]);
    let states = u32::from_ne_bytes(*others[20..].first_chunk().unwrap());
    // Established, bound only; neither listeners nor those without a port.
    assert_eq!(states & (1 << 1 | 1 << 13), 1 << 1 | 1 << 13);
    assert_eq!(states & (1 << 10 | 1 << 7), 0);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(garbage in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = dump().take(&garbage);
        let _ = unnumber(&mut garbage.clone(), 7);
    }

    #[test]
    fn no_damage_makes_it_panic(at in 0_usize..388, value: u8, length in 0_usize..=388) {
        let mut damaged = bytes(LISTENERS);
        damaged[at] = value;
        let _ = dump().take(&damaged[..length]);
        let _ = unnumber(&mut damaged[..length], 7);
        let mut damaged = bytes(CONNECTIONS);
        let length = length.min(damaged.len());
        let at = at % damaged.len();
        damaged[at] = value;
        let _ = dump().take(&damaged[..length]);
    }
}
