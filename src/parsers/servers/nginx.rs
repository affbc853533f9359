//! nginx's configuration: what it listens on, and where it passes requests on to.

mod directives;

use super::{default, service};
use crate::facts::{Claims, Expectation, Proto, Service, SetBy};
use crate::parsers::context::{Context, folder, name};
use crate::parsers::pointers::{self, Setting, is_here, is_one_word, parts};
use crate::parsers::servers::in_container;
use directives::{Directive, Word};

/// Folders whose `.conf` files are nginx's.
const FOLDERS: &[&str] = &["conf.d", "sites-enabled", "sites-available", "nginx"];

/// Directives that name another server.
const PASSES: &[&str] = &[
    "proxy_pass",
    "grpc_pass",
    "fastcgi_pass",
    "uwsgi_pass",
    "scgi_pass",
    "memcached_pass",
];

/// Whether this may be nginx's file.
pub fn takes(name: &str) -> bool {
    name.ends_with(".conf") || name.ends_with(".nginx")
}

/// Adds what this file listens on and passes on to.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let parents = folder(path);
    let own = name(path) == "nginx.conf" || path.ends_with(".nginx");
    if !own && !parents.split('/').any(|part| FOLDERS.contains(&part)) {
        return;
    }
    let Some(text) = cx.text(path, claims) else {
        return;
    };
    let top = match directives::parse(path, &text) {
        Ok(top) => top,
        Err(broken) => {
            // Another program's file of the same ending is no broken one of nginx's.
            if own {
                claims.broken.push(broken);
            }
            return;
        }
    };
    let inside = in_container(cx, parents, "nginx");
    let mut all = Vec::new();
    flatten(&top, &mut all);
    pass_on(&all, inside, claims);
    if !inside && let Some(made) = listens(&all, path, claims) {
        claims.services.push(made);
    }
}

/// Every directive, those in blocks behind the one that has the block.
fn flatten<'a>(directives: &'a [Directive], all: &mut Vec<&'a Directive>) {
    // A file's depth is bounded where it is read.
    for directive in directives {
        all.push(directive);
        flatten(&directive.block, all);
    }
}

fn listens(all: &[&Directive], path: &str, claims: &Claims) -> Option<Service> {
    let mut servers = all.iter().filter(|directive| directive.is("server"));
    let first = servers.find(|server| server.has_block)?;
    let parents = folder(path);
    let start = ["nginx", "-p", ".", "-c", name(path)];
    let mut made = service("nginx", parents, &first.name.origin, &start);
    made.name = "nginx".to_owned();
    // One nginx reads many files.
    if claims.services.iter().any(|told| told.name == made.name) {
        made.name = path.to_owned();
    }
    made.framework = Some("nginx".to_owned());
    for server in all.iter().filter(|d| d.is("server") && d.has_block) {
        let listen: Vec<_> = server.block.iter().filter(|d| d.is("listen")).collect();
        if listen.is_empty() && server.block.iter().any(|d| d.is("location")) {
            made.expects.push(default(80, &server.name.origin));
        }
        for directive in listen {
            if let Some(wanted) = directive
                .words
                .first()
                .and_then(|word| wants(word, directive))
            {
                let same = |told: &Expectation| {
                    told.port == wanted.port && told.protocol == wanted.protocol
                };
                if !made.expects.iter().any(same) {
                    made.expects.push(wanted);
                }
            }
        }
    }
    (!made.expects.is_empty()).then_some(made)
}

/// What one `listen` says: `80`, `127.0.0.1:8080`, `[::]:80`, `localhost`.
fn wants(word: &Word, directive: &Directive) -> Option<Expectation> {
    let text = word.text.as_str();
    if text.starts_with("unix:") {
        return None;
    }
    let (host, port) = match text.parse::<u16>() {
        Ok(port) => (None, port),
        Err(_) => {
            let (host, port) = parts(text)?;
            (Some(host), port.unwrap_or(80))
        }
    };
    let quic = directive
        .words
        .iter()
        .any(|word| word.text == "quic" || word.text == "udp");
    Some(Expectation {
        port: Some(port),
        host: host.map(str::to_owned),
        protocol: if quic { Proto::Udp } else { Proto::Tcp },
        origin: word.origin.clone(),
        by: SetBy::Config,
        key: "listen".to_owned(),
        written: word.text.clone(),
        host_origin: host.map(|_| word.origin.clone()),
        // Which files the running one reads is not known.
        certain: false,
        ..Expectation::default()
    })
}

