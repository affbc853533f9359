//! The parts that server processes of the stories play.

#[path = "dns.rs"]
mod dns;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// The variable with the part: `serve 127.0.0.1:3000`.
pub const PART: &str = "DEVDOCTOR_PART";
/// What a server writes once it listens.
pub const READY: &str = "the server is ready";

/// Plays the part that the environment names, until the story ends; nothing without one.
pub fn play() {
    let Ok(part) = std::env::var(PART) else {
        return;
    };
    let words: Vec<&str> = part.split(' ').collect();
    match words[..] {
        ["serve", at] => serve(&listen(at)),
        ["crowd", first, count] => crowd(first.parse().unwrap(), count.parse().unwrap()),
        ["status", status, at] => answer_all(&listen(at), &http(status)),
        ["edge", status, code, at] => answer_all(&listen(at), &edge(status, code)),
        ["postgres-that-starts", at] => postgres_that_starts(&listen(at)),
        ["kafka", host, port, at] => kafka(&listen(at), host, port.parse().unwrap()),
        ["redirect", to, at] => answer_all(&listen(at), &redirect(to)),
        ["banner", at] => answer_all(&listen(at), "220 mail.test ESMTP ready\r\n"),
        ["deaf", at] => wait(listen(at)),
        ["deaf", at, backlog] => wait(listen_with(at, backlog.parse().unwrap(), true)),
        ["v6only", port] => serve(&listen_with(&format!("[::]:{port}"), 128, true)),
        ["silent", at] => silent(&listen(at)),
        ["reset", at] => reset(&listen(at)),
        ["vanish", at] => vanish(&listen(at)),
        ["leak", at] => leak(&listen(at)),
        ["h2c", at] => h2c(&listen(at)),
        ["late-h2c", at] => late_h2c(&listen(at)),
        ["vite", at] => vite(&listen(at)),
        ["unix", path] => wait(std::os::unix::net::UnixListener::bind(path).unwrap()),
        ["deaf-engine", path] => deaf_engine(path),
        ["reuseport", at] => serve(&share(at)),
        ["bound", at] => wait(bind(at)),
        ["hold", at, many] => hold(at, many.parse().unwrap()),
        ["dns", at, ref zone @ ..] => dns::serve(at, zone),
        ["udp", at] => wait(std::net::UdpSocket::bind(at).unwrap()),
        _ => panic!("nobody plays {part:?}"),
    }
}

fn listen(at: &str) -> TcpListener {
    listen_with(at, 128, false)
}

fn listen_with(at: &str, backlog: i32, v6only: bool) -> TcpListener {
    let at: SocketAddr = at.parse().unwrap();
    let socket = Socket::new(Domain::for_address(at), Type::STREAM, None).unwrap();
    if at.ip() == Ipv6Addr::UNSPECIFIED {
        socket.set_only_v6(v6only).unwrap();
    }
    socket.set_reuse_address(true).unwrap();
    socket.bind(&at.into()).unwrap();
    socket.listen(backlog).unwrap();
    socket.into()
}

/// Listens where others may listen, too.
fn share(at: &str) -> TcpListener {
    let at: SocketAddr = at.parse().unwrap();
    let socket = Socket::new(Domain::for_address(at), Type::STREAM, None).unwrap();
    socket.set_reuse_port(true).unwrap();
    socket.bind(&at.into()).unwrap();
    socket.listen(128).unwrap();
    socket.into()
}

/// Has the port, and does not listen on it.
fn bind(at: &str) -> Socket {
    let at: SocketAddr = at.parse().unwrap();
    let socket = Socket::new(Domain::for_address(at), Type::STREAM, None).unwrap();
    socket.bind(&at.into()).unwrap();
    socket
}

/// Listens on so many ports, the first one here.
fn crowd(first: u16, count: u16) -> ! {
    let ports = first..first + count;
    let listen = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    wait(ports.map(listen).collect::<Vec<_>>())
}

fn ready() {
    println!("{READY}");
}

/// Does nothing, and keeps what it was given.
fn wait<T>(held: T) -> ! {
    ready();
    loop {
        std::thread::park();
        std::hint::black_box(&held);
    }
}

fn http(status: &str) -> String {
    format!("HTTP/1.1 {status} Story\r\ncontent-length: 5\r\nconnection: close\r\n\r\nstory")
}

/// The public end of ngrok, as it documents its errors: no recording.
fn edge(status: &str, code: &str) -> String {
    format!(
        "HTTP/1.1 {status} Story\r\nngrok-error-code: {code}\r\ncontent-length: 0\r\n\
         connection: close\r\n\r\n"
    )
}

