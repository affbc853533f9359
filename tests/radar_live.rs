//! The refusal radar, with every kind of end that a connection can have.
//!
//! Each test plays in a network namespace of its own, in which nothing else happens, and
//! without any privilege there. That the radar was not woken is measured: its thread gave
//! up the processor not once.

#![cfg(target_os = "linux")]

#[path = "support/machine.rs"]
mod machine;

#[path = "radar/place.rs"]
mod place;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use devdoctor::facts::Refusal;
use devdoctor::sources::radar::{Heard, Radar};
use place::{LONG, Listening, in_a_place, tcp_counter};
use socket2::{Domain, SockAddr, Socket, Type};

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// As browsers, `curl`, Node and Go do: the program does not wait in `connect`.
fn dial(to: SocketAddr) -> io::ErrorKind {
    dial_for(to, LONG)
}

fn dial_for(to: SocketAddr, at_most: Duration) -> io::ErrorKind {
    TcpStream::connect_timeout(&to, at_most).unwrap_err().kind()
}

/// As Python, Java, shells and most small programs do.
fn dial_and_wait(to: SocketAddr) -> io::ErrorKind {
    TcpStream::connect(to).unwrap_err().kind()
}

/// A listener and one connection to it.
fn pair(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// Ends with a reset instead of a goodbye.
fn abort(stream: TcpStream) {
    let socket = Socket::from(stream);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
}

#[track_caller]
fn assert_refused(heard: &Heard, to: SocketAddr) {
    match heard {
        Heard::Refused(Refusal {
            to: heard, from, ..
        }) => {
            assert_eq!(
                (*heard, from.ip().is_loopback()),
                (to, to.ip().is_loopback())
            );
            assert_ne!(from.port(), 0);
        }
        Heard::Somewhere(_) => panic!("{heard:?} instead of a refusal at {to}"),
    }
}

in_a_place! {
    fn a_refused_connection_is_heard_at_once_with_its_port() {
        let radar = Listening::start();
        for (dialled, heard) in [
            ("127.0.0.1:1998", "127.0.0.1:1998"),
            ("127.0.0.2:1998", "127.0.0.2:1998"),
            ("0.0.0.0:1998", "127.0.0.1:1998"),
            ("[::1]:1998", "[::1]:1998"),
            ("[::]:1998", "[::1]:1998"),
            ("[::ffff:127.0.0.1]:1998", "127.0.0.1:1998"),
            ("10.9.0.1:1998", "10.9.0.1:1998"),
            ("[fd09::1]:1998", "[fd09::1]:1998"),
        ] {
            assert_eq!(dial(at(dialled)), io::ErrorKind::ConnectionRefused, "{dialled}");
            assert_refused(&radar.hears().0, at(heard));
            radar.rests();
        }
    }

    fn both_addresses_of_localhost_are_heard() {
        let radar = Listening::start();
        for to in [at("[::1]:1998"), at("127.0.0.1:1998")] {
            assert_eq!(dial(to), io::ErrorKind::ConnectionRefused);
        }
        assert_refused(&radar.hears().0, at("[::1]:1998"));
        assert_refused(&radar.hears().0, at("127.0.0.1:1998"));
    }

    fn between_the_refusal_and_the_news_are_few_milliseconds() {
        let radar = Listening::start();
        let mut took: Vec<Duration> = (0..50)
            .map(|_| {
                radar.rests();
                let began = Instant::now();
                dial(at("127.0.0.1:1998"));
                radar.hears().1.duration_since(began)
            })
            .collect();
        took.sort();
        println!("median {:?}, longest {:?}", took[25], took[49]);
        assert!(took[25] < Duration::from_millis(50), "{took:?}");
    }

    fn a_client_that_waits_in_connect_is_heard_without_its_port() {
        let radar = Listening::start();
        for to in ["127.0.0.1:1998", "[::1]:1998", "[::ffff:127.0.0.1]:1998"] {
            assert_eq!(dial_and_wait(at(to)), io::ErrorKind::ConnectionRefused);
            assert_eq!(radar.hears().0, Heard::Somewhere(1), "{to}");
            radar.rests();
        }
    }

    fn closed_connections_wake_nobody() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let six = TcpListener::bind("[::1]:0").unwrap();
        let radar = Listening::start();
        radar.sleeps_through("connections that are closed by either end, with data and without", || {
            for round in 0..10_000 {
                let (mut one, mut other) = pair(if round % 4 < 2 { &listener } else { &six });
                if round % 3 == 0 {
                    one.write_all(b"hello").unwrap();
                    other.read_exact(&mut [0; 5]).unwrap();
                }
                if round % 2 == 0 {
                    drop(one);
                    drop(other);
                } else {
                    drop(other);
                    drop(one);
                }
            }
        });
        radar.sleeps_through("connections that are reset by either end", || {
            for round in 0..3_000 {
                let (mut one, other) = pair(&listener);
                match round % 3 {
                    0 => abort(one),
                    1 => abort(other),
                    // What was sent and not read makes a reset of the goodbye.
                    _ => {
                        one.write_all(b"hello").unwrap();
                        drop(other);
                    }
                }
            }
        });
        radar.sleeps_through("connections that nobody accepted", || {
            for _ in 0..50 {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let clients: Vec<_> = (0..8)
                    .map(|_| TcpStream::connect(listener.local_addr().unwrap()).unwrap())
                    .collect();
                drop(listener);
                drop(clients);
            }
        });
    }

    fn sockets_that_never_connected_wake_nobody() {
        let radar = Listening::start();
        radar.sleeps_through("sockets that were only made, bound, or listened", || {
            for round in 0..1_000 {
                let (domain, at) = if round % 2 == 0 {
                    (Domain::IPV4, at("127.0.0.1:0"))
                } else {
                    (Domain::IPV6, at("[::1]:0"))
                };
                let socket = Socket::new(domain, Type::STREAM, None).unwrap();
                if round % 3 > 0 {
                    socket.bind(&at.into()).unwrap();
                }
                if round % 3 > 1 {
                    socket.listen(8).unwrap();
                }
            }
        });
        radar.sleeps_through("refused UDP", || {
            for _ in 0..100 {
                let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
                socket.connect("127.0.0.1:1998").unwrap();
                socket.send(b"hello").unwrap();
                let answer = socket.recv(&mut [0; 8]).unwrap_err();
                assert_eq!(answer.kind(), io::ErrorKind::ConnectionRefused);
            }
        });
        radar.sleeps_through("an address that is taken", || {
            // Both ends of the connection exist already, so that it is not even begun.
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let (client, _server) = pair(&listener);
            let from = client.local_addr().unwrap();
            for _ in 0..100 {
                let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
                socket.set_reuse_address(true).unwrap();
                let to = SockAddr::from(listener.local_addr().unwrap());
                if socket.bind(&from.into()).is_ok() {
                    let error = socket.connect(&to).unwrap_err();
                    assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
                }
            }
        });
    }

    fn connections_without_an_answer_wake_nobody() {
        let radar = Listening::start();
        radar.sleeps_through("clients that give up, as the loser of two addresses is", || {
            for to in ["127.0.0.1:4003", "10.9.0.1:4003", "10.9.0.2:4003"] {
                let kind = dial_for(at(to), Duration::from_millis(20));
                assert_eq!(kind, io::ErrorKind::TimedOut, "{to}");
            }
        });
        radar.sleeps_through("a queue that is full", || {
            let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            full.bind(&at("127.0.0.1:0").into()).unwrap();
            full.listen(0).unwrap();
            let to = full.local_addr().unwrap().as_socket().unwrap();
            let _first = TcpStream::connect(to).unwrap();
            for _ in 0..4 {
                let kind = dial_for(to, Duration::from_millis(1_200));
                assert_eq!(kind, io::ErrorKind::TimedOut);
            }
        });
        radar.sleeps_through("connections that time out", || {
            let waiting = ["127.0.0.1:4003", "10.9.0.2:4003", "10.9.0.77:80"]
                .map(|to| std::thread::spawn(move || (dial_and_wait(at(to)), dial(at(to)))));
            for both in waiting {
                let (one, other) = both.join().unwrap();
                assert_ne!(one, io::ErrorKind::ConnectionRefused);
                assert_ne!(other, io::ErrorKind::ConnectionRefused);
            }
        });
    }

    fn what_other_machines_refuse_is_not_ours() {
        let radar = Listening::start();
        radar.sleeps_through("refusals by another machine", || {
            for _ in 0..100 {
                for to in [at("10.9.0.2:1998"), at("[fd09::2]:1998")] {
                    assert_eq!(dial(to), io::ErrorKind::ConnectionRefused);
                    assert_eq!(dial_and_wait(to), io::ErrorKind::ConnectionRefused);
                }
            }
        });
    }

    fn another_machine_that_knocks_at_our_ports_wakes_nobody() {
        let _open = TcpListener::bind("10.9.0.1:2000").unwrap();
        let radar = Listening::start();
        // The neighbour dials an open and a closed port of ours, over and over.
        radar.sleeps_through("a scan from outside", || {
            let before = (tcp_counter("OutRsts"), tcp_counter("PassiveOpens"));
            let deadline = Instant::now() + LONG;
            while tcp_counter("OutRsts") < before.0 + 5 || tcp_counter("PassiveOpens") < before.1 + 5 {
                assert!(Instant::now() < deadline, "the neighbour does not knock");
                std::thread::yield_now();
            }
        });
    }

    fn a_firewall_that_resets_is_a_refusal() {
        let radar = Listening::start();
        assert_eq!(dial(at("127.0.0.1:4001")), io::ErrorKind::ConnectionRefused);
        assert_refused(&radar.hears().0, at("127.0.0.1:4001"));
        radar.sleeps_through("a firewall that answers by ICMP, which looks like giving up", || {
            assert_eq!(dial(at("127.0.0.1:4002")), io::ErrorKind::ConnectionRefused);
            assert_eq!(dial_and_wait(at("127.0.0.1:4002")), io::ErrorKind::ConnectionRefused);
        });
    }

    fn a_storm_of_refusals_is_borne() {
        let radar = Listening::start();
        let before = place::resident();
        for _ in 0..50_000 {
            dial(at("127.0.0.1:1998"));
        }
        let grown = place::resident().saturating_sub(before);
        assert!(grown < 8 << 20, "{grown} bytes more");
        let woken = radar.switches();
        println!("{grown} bytes more, woken {woken} times");
        assert!(woken < 25_000, "{woken}");
        // What is left of the storm may push out one more, so it is dialled again.
        let deadline = Instant::now() + LONG;
        let mut heard = 0;
        loop {
            assert!(Instant::now() < deadline, "nothing is heard after a storm");
            dial(at("127.0.0.1:1999"));
            heard += 1;
            match radar.hears().0 {
                Heard::Refused(refusal) if refusal.to == at("127.0.0.1:1999") => break,
                Heard::Refused(refusal) => assert_eq!(refusal.to, at("127.0.0.1:1998")),
                Heard::Somewhere(count) => assert!(count > 0),
            }
        }
        assert!(heard < 25_000, "{heard}");
    }

    fn who_dials_every_port_is_heard_in_sum() {
        let radar = Listening::start();
        for port in 1..=5_000 {
            dial(SocketAddr::from(([127, 0, 0, 1], port)));
        }
        radar.rests();
        dial(at("[::1]:1"));
        let mut ports = 0;
        loop {
            match radar.hears().0 {
                Heard::Refused(refusal) if refusal.to.is_ipv6() => break,
                Heard::Refused(_) => ports += 1,
                Heard::Somewhere(_) => {}
            }
        }
        assert!(ports < 2_500, "{ports} of 5,000 ports were told one by one");
    }

    fn a_busy_machine_is_spared_and_refusals_are_counted_then() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let runtime = place::runtime();
        let mut radar = Radar::new();
        let deadline = Instant::now() + LONG;
        while !radar.mode().starts_with("counts failed connections only: announcements") {
            assert!(Instant::now() < deadline, "{}", radar.mode());
            let second = Instant::now();
            while second.elapsed() < Duration::from_millis(500) {
                drop(pair(&listener));
            }
            radar.adapt();
        }
        assert!(!place::announcements_are_asked_for());
        dial(at("127.0.0.1:1998"));
        dial_and_wait(at("127.0.0.1:1998"));
        std::thread::sleep(Duration::from_millis(150));
        radar.adapt();
        let heard = runtime.block_on(async { tokio::time::timeout(LONG, radar.next()).await });
        assert_eq!(heard.unwrap(), Heard::Somewhere(2));
        while !place::announcements_are_asked_for() {
            assert!(Instant::now() < deadline, "{}", radar.mode());
            std::thread::sleep(Duration::from_millis(200));
            radar.adapt();
        }
        dial(at("127.0.0.1:1998"));
        let heard = runtime.block_on(async { tokio::time::timeout(LONG, radar.next()).await });
        assert_refused(&heard.unwrap(), at("127.0.0.1:1998"));
        drop(radar);
        assert!(!place::announcements_are_asked_for());
    }

    fn who_waits_may_stop_waiting_at_any_time() {
        let runtime = place::runtime();
        let mut radar = Radar::new();
        let deadline = Instant::now() + LONG;
        while radar.mode() != "the kernel announces every refused connection" {
            assert!(Instant::now() < deadline, "{}", radar.mode());
            std::thread::sleep(Duration::from_millis(5));
            radar.adapt();
        }
        let mut ports = Vec::new();
        runtime.block_on(async {
            for port in 3001..3033 {
                dial(SocketAddr::from(([127, 0, 0, 1], port)));
                let deadline = Instant::now() + LONG;
                loop {
                    assert!(Instant::now() < deadline, "{port} was lost");
                    // Shorter than the rest, so that it is dropped in the middle of it.
                    let next = tokio::time::timeout(Duration::from_millis(3), radar.next());
                    if let Ok(heard) = next.await {
                        let Heard::Refused(refusal) = heard else {
                            panic!("{heard:?}");
                        };
                        ports.push(refusal.to.port());
                        break;
                    }
                }
            }
        });
        assert_eq!(ports, (3001..3033).collect::<Vec<u16>>());
    }
}
