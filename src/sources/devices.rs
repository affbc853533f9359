//! Android devices, by the debug bridge that runs on this machine: it is asked in its own
//! protocol ("SERVICES.TXT" of adb), and only where it runs.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::facts::{Device, Gap, Known, clean};

/// Where the bridge's server listens.
pub const PORT: u16 = 5037;
/// How many devices are asked.
const MOST_DEVICES: usize = 8;

/// The devices that the bridge at this address knows.
#[must_use]
pub fn look(at: SocketAddr, budget: Duration) -> Known<Vec<Device>> {
    let until = Instant::now() + budget;
    let devices = ask(at, until, &["host:devices"]).map(|answer| {
        let lines = answer.lines().take(MOST_DEVICES);
        let devices = lines.filter_map(|line| {
            let (serial, state) = line.split_once('\t')?;
            Some((serial.to_owned(), state.to_owned()))
        });
        devices.collect::<Vec<_>>()
    });
    let devices = match devices {
        Ok(devices) => devices,
        Err(error) => return Known::Unseen(Gap::of(&error)),
    };
    let device = |(serial, state): (String, String)| {
        let transport = format!("host:transport:{serial}");
        let reversed = match state.as_str() {
            "device" => match ask(at, until, &[&transport, "reverse:list-forward"]) {
                Ok(list) => Known::Seen(ports(&list)),
                Err(error) => Known::Unseen(Gap::of(&error)),
            },
            // Nothing can be set up on a device that is not ready.
            _ => Known::default(),
        };
        Device {
            serial: clean(&serial),
            state: clean(&state),
            reversed,
        }
    };
    Known::Seen(devices.into_iter().map(device).collect())
}

/// `UsbFfs tcp:8081 tcp:8081`, a line each: the device's side stands first.
fn ports(list: &str) -> Vec<u16> {
    let sides = list.lines().filter_map(|line| line.split(' ').nth(1));
    sides
        .filter_map(|side| side.strip_prefix("tcp:")?.parse().ok())
        .collect()
}

/// Asks one thing after the other over one connection, and reads the last answer.
fn ask(at: SocketAddr, until: Instant, services: &[&str]) -> io::Result<String> {
    let left = || {
        let left = until.saturating_duration_since(Instant::now());
        match left.is_zero() {
            true => Err(io::Error::from(io::ErrorKind::TimedOut)),
            false => Ok(left),
        }
    };
    let mut stream = TcpStream::connect_timeout(&at, left()?)?;
    for service in services {
        stream.set_write_timeout(Some(left()?))?;
        let request = format!("{:04x}{service}", service.len());
        stream.write_all(request.as_bytes())?;
        stream.set_read_timeout(Some(left()?))?;
        let mut status = [0; 4];
        stream.read_exact(&mut status)?;
        if &status != b"OKAY" {
            return Err(io::Error::other(format!("adb refuses {service}")));
        }
    }
    stream.set_read_timeout(Some(left()?))?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = std::str::from_utf8(&length)
        .ok()
        .and_then(|digits| u16::from_str_radix(digits, 16).ok())
        .ok_or_else(|| io::Error::other("adb answers in another form"))?;
    let mut answer = vec![0; usize::from(length)];
    stream.set_read_timeout(Some(left()?))?;
    stream.read_exact(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// A bridge that gives these answers, a connection each.
    fn bridge(answers: &'static [&'static str]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut block = [0; 512];
                let _ = stream.read(&mut block);
                let _ = stream.write_all(answer.as_bytes());
                while stream.read(&mut block).is_ok_and(|n| n > 0) {}
            }
        });
        at
    }

    #[test]
    fn devices_are_told_with_the_ports_that_lead_here() {
        let at = bridge(&[
            "OKAY0027emulator-5554\tdevice\nR58M\tunauthorized\n",
            "OKAYOKAY0019UsbFfs tcp:8081 tcp:8081\n",
        ]);
        let seen = look(at, Duration::from_secs(20));
        let [ready, other] = &seen.seen().unwrap()[..] else {
            panic!("{seen:?}");
        };
        assert_eq!(ready.serial, "emulator-5554");
        assert_eq!(ready.reversed, Known::Seen(vec![8081]));
        assert_eq!(other.state, "unauthorized");
        assert!(other.reversed.is_not_asked());
    }

    #[test]
    fn whoever_is_no_bridge_is_not_taken_for_one_without_devices() {
        let at = bridge(&["HTTP/1.1 400\r\n\r\n"]);
        assert!(look(at, Duration::from_secs(20)).gap().is_some());
        let nobody: SocketAddr = "127.0.0.1:1".parse().unwrap();
        assert!(look(nobody, Duration::from_secs(20)).gap().is_some());
    }

    #[test]
    fn other_kinds_of_forwards_are_left_out() {
        let list = "UsbFfs tcp:8081 tcp:8081\nhost-5 localabstract:x tcp:1\nodd\n";
        assert_eq!(ports(list), [8081]);
    }
}
