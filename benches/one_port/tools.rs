//! The tools that are asked.

use std::io;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use netstat2::{AddressFamilyFlags, ProtocolFlags, ProtocolSocketInfo, TcpState, get_sockets_info};

/// Builds the program as it is shipped, and says where it stands.
///
/// The one that cargo has built for this benchmark is larger: what only the tests depend on
/// switches on parts of crates that the program shares with them. `DEVDOCTOR_PROGRAM` names
/// one that was built before, to be measured instead.
pub fn shipped() -> io::Result<String> {
    if let Ok(program) = std::env::var("DEVDOCTOR_PROGRAM") {
        return Ok(program);
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--release", "--bins"])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    // With what cargo tells of itself to those that it runs, build scripts would run again.
    for (name, _) in std::env::vars_os() {
        let shown = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_"]
            .iter()
            .any(|of| shown.starts_with(of))
        {
            cargo.env_remove(&name);
        }
    }
    let output = cargo.output()?;
    let messages = String::from_utf8_lossy(&output.stdout);
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "devdoctor")
        .find_map(|message| message["executable"].as_str().map(str::to_owned))
        .ok_or_else(|| io::Error::other("`cargo build --release` has made no program"))
}

/// One way to ask who owns a port.
pub struct Tool {
    pub title: String,
    argv: Vec<String>,
    installed: bool,
    /// What its answer must hold: the server's pid.
    must_say: Option<String>,
}

impl Tool {
    pub fn all(devdoctor: &str, port: u16, server: u32) -> Vec<Tool> {
        let this = std::env::current_exe()
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        // Below the ports that the system gives to clients, so nobody takes it meanwhile.
        let closed = port + 1;
        let only = format!("-iTCP:{port}");
        let sport = format!(":{port}");
        let port = port.to_string();
        let closed = closed.to_string();
        let tools: [(&str, Vec<&str>, bool); 6] = [
            ("devdoctor", vec![devdoctor, "ports", &port], true),
            ("ss", vec!["ss", "-ltnp", "sport", "=", &sport], true),
            ("lsof", vec!["lsof", "-nP", &only, "-sTCP:LISTEN"], true),
            ("", vec![&this, "--netstat2", &port], true),
            ("devdoctor", vec![devdoctor, "why", &port], false),
            ("devdoctor", vec![devdoctor, "why", &closed], false),
        ];
        tools
            .into_iter()
            .map(|(name, argv, names_the_owner)| {
                let mut tool = Tool {
                    title: format!("`{name} {}`", argv[1..].join(" ")),
                    argv: argv.into_iter().map(str::to_owned).collect(),
                    installed: true,
                    must_say: names_the_owner.then(|| server.to_string()),
                };
                if name.is_empty() {
                    tool.title = "the netstat2 crate".to_owned();
                }
                tool.installed = tool.command().stdout(Stdio::null()).status().is_ok();
                tool
            })
            .collect()
    }

    /// Started outside of any project: `devdoctor why` would look through the processes
    /// of this one, which are the benchmark's own load.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.argv[0]);
        command
            .args(&self.argv[1..])
            .current_dir("/")
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Asks once, and fails if the answer is wrong: a wrong answer's time is worth nothing.
    pub fn check(&self) -> io::Result<()> {
        if !self.installed {
            return Ok(());
        }
        let output = self.command().output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let fits = match &self.must_say {
            Some(word) => text
                .split(|c: char| !c.is_ascii_digit())
                .any(|found| found == word),
            None => matches!(output.status.code(), Some(0 | 1)),
        };
        if fits {
            Ok(())
        } else {
            Err(io::Error::other(format!("`{}` said: {text}", self.title)))
        }
    }

    /// How long it takes from its start to its end; nothing if it is not installed.
    pub fn time(&self) -> io::Result<Option<Duration>> {
        if !self.installed {
            return Ok(None);
        }
        let mut command = self.command();
        command.stdout(Stdio::null());
        let start = Instant::now();
        command.spawn()?.wait()?;
        Ok(Some(start.elapsed()))
    }
}

/// The same question as plainly as the netstat2 crate allows it to be asked.
pub fn netstat2(port: &str) -> io::Result<()> {
    let port: u16 = port.parse().map_err(io::Error::other)?;
    let sockets = get_sockets_info(
        AddressFamilyFlags::IPV4 | AddressFamilyFlags::IPV6,
        ProtocolFlags::TCP,
    )
    .map_err(io::Error::other)?;
    for socket in sockets {
        if let ProtocolSocketInfo::Tcp(tcp) = &socket.protocol_socket_info
            && tcp.local_port == port
            && tcp.state == TcpState::Listen
        {
            println!("{} {:?}", tcp.local_addr, socket.associated_pids);
        }
    }
    Ok(())
}
