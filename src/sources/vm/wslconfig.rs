//! `.wslconfig`: the settings of the virtual machine of WSL 2, by Microsoft's
//! documentation of "Advanced settings configuration in WSL".

use crate::facts::{Wsl, WslNetworking, clean};
use crate::sources::ini;

pub(super) fn read(text: &str) -> Wsl {
    let mut wsl = Wsl {
        localhost_forwarding: true,
        ..Wsl::default()
    };
    for entry in ini::entries(text) {
        if !entry.section.eq_ignore_ascii_case("wsl2") {
            continue;
        }
        let value = entry.value.to_ascii_lowercase();
        match entry.key.to_ascii_lowercase().as_str() {
            "networkingmode" => {
                wsl.networking = match value.as_str() {
                    "mirrored" => WslNetworking::Mirrored,
                    "virtioproxy" => WslNetworking::Virtioproxy,
                    "none" => WslNetworking::None,
                    _ => WslNetworking::Nat,
                };
            }
            "localhostforwarding" => {
                wsl.localhost_forwarding = value != "false";
                let off = !wsl.localhost_forwarding;
                wsl.line = off.then_some(entry.line);
                wsl.written = off.then(|| clean(entry.written));
            }
            _ => {}
        }
    }
    wsl
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_settings_are_read() {
        let text = "# Settings\r\n[wsl2]\r\nmemory=4GB\r\nlocalhostForwarding = false\r\n\
                    networkingMode=Mirrored\r\n\r\n[experimental]\r\nnetworkingMode=none\r\n";
        let wsl = read(text);
        assert_eq!(wsl.networking, WslNetworking::Mirrored);
        assert!(!wsl.localhost_forwarding);
        assert_eq!(wsl.line, Some(4));
        assert_eq!(wsl.written.as_deref(), Some("localhostForwarding = false"));
        let plain = read("[wsl2]\nlocalhostForwarding=true\nnetworkingMode=NAT\n");
        assert!(plain.localhost_forwarding && plain.line.is_none());
        assert_eq!(read("\u{0}[").networking, WslNetworking::Nat);
    }
}