fn redirect(to: &str) -> String {
    format!(
        "HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
}

fn serve(listener: &TcpListener) -> ! {
    answer_all(listener, &http("200"))
}

fn answer_all(listener: &TcpListener, answer: &str) -> ! {
    answer_by(listener, |_| answer.to_owned())
}

fn answer_by(listener: &TcpListener, answer: impl Fn(&str) -> String) -> ! {
    ready();
    loop {
        let Ok((mut stream, _)) = listener.accept() else {
            continue;
        };
        let request = if answer("").starts_with("220") {
            String::new()
        } else {
            head(&mut stream)
        };
        let _ = stream.write_all(answer(&request).as_bytes());
        // Whoever closes with bytes unread resets.
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
        let _ = stream.read(&mut [0; 1024]);
    }
}

/// What came until the end of the head, or until nothing more came.
fn head(stream: &mut TcpStream) -> String {
    let _ = stream.set_read_timeout(Some(Duration::from_millis(300)));
    let mut seen = Vec::new();
    let mut block = [0; 1024];
    while let Ok(n) = stream.read(&mut block) {
        seen.extend_from_slice(&block[..n]);
        if n == 0 || seen.windows(4).any(|end| end == b"\r\n\r\n") {
            break;
        }
    }
    String::from_utf8_lossy(&seen).into_owned()
}

/// Refuses every name but localhost, in the words of a well-known server.
fn vite(listener: &TcpListener) -> ! {
    answer_by(listener, |request| {
        let host = request.lines().find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("host:")
                .map(str::to_owned)
        });
        let host = host.unwrap_or_default().trim().to_owned();
        if host.starts_with("localhost") || host.is_empty() {
            return http("200");
        }
        let name = host.split(':').next().unwrap_or_default();
        let body = format!(
            "Blocked request. This host (\"{name}\") is not allowed.\nTo allow this host, add \
             \"{name}\" to `server.allowedHosts` in vite.config.js."
        );
        format!(
            "HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{body}",
            body.len()
        )
    })
}

fn silent(listener: &TcpListener) -> ! {
    ready();
    let mut held = Vec::new();
    loop {
        held.push(listener.accept());
    }
}

fn reset(listener: &TcpListener) -> ! {
    ready();
    loop {
        if let Ok((stream, _)) = listener.accept() {
            let _ = Socket::from(stream).set_linger(Some(Duration::ZERO));
        }
    }
}

/// Ends as soon as somebody connects.
fn vanish(listener: &TcpListener) -> ! {
    ready();
    let _ = listener.accept();
    std::process::exit(0);
}

/// Opens files until there is no descriptor left, then tries to accept.
fn leak(listener: &TcpListener) -> ! {
    ready();
    let mut held = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        held.push(file);
    }
    loop {
        let _ = listener.accept();
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// HTTP/2 without TLS: its settings first, whatever the client says.
fn h2c(listener: &TcpListener) -> ! {
    ready();
    loop {
        if let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
            let _ = head(&mut stream);
            let _ = stream.write_all(&[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        }
    }
}

/// Opens so many connections, and keeps them.
fn hold(at: &str, many: usize) -> ! {
    let held: Vec<_> = (0..many).map(|_| TcpStream::connect(at).unwrap()).collect();
    wait(held)
}

/// HTTP/2 without TLS, which says nothing to whoever does not begin with it.
fn late_h2c(listener: &TcpListener) -> ! {
    ready();
    loop {
        if let Ok((mut stream, _)) = listener.accept()
            && head(&mut stream).starts_with("PRI * HTTP/2.0")
        {
            let _ = stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
        }
    }
}

/// PostgreSQL before it is ready, byte by byte as version 15 sends it.
fn postgres_that_starts(listener: &TcpListener) -> ! {
    ready();
    let fields = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\
                   Fpostmaster.c\0L2359\0RProcessStartupPacket\0\0";
    let length = u32::try_from(fields.len() + 4).unwrap();
    let refusal = [&b"E"[..], &length.to_be_bytes(), fields].concat();
    loop {
        let Ok((mut stream, _)) = listener.accept() else {
            continue;
        };
        let mut asked = [0; 8];
        if stream.read_exact(&mut asked).is_err() {
            continue;
        }
        let asks_for_tls = asked == [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
        let _ = stream.write_all(if asks_for_tls { b"N" } else { &refusal });
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
        let _ = stream.read(&mut [0; 1024]);
    }
}

/// Kafka as far as its metadata, version 1: one broker, and no topic.
fn kafka(listener: &TcpListener, host: &str, port: i32) -> ! {
    ready();
    let length = u16::try_from(host.len()).unwrap();
    let answer = [
        &[0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1][..],
        &length.to_be_bytes(),
        host.as_bytes(),
        &port.to_be_bytes(),
        &[0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 0],
    ]
    .concat();
    let answer = [
        &u32::try_from(answer.len()).unwrap().to_be_bytes(),
        &answer[..],
    ]
    .concat();
    loop {
        let Ok((mut stream, _)) = listener.accept() else {
            continue;
        };
        // Whoever asks for anything else is left without a word.
        let mut asked = [0; 27];
        if stream.read_exact(&mut asked).is_ok() && asked[4..8] == [0, 3, 0, 1] {
            let _ = stream.write_all(&answer);
        }
    }
}

/// A container engine that takes the question and never answers.
fn deaf_engine(path: &str) -> ! {
    let listener = std::os::unix::net::UnixListener::bind(path).unwrap();
    ready();
    let mut held = Vec::new();
    loop {
        held.push(listener.accept());
    }
}
