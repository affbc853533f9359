//! What weighs on the machine while it is asked: made by helpers, which are this
//! same program.

use std::fs::File;
use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter, Read, Write, pipe};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::SockRef;

/// The most descriptors that one helper holds.
const MOST: usize = 19_000;

/// Raises the limit of descriptors as far as is allowed; helpers inherit it.
/// Returns how many one helper may hold.
pub fn raise_descriptor_limit() -> io::Result<usize> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    )?;
    let allowed = limit.maximum.map_or(usize::MAX, |most| {
        usize::try_from(most).unwrap_or(usize::MAX)
    });
    Ok(MOST.min(allowed.saturating_sub(100)))
}

/// Helpers that live as long as this does: they end when the writer is closed.
struct Helpers {
    children: Vec<Child>,
    input: PipeReader,
    /// Closed to end them.
    writer: Option<PipeWriter>,
}

impl Helpers {
    fn new() -> io::Result<Self> {
        let (input, writer) = pipe()?;
        Ok(Helpers {
            children: Vec::new(),
            input,
            writer: Some(writer),
        })
    }

    /// Starts a helper, and waits until it holds what it was told to hold.
    fn start(&mut self, what: &[&str]) -> io::Result<&Child> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--hold")
            .args(what)
            // What weighs on a machine is not part of the user's project.
            .current_dir("/")
            .stdin(Stdio::from(self.input.try_clone()?))
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take();
        self.children.push(child);
        let mut line = String::new();
        if let Some(output) = output {
            BufReader::new(output).read_line(&mut line)?;
        }
        if line.trim() != "ready" {
            return Err(io::Error::other(format!("no helper for {what:?}")));
        }
        self.children
            .last()
            .ok_or_else(|| io::Error::other("no helper"))
    }
}

impl Drop for Helpers {
    fn drop(&mut self) {
        self.writer = None;
        for child in &mut self.children {
            // One that is gone already is what is wanted.
            let _ = child.wait();
        }
    }
}

/// The server on the port of the question.
pub struct Server(Helpers);

impl Server {
    pub fn start(port: u16) -> io::Result<Self> {
        let mut helpers = Helpers::new()?;
        helpers
            .start(&["server", &port.to_string()])
            .map_err(|error| io::Error::other(format!("port {port} must be free: {error}")))?;
        Ok(Server(helpers))
    }

    pub fn pid(&self) -> u32 {
        self.0.children[0].id()
    }
}

/// What weighs on the machine.
pub struct Load {
    _helpers: Helpers,
}

impl Load {
    pub fn put(
        limit: usize,
        listeners: usize,
        processes: usize,
        connections: usize,
        descriptors: usize,
    ) -> io::Result<Self> {
        let mut helpers = Helpers::new()?;
        let mut share = |what: &str, all: usize, most: usize| -> io::Result<()> {
            for part in parts(all, most) {
                helpers.start(&[what, &part.to_string()])?;
            }
            Ok(())
        };
        share("listeners", listeners, 100)?;
        // A connection over loopback is two sockets.
        share("connections", connections, limit / 2)?;
        share("descriptors", descriptors, limit)?;
        for _ in 0..processes {
            helpers.start(&["nothing"])?;
        }
        Ok(Load { _helpers: helpers })
    }
}

/// Cuts a number into equal parts, none larger than the most.
fn parts(all: usize, most: usize) -> impl Iterator<Item = usize> {
    let count = all.div_ceil(most.max(1));
    (0..count).map(move |at| all * (at + 1) / count - all * at / count)
}

/// What a helper does: holds what it is told to until its input ends.
pub fn hold(what: &[&str]) -> io::Result<()> {
    let bad = || io::Error::other(format!("cannot hold {what:?}"));
    let number =
        || -> io::Result<usize> { what.get(1).ok_or_else(bad)?.parse().map_err(|_| bad()) };
    match what.first().copied().ok_or_else(bad)? {
        "nothing" => until_the_end(()),
        "descriptors" => until_the_end(
            (0..number()?)
                .map(|_| File::open("/dev/null"))
                .collect::<io::Result<Vec<_>>>()?,
        ),
        "listeners" => until_the_end(
            (0..number()?)
                .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
                .collect::<io::Result<Vec<_>>>()?,
        ),
        "connections" => until_the_end(connections(number()?)?),
        "server" => {
            let port = u16::try_from(number()?).map_err(|_| bad())?;
            let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))?;
            std::thread::spawn(move || listener.incoming().flatten().for_each(answer));
            until_the_end(())
        }
        _ => Err(bad()),
    }
}

fn until_the_end<T>(held: T) -> io::Result<()> {
    println!("ready");
    io::copy(&mut io::stdin(), &mut io::sink())?;
    drop(held);
    Ok(())
}

/// Connections to ourselves, both ends of each.
fn connections(count: usize) -> io::Result<(TcpListener, Vec<TcpStream>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let to = listener.local_addr()?;
    let mut ends = Vec::with_capacity(2 * count);
    for _ in 0..count {
        for end in [TcpStream::connect(to)?, listener.accept()?.0] {
            // Gone at once when it is closed, without a time to wait in.
            SockRef::from(&end).set_linger(Some(Duration::ZERO))?;
            ends.push(end);
        }
    }
    Ok((listener, ends))
}

/// A small web page, whatever is asked.
fn answer(mut stream: TcpStream) {
    // A client that only connects, or leaves early, is none of our concern.
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    if stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n");
    }
}
