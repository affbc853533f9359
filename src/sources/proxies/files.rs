//! The files of tools.

use serde_json::Value;

use super::setting;
use crate::facts::{ProxySetting, ProxyUser, clean};
use crate::sources::ini;

/// `~/.gitconfig`: `http.proxy`, and that of one remote.
pub(super) fn git(text: &str) -> Vec<ProxySetting> {
    let proxy = |one: &ini::Entry<'_>| {
        let section = one.section.to_ascii_lowercase();
        let own = section == "http" || section.starts_with("http ");
        own && one.key.eq_ignore_ascii_case("proxy")
    };
    ini::entries(text)
        .filter(proxy)
        .filter_map(|one| {
            let key = match one.section.split_once(' ') {
                None => "http.proxy".to_owned(),
                Some((_, url)) => format!("http.{}.proxy", without_user(url.trim_matches('"'))),
            };
            setting(ProxyUser::Git, &key, one.value, one.line)
        })
        .collect()
}

/// A URL without the user and the password in it.
fn without_user(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    format!("{scheme}://{rest}")
}

/// `~/.npmrc`: `proxy`, `https-proxy` and `noproxy`.
pub(super) fn npm(text: &str) -> Vec<ProxySetting> {
    let except = ini::entries(text)
        .find(|one| one.key == "noproxy")
        .map_or(Vec::new(), |one| list(one.value, ','));
    ini::entries(text)
        .filter(|one| matches!(one.key, "proxy" | "https-proxy" | "http-proxy"))
        .filter(|one| !matches!(one.value, "null" | "false"))
        .filter_map(|one| {
            Some(ProxySetting {
                except: except.clone(),
                ..setting(ProxyUser::Npm, one.key, one.value, one.line)?
            })
        })
        .collect()
}

/// `pip.conf`: `proxy` of any section.
pub(super) fn pip(text: &str) -> Vec<ProxySetting> {
    ini::entries(text)
        .filter(|one| one.key == "proxy")
        .filter_map(|one| {
            let key = format!("{}.proxy", one.section);
            setting(ProxyUser::Pip, &key, one.value, one.line)
        })
        .collect()
}

/// `~/.docker/config.json`: the variables that its client gives to containers.
pub(super) fn docker(text: &str) -> Vec<ProxySetting> {
    let Ok(config) = serde_json::from_str::<Value>(text) else {
        return Vec::new();
    };
    let engines = config.get("proxies").and_then(Value::as_object);
    let mut found = Vec::new();
    for (engine, proxies) in engines.into_iter().flatten() {
        let value = |key: &str| proxies.get(key).and_then(Value::as_str);
        let except = value("noProxy").map_or(Vec::new(), |value| list(value, ','));
        for key in ["httpProxy", "httpsProxy", "allProxy"] {
            let named = format!("proxies.{engine}.{key}");
            let line = line_of(text, &format!("\"{key}\""));
            let one = value(key).and_then(|value| setting(ProxyUser::Docker, &named, value, line));
            found.extend(one.map(|one| ProxySetting {
                except: except.clone(),
                ..one
            }));
        }
    }
    found
}

/// The line on which a word stands first, from 1; 0 where it does not.
fn line_of(text: &str, word: &str) -> u32 {
    let found = text.lines().zip(1..).find(|(line, _)| line.contains(word));
    found.map_or(0, |(_, line)| line)
}

/// What Java never asks a proxy for (`sun.net.spi.DefaultProxySelector`).
const JAVA_EXCEPTS: &str = "localhost|127.*|[::1]|0.0.0.0|[::0]";

