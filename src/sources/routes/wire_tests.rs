use super::*;

fn message(kind: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = request(kind, 0, sequence, body);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

#[test]
fn a_request_names_the_address_and_the_port() {
    let bytes = route_to(7, "10.1.2.3:3000".parse().unwrap(), None);
    assert_eq!(bytes.len(), 16 + 12 + 8 + 8 + 8);
    assert_eq!(u32_at(&bytes, 0), Some(52));
    assert_eq!(bytes[16..18], [AF_INET, 32]);
    let attributes: Vec<_> = Attributes(&bytes[28..]).collect();
    assert_eq!(
        attributes,
        [
            (RTA_DST, &[10, 1, 2, 3][..]),
            (RTA_IP_PROTO, &[6]),
            (RTA_DPORT, &3000_u16.to_be_bytes()),
        ]
    );
}

#[test]
fn an_entry_is_read_with_its_network_and_table() {
    let mut body = vec![AF_INET, 16, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0];
    push(&mut body, RTA_DST, &[10, 1, 0, 0]);
    push(&mut body, RTA_OIF, &5_u32.to_ne_bytes());
    push(&mut body, RTA_GATEWAY, &[10, 1, 0, 1]);
    push(&mut body, RTA_TABLE, &51820_u32.to_ne_bytes());
    let entry = entry(&body).unwrap().unwrap();
    assert_eq!(entry.network.to_string(), "10.1.0.0");
    assert_eq!((entry.prefix, entry.table), (16, 51820));
    assert_eq!((entry.fate, entry.interface), (Some(Fate::Sent), Some(5)));
    assert_eq!(entry.gateway.unwrap().to_string(), "10.1.0.1");
}

#[test]
fn an_ipv6_answer_tells_its_meaning_by_an_error() {
    let mut body = vec![AF_INET6, 128, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0];
    push(&mut body, RTA_DST, &[0x20; 16]);
    let mut cache = [0; 32];
    cache[12..16].copy_from_slice(&(-101_i32).to_ne_bytes());
    push(&mut body, RTA_CACHEINFO, &cache);
    assert_eq!(entry(&body).unwrap().unwrap().fate, Some(Fate::NoRoute));
}

#[test]
fn an_interface_is_told_by_its_kind() {
    let link_of = |hardware: u16, kind: Option<&str>| {
        let mut body = vec![0, 0];
        body.extend(hardware.to_ne_bytes());
        body.extend(3_u32.to_ne_bytes());
        body.extend(1_u32.to_ne_bytes());
        body.extend(0_u32.to_ne_bytes());
        push(&mut body, 3, b"x0\0");
        if let Some(kind) = kind {
            let mut inner = Vec::new();
            push(&mut inner, 1, kind.as_bytes());
            push(&mut body, 18 | 0x8000, &inner);
        }
        link(&body).unwrap()
    };
    let lo = link_of(772, None);
    assert_eq!((lo.name.as_str(), lo.index, lo.up), ("x0", 3, true));
    assert_eq!(lo.kind.as_deref(), Some("loopback"));
    let kind = |hardware, kind| link_of(hardware, Some(kind)).kind.unwrap();
    assert_eq!(kind(65534, "tun\0"), "tun");
    assert_eq!(kind(1, "tun\0"), "tap");
    assert_eq!(kind(65534, "wireguard\0"), "wireguard");
}

#[test]
fn the_end_of_a_dump_and_errors_are_told_apart() {
    let mut bytes = message(RTM_NEWRULE, 3, &[0; 12]);
    bytes.extend(message(RTM_NEWRULE, 2, &[0; 12]));
    bytes.extend(message(NLMSG_ERROR, 3, &(-13_i32).to_ne_bytes()));
    bytes.extend(message(NLMSG_DONE, 3, &[0; 4]));
    let messages = messages(&bytes, 3).unwrap();
    assert!(matches!(
        messages[..],
        [
            Message::Entry(RTM_NEWRULE, _),
            Message::Error(13),
            Message::Done
        ]
    ));
}

#[test]
fn bytes_that_are_cut_short_are_an_error_or_nothing() {
    let mut body = vec![AF_INET, 16, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0];
    push(&mut body, RTA_DST, &[10, 1, 0, 0]);
    push(&mut body, RTA_MULTIPATH, &[1]);
    let whole = message(RTM_NEWROUTE, 1, &body);
    for length in 0..whole.len() {
        // Nothing but that it does not panic.
        let _ = messages(&whole[..length], 1);
        let _ = entry(&whole[..length]);
        let _ = rule(&whole[..length]);
        let _ = link(&whole[..length]);
    }
}
