//! A client that sends what it is told, as `nc -U` does.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long anything may take on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A connection.
pub struct Talk {
    pub stream: UnixStream,
    reader: BufReader<UnixStream>,
    last_id: u64,
}

impl Talk {
    /// Connects, and has read nothing.
    pub fn silent(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Talk {
            reader: BufReader::new(stream.try_clone().unwrap()),
            stream,
            last_id: 0,
        }
    }

    /// Connects, and has read the greeting.
    pub fn new(socket: &Path) -> Self {
        let mut talk = Self::silent(socket);
        let hello = talk.line();
        assert_eq!(hello["protocol"], 1, "{hello}");
        talk
    }

    /// Sends these bytes as they are.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// The next line.
    pub fn line(&mut self) -> Value {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "the connection was closed: {line:?}");
        serde_json::from_str(&line).unwrap()
    }

    /// Sends a request. Its number.
    pub fn ask(&mut self, method: &str, params: Value) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.send(format!("{request}\n"));
        id
    }

    /// The answer to a request; what comes before is passed over.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params);
        loop {
            let line = self.line();
            if line["id"] == id {
                return line;
            }
        }
    }

    /// Waits until a line is as wanted; what comes before is passed over.
    pub fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let line = self.line();
            if wanted(&line) {
                return line;
            }
            assert!(Instant::now() < end, "only others came, the last: {line}");
        }
    }

    /// Whether the server closes the connection; what it sends before is passed over.
    pub fn is_closed(&mut self) -> bool {
        let mut line = Vec::new();
        loop {
            line.clear();
            match self.reader.read_until(b'\n', &mut line) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return true,
                Err(_) => return false,
            }
        }
    }

    /// Says that nothing more is sent.
    pub fn finish(&self) {
        self.stream.shutdown(std::net::Shutdown::Write).unwrap();
    }

    /// An answer that shows that all before it has been dealt with.
    pub fn is_served(&mut self) {
        let answer = self.call("status", json!({}));
        assert_eq!(answer["result"]["schema"], "devdoctor.status/1", "{answer}");
    }
}

/// The code of an error.
pub fn code(answer: &Value) -> i64 {
    answer["error"]["code"]
        .as_i64()
        .unwrap_or_else(|| panic!("no error: {answer}"))
}

/// Waits until something holds.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