/// `JAVA_TOOL_OPTIONS`: `-Dhttp.proxyHost=proxy -Dhttp.proxyPort=3128`.
pub(super) fn java(options: &str) -> Vec<ProxySetting> {
    let property = |name: &str| {
        let mut words = options.split_whitespace();
        let wanted = format!("-D{name}=");
        let value = words.find_map(|word| word.strip_prefix(&wanted))?;
        Some(value.trim_matches(['"', '\'']).to_owned())
    };
    // The own exceptions come on top of Java's; a list that is set to nothing is none.
    let except = match property("http.nonProxyHosts") {
        Some(own) if own.is_empty() => own,
        Some(own) => format!("{own}|{JAVA_EXCEPTS}"),
        None => JAVA_EXCEPTS.to_owned(),
    };
    // Its entries are taken as they are, with the blanks around them.
    let except: Vec<String> = except
        .split('|')
        .filter(|entry| !entry.is_empty())
        .map(clean)
        .collect();
    let one = |scheme: &str, port: &str| {
        let key = format!("{scheme}.proxyHost");
        let host = property(&key)?;
        let port = property(&format!("{scheme}.proxyPort")).unwrap_or_else(|| port.to_owned());
        let found = setting(ProxyUser::Java, &key, &format!("http://{host}:{port}"), 0)?;
        Some(ProxySetting {
            place: "JAVA_TOOL_OPTIONS".to_owned(),
            except: except.clone(),
            ..found
        })
    };
    [one("http", "80"), one("https", "443")]
        .into_iter()
        .flatten()
        .collect()
}

/// The entries of a list.
pub(super) fn list(value: &str, by: char) -> Vec<String> {
    let entries = value.split(by).map(|entry| clean(entry.trim()));
    entries.filter(|entry| !entry.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(found: &[ProxySetting]) -> Vec<String> {
        let told = found.iter().map(|one| {
            let except = one.except.join(" ");
            format!(
                "{}:{} {}://{}:{} [{except}]",
                one.key, one.line, one.scheme, one.host, one.port
            )
        });
        told.collect()
    }

    #[test]
    fn the_proxies_of_git() {
        let text = "[user]\n\tname = me\n[http]\n\tproxy = http://me:secret@127.0.0.1:7890\n\
                    [http \"https://me:secret@x.test\"]\n\tproxy = socks5h://[::1]:1080\n\
                    [HTTP]\nsslVerify = false\n";
        let found = git(text);
        assert_eq!(
            told(&found),
            [
                "http.proxy:4 http://127.0.0.1:7890 []",
                "http.https://x.test.proxy:6 socks5h://::1:1080 []"
            ]
        );
        assert!(!format!("{found:?}").contains("secret"));
    }

    #[test]
    fn the_proxies_of_npm_pip_docker_and_java() {
        let text = "registry=https://r\nproxy=http://p:8080/\nhttps-proxy=null\nnoproxy=localhost, .corp\n";
        assert_eq!(
            told(&npm(text)),
            ["proxy:2 http://p:8080 [localhost .corp]"]
        );
        let text = "[global]\nindex-url = https://x\nproxy = user:secret@p:3128\n";
        assert_eq!(told(&pip(text)), ["global.proxy:3 http://p:3128 []"]);
        let text = "{\n \"auths\": {},\n \"proxies\": { \"default\": {\n  \"httpProxy\": \"http://p:3128\",\n  \"noProxy\": \"localhost,db\"\n } }\n}\n";
        assert_eq!(
            told(&docker(text)),
            ["proxies.default.httpProxy:4 http://p:3128 [localhost db]"]
        );
        assert!(docker("{").is_empty() && docker("[]").is_empty());
        let options = "-Xmx1g -Dhttp.proxyHost=p -Dhttp.proxyPort=3128 -Dhttps.proxyHost=q";
        assert_eq!(
            told(&java(options)),
            [
                "http.proxyHost:0 http://p:3128 [localhost 127.* [::1] 0.0.0.0 [::0]]",
                "https.proxyHost:0 http://q:443 [localhost 127.* [::1] 0.0.0.0 [::0]]"
            ]
        );
        // The own ones come first, with Java's after them, and nothing sets both to nothing.
        let except = |list: &str| {
            let options = format!("-Dhttp.proxyHost=p -Dhttp.nonProxyHosts={list}");
            java(&options)[0].except.join(" ")
        };
        assert_eq!(
            except("\"*.corp|a\""),
            "*.corp a localhost 127.* [::1] 0.0.0.0 [::0]"
        );
        assert_eq!(except(""), "");
        assert!(java("-Dhttp.proxyPort=1").is_empty());
    }
}
