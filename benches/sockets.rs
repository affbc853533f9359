//! What the looks at sockets, owners and processes cost: `cargo bench --bench sockets`.
//!
//! Every approach is called in turn, round after round in another order, so that a
//! busy moment of the machine falls on all of them. Printed are the median and the 95th percentile.

use std::hint::black_box;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use devdoctor::facts::{Known, Listener, ProcId};
use devdoctor::sources::sockets::Backend;
use devdoctor::sources::{owners, processes, sockets};
use netstat2::{AddressFamilyFlags, ProtocolFlags, get_sockets_info};

const ROUNDS: usize = 200;

type Approach<'a> = (&'static str, Box<dyn FnMut() + 'a>);

fn main() {
    let socket = TcpListener::bind("127.0.0.1:0").expect("loopback is there");
    let port = socket.local_addr().expect("it is bound").port();
    let bare = sockets::listeners(Some(port));
    let Known::Seen(bare) = bare.listeners else {
        panic!("the socket table cannot be read: {}", bare.by);
    };
    let mut owned = bare.clone();
    owners::find(&mut owned);
    let me: ProcId = owned[0].owner().expect("we hold our own socket");
    let all = match sockets::listeners(None).listeners {
        Known::Seen(all) => all,
        Known::Unseen(_) => Vec::new(),
    };

    let mut approaches: Vec<Approach> = Vec::new();
    for (name, backend) in [
        ("every listener, sock_diag", Backend::SockDiag),
        (
            "every listener, sock_diag by family",
            Backend::SockDiagByFamily,
        ),
        ("every listener, /proc/net", Backend::ProcNet),
        ("every listener, netstat2 without pids", Backend::Netstat2),
    ] {
        if Backend::all().contains(&backend) {
            let look = move || drop(black_box(sockets::listeners_by(backend, None)));
            approaches.push((name, Box::new(look)));
        }
    }
    let one = || sockets::listeners(Some(port));
    approaches.extend::<[Approach; 8]>([
        ("one port", Box::new(move || drop(black_box(one())))),
        (
            "one port, filtered after a whole dump",
            Box::new(move || {
                let all = sockets::listeners(None).listeners;
                drop(black_box(all.map(|mut all| {
                    all.retain(|listener| listener.at.port() == port);
                    all
                })));
            }),
        ),
        (
            "owner of one port (we are the newest)",
            Box::new(|| {
                let mut listeners: Vec<Listener> = bare.clone();
                owners::find(&mut listeners);
                black_box(listeners);
            }),
        ),
        (
            "owners of every listener",
            Box::new(|| {
                let mut listeners: Vec<Listener> = all.clone();
                owners::find(&mut listeners);
                black_box(listeners);
            }),
        ),
        (
            "one port and its owner",
            Box::new(move || {
                let mut listeners = one().listeners;
                if let Known::Seen(listeners) = &mut listeners {
                    owners::find(listeners);
                }
                black_box(listeners);
            }),
        ),
        (
            "the same by netstat2",
            Box::new(move || {
                let families = AddressFamilyFlags::IPV4 | AddressFamilyFlags::IPV6;
                let mut sockets =
                    get_sockets_info(families, ProtocolFlags::TCP).unwrap_or_default();
                sockets.retain(|socket| socket.local_port() == port);
                black_box(sockets);
            }),
        ),
        (
            "a process and its ancestors",
            Box::new(move || {
                black_box(processes::look(&[me]));
            }),
        ),
        (
            "processor time of a process",
            Box::new(move || {
                black_box(processes::cpu_sample(&[me]));
            }),
        ),
    ]);
    report(&mut approaches);
    println!(
        "{} listeners; {} processes looked at for one and its ancestors",
        all.len(),
        processes::look(&[me]).len()
    );
}

fn report(approaches: &mut [Approach]) {
    let mut times: Vec<Vec<Duration>> = vec![Vec::with_capacity(ROUNDS); approaches.len()];
    let count = approaches.len();
    // Strides without a common divisor with the count: each approach follows each other one.
    let divides = |by: usize, number: usize| number.is_multiple_of(by);
    let coprime =
        |stride: &usize| (2..=*stride).all(|by| !divides(by, *stride) || !divides(by, count));
    let strides: Vec<usize> = (1..count).filter(coprime).collect();
    for round in 0..ROUNDS {
        for step in 0..count {
            let at = (round + step * strides[round % strides.len()]) % count;
            let began = Instant::now();
            approaches[at].1();
            times[at].push(began.elapsed());
        }
    }
    println!("{:<42} {:>12} {:>12}", "", "median", "p95");
    for ((name, _), times) in approaches.iter().zip(&mut times) {
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e6;
        println!("{name:<42} {:>9.1} us {:>9.1} us", at(50), at(95));
    }
}
