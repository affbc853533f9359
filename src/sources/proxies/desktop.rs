//! The settings of desktops.

use std::time::Instant;

use super::files::list;
use super::setting;
use crate::facts::{ProxySetting, ProxyUser, clean};
use crate::sources::ini;
use crate::sources::tool::Command;

/// `kioslaverc`: the kind of proxy, then the address behind a space.
pub(super) fn kde(text: &str) -> Vec<ProxySetting> {
    let own = || ini::entries(text).filter(|one| one.section == "Proxy Settings");
    let value = |key: &str| own().find(|one| one.key == key).map(|one| one.value);
    match value("ProxyType") {
        Some("1") => {}
        Some("2" | "3") => {
            let script = own().find(|one| one.key == "Proxy Config Script");
            let (key, line) = script.map_or(("ProxyType", 0), |one| (one.key, one.line));
            return vec![by_script(ProxyUser::Kde, key, line)];
        }
        // None, or that of the environment.
        _ => return Vec::new(),
    }
    let except = value("NoProxyFor").map_or(Vec::new(), |value| list(value, ','));
    own()
        .filter(|one| matches!(one.key, "httpProxy" | "httpsProxy" | "socksProxy"))
        .filter_map(|one| {
            let address = one.value.trim().replacen(' ', ":", 1);
            Some(ProxySetting {
                except: except.clone(),
                ..setting(ProxyUser::Kde, one.key, &address, one.line)?
            })
        })
        .collect()
}

fn by_script(by: ProxyUser, key: &str, line: u32) -> ProxySetting {
    ProxySetting {
        by,
        key: clean(key),
        line,
        script: true,
        ..ProxySetting::default()
    }
}

/// The settings of GNOME, by its own tool: they are kept in a database.
pub(super) fn gnome(until: Instant) -> Vec<ProxySetting> {
    let Some(tool) = Command::find(&["gsettings"]) else {
        return Vec::new();
    };
    let told = tool.run(&["list-recursively", "org.gnome.system.proxy"], until);
    told.map_or(Vec::new(), |text| of_gnome(&text))
}

/// `org.gnome.system.proxy.http host '127.0.0.1'`, a line each.
fn of_gnome(text: &str) -> Vec<ProxySetting> {
    let value = |schema: &str, key: &str| {
        let wanted = format!("org.gnome.system.proxy{schema} {key} ");
        let mut lines = text.lines();
        lines
            .find_map(|line| line.strip_prefix(&wanted))
            .map(str::trim)
    };
    let place = "gsettings, org.gnome.system.proxy";
    match value("", "mode") {
        Some("'manual'") => {}
        Some("'auto'") => {
            return vec![ProxySetting {
                place: place.to_owned(),
                ..by_script(ProxyUser::Gnome, "autoconfig-url", 0)
            }];
        }
        _ => return Vec::new(),
    }
    let except: Vec<String> = value("", "ignore-hosts").map_or(Vec::new(), |hosts| {
        let hosts = hosts.trim_start_matches("@as ").trim_matches(['[', ']']);
        let bare = |host: String| host.trim_matches('\'').to_owned();
        list(hosts, ',').into_iter().map(bare).collect()
    });
    let one = |kind: &str, scheme: &str| {
        let host = value(kind, "host")?.trim_matches('\'');
        let port: u16 = value(kind, "port")?.parse().ok()?;
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        if host.is_empty() || port == 0 {
            return None;
        }
        let address = format!("{scheme}://{host}:{port}");
        let key = format!("{}.host", kind.trim_start_matches('.'));
        Some(ProxySetting {
            place: place.to_owned(),
            except: except.clone(),
            ..setting(ProxyUser::Gnome, &key, &address, 0)?
        })
    };
    [
        one(".http", "http"),
        one(".https", "http"),
        one(".socks", "socks5"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(found: &[ProxySetting]) -> Vec<String> {
        let told = found.iter().map(|one| match one.script {
            true => format!("{} {}: a script", one.key, one.line),
            false => format!(
                "{} {}: {}:{} [{}]",
                one.key,
                one.line,
                one.host,
                one.port,
                one.except.join(" ")
            ),
        });
        told.collect()
    }

    #[test]
    fn the_settings_of_kde() {
        let text = "[Proxy Settings]\nNoProxyFor=localhost,.corp\nProxyType=1\n\
                    httpProxy=http://127.0.0.1 8888\n";
        assert_eq!(
            told(&kde(text)),
            ["httpProxy 4: 127.0.0.1:8888 [localhost .corp]"]
        );
        let script = text.replace("Type=1", "Type=2") + "Proxy Config Script=file:///x.pac\n";
        assert_eq!(told(&kde(&script)), ["Proxy Config Script 5: a script"]);
        assert_eq!(told(&kde(&text.replace("Type=1", "Type=0"))), [""; 0]);
    }

    #[test]
    fn the_settings_of_gnome() {
        let text = "org.gnome.system.proxy autoconfig-url ''\n\
                    org.gnome.system.proxy ignore-hosts ['localhost', '127.0.0.0/8', '::1']\n\
                    org.gnome.system.proxy mode 'manual'\n\
                    org.gnome.system.proxy.http host '127.0.0.1'\n\
                    org.gnome.system.proxy.http port 8080\n\
                    org.gnome.system.proxy.https host ''\n\
                    org.gnome.system.proxy.https port 0\n";
        assert_eq!(
            told(&of_gnome(text)),
            ["http.host 0: 127.0.0.1:8080 [localhost 127.0.0.0/8 ::1]"]
        );
        let auto = text.replace("'manual'", "'auto'");
        assert_eq!(told(&of_gnome(&auto)), ["autoconfig-url 0: a script"]);
        assert_eq!(
            told(&of_gnome(&text.replace("'manual'", "'none'"))),
            [""; 0]
        );
    }
}