/// Adds the servers that are named: by a directive that passes on, or in an `upstream`.
fn pass_on(all: &[&Directive], inside: bool, claims: &mut Claims) {
    let upstreams: Vec<&str> = all
        .iter()
        .filter(|directive| directive.is("upstream") && directive.has_block)
        .filter_map(|directive| Some(directive.words.first()?.text.as_str()))
        .collect();
    let wanted = |host: &str| is_here(host) || is_one_word(host);
    for directive in all {
        let mut named: Vec<(String, String, &Word)> = Vec::new();
        if PASSES.contains(&directive.name.text.as_str()) {
            let key = directive.name.text.clone();
            named.extend(directive.words.first().map(|word| {
                let plain = key == "proxy_pass" || word.text.contains("://");
                let scheme = if plain { "" } else { "fastcgi://" };
                (key, format!("{scheme}{}", word.text), word)
            }));
        } else if directive.is("upstream") {
            let name = directive
                .words
                .first()
                .map_or("", |word| word.text.as_str());
            for server in directive.block.iter().filter(|d| d.is("server")) {
                named.extend(server.words.first().map(|word| {
                    let key = format!("upstream {name}");
                    (key, format!("http://{}", word.text), word)
                }));
            }
        }
        for (key, value, word) in named {
            let setting = Setting {
                service: "",
                key: &key,
                value: &value,
                origin: &word.origin,
                written: &word.text,
                inside,
            };
            let mut found =
                pointers::of(&setting, &|host| wanted(host) && !upstreams.contains(&host));
            for pointer in &mut found {
                // That scheme only says that there is no other.
                if pointer.scheme.as_deref() == Some("fastcgi") || key.starts_with("upstream") {
                    pointer.scheme = None;
                }
            }
            claims.pointers.extend(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    const TEXT: &str = "events {}\nhttp {\n  upstream api { server 127.0.0.1:4000 weight=2; server unix:/tmp/x; }\n  server {\n    listen 8080 default_server;\n    listen [::]:8080;\n    listen 127.0.0.1:8443 ssl; # tls\n    location /a { proxy_pass http://api/; }\n    location /b { proxy_pass http://localhost:5000/v1; }\n    location ~ \\.php$ { fastcgi_pass php:9000; }\n    location /c { proxy_pass http://$backend; set $x '}'; }\n  }\n}\n";

    fn pointers(files: &Held) -> Vec<String> {
        let claims = files.claims();
        let told = claims.pointers.iter().map(|p| {
            format!(
                "{} {} {}:{} [{}] {}",
                p.origin, p.key, p.host, p.port, p.written, p.inside
            )
        });
        told.collect()
    }

    #[test]
    fn what_it_listens_on_and_passes_on_to() {
        let files = Held::new([("ops/nginx.conf", TEXT)]);
        let claims = files.claims();
        let told: Vec<_> = claims.services[0]
            .expects
            .iter()
            .map(|e| format!("{} {:?} {:?} {}", e.origin, e.port, e.host, e.written))
            .collect();
        assert_eq!(
            told,
            [
                "ops/nginx.conf:5:12 Some(8080) None 8080",
                "ops/nginx.conf:7:12 Some(8443) Some(\"127.0.0.1\") 127.0.0.1:8443",
            ]
        );
        assert_eq!(
            pointers(&files),
            [
                "ops/nginx.conf:3:25 upstream api 127.0.0.1:4000 [127.0.0.1:4000] false",
                "ops/nginx.conf:9:37 proxy_pass localhost:5000 [localhost:5000] false",
                "ops/nginx.conf:10:38 fastcgi_pass php:9000 [php:9000] false",
            ]
        );
    }

    #[test]
    fn in_a_container_its_ports_are_the_containers() {
        let files = Held::new([
            ("ops/nginx.conf", TEXT),
            (
                "Dockerfile",
                "FROM nginx:1\nCOPY ops/nginx.conf /etc/nginx/\n",
            ),
        ]);
        let claims = files.claims();
        assert!(claims.services.is_empty(), "{claims:?}");
        assert!(claims.pointers.iter().all(|pointer| pointer.inside));
    }

    #[test]
    fn other_files_of_that_ending_are_left_alone() {
        let files = Held::new([("redis.conf", "port 6379\n"), ("conf.d/a.conf", "a {\n")]);
        assert_eq!(files.claims(), Default::default());
        let broken = Held::new([("nginx.conf", "http {\n  server {\n")]).claims();
        assert_eq!(broken.broken[0].origin.to_string(), "nginx.conf:2:3");
    }
}
