//! Android devices, by the debug bridge that runs on this machine: it is asked in its own
//! protocol ("SERVICES.TXT" of adb), and only where it runs.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::facts::{Device, Gap, Known, Renumbered, clean};

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
        let pairs = match state.as_str() {
            "device" => match ask(at, until, &[&transport, "reverse:list-forward"]) {
                Ok(list) => Known::Seen(ports(&list)),
                Err(error) => Known::Unseen(Gap::of(&error)),
            },
            // Nothing can be set up on a device that is not ready.
            _ => Known::default(),
        };
        let known = pairs.seen().into_iter().flatten();
        let renumbered = known
            .filter(|(there, here)| there != here)
            .map(|&(there, here)| Renumbered { there, here })
            .collect();
        Device {
            serial: clean(&serial),
            state: clean(&state),
            reversed: pairs.map(|pairs| pairs.into_iter().map(|(there, _)| there).collect()),
            renumbered,
        }
    };
    Known::Seen(devices.into_iter().map(device).collect())
}

/// A port of this machine that the bridge leads to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// The device.
    pub serial: String,
    /// The port on this machine.
    pub listens: u16,
    /// Where it leads there: `tcp:8080`, `localabstract:chrome_devtools_remote`.
    pub to: String,
    /// Whether the device is attached and ready.
    pub ready: bool,
}

/// What the bridge at this address leads to devices (`adb forward --list`).
#[must_use]
pub fn forwards(at: SocketAddr, budget: Duration) -> Known<Vec<Forward>> {
    let until = Instant::now() + budget;
    let look = || -> io::Result<Vec<Forward>> {
        let devices = ask(at, until, &["host:devices"])?;
        let ready = |serial: &str| {
            let mut lines = devices.lines().filter_map(|line| line.split_once('\t'));
            lines.any(|(known, state)| known == serial && state == "device")
        };
        let list = ask(at, until, &["host:list-forward"])?;
        let forward = |line: &str| {
            let mut words = line.split(' ');
            let (serial, from, to) = (words.next()?, words.next()?, words.next()?);
            Some(Forward {
                ready: ready(serial),
                serial: clean(serial),
                listens: from.strip_prefix("tcp:")?.parse().ok()?,
                to: clean(to),
            })
        };
        Ok(list.lines().filter_map(forward).collect())
    };
    look().map_err(|error| Gap::of(&error)).into()
}

/// `UsbFfs tcp:8081 tcp:8081`, a line each: the device's side stands first.
fn ports(list: &str) -> Vec<(u16, u16)> {
    let pair = |line: &str| {
        let mut sides = line.split(' ').skip(1);
        let mut port = || sides.next()?.strip_prefix("tcp:")?.parse().ok();
        Some((port()?, port()?))
    };
    list.lines().filter_map(pair).collect()
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
            "OKAYOKAY0032UsbFfs tcp:8081 tcp:8081\nUsbFfs tcp:8082 tcp:3000\n",
        ]);
        let seen = look(at, Duration::from_secs(20));
        let [ready, other] = &seen.seen().unwrap()[..] else {
            panic!("{seen:?}");
        };
        assert_eq!(ready.serial, "emulator-5554");
        assert_eq!(ready.reversed, Known::Seen(vec![8081, 8082]));
        let renumbered = Renumbered {
            there: 8082,
            here: 3000,
        };
        assert_eq!(ready.renumbered, [renumbered]);
        assert_eq!(other.state, "unauthorized");
        assert!(other.reversed.is_not_asked());
    }

    #[test]
    fn ports_that_lead_to_devices_are_told() {
        let at = bridge(&[
            "OKAY0015emulator-5554\tdevice\n",
            "OKAY006Demulator-5554 tcp:3000 tcp:8080\nR58M tcp:9222 \
             localabstract:chrome_devtools_remote\nodd localabstract:x tcp:1\n",
        ]);
        let seen = forwards(at, Duration::from_secs(20));
        let [ready, gone] = &seen.seen().unwrap()[..] else {
            panic!("{seen:?}");
        };
        assert_eq!(
            (ready.listens, ready.to.as_str(), ready.ready),
            (3000, "tcp:8080", true)
        );
        assert_eq!((gone.serial.as_str(), gone.ready), ("R58M", false));
        assert_eq!(gone.to, "localabstract:chrome_devtools_remote");
        let at = bridge(&["OKAY0000", "FAIL0003odd"]);
        assert!(forwards(at, Duration::from_secs(20)).gap().is_some());
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
        assert_eq!(ports(list), [(8081, 8081)]);
    }
}
