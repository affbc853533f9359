//! Any snapshot at all, drawn from bytes.
//!
//! Everything is picked from small pools, so that ports, addresses and pids of
//! different parts meet by chance; fewer bytes and smaller bytes make simpler
//! snapshots, so a failing one is shrunk by itself.

use std::net::{IpAddr, SocketAddr};

use devdoctor::facts::*;

/// Words that names, paths and banners are made of. Some are hostile.
const WORDS: &[&str] = &[
    "",
    "node",
    "vite",
    "docker-proxy",
    "/srv/shop",
    "/srv/shop/api",
    "localhost",
    "db",
    "\u{1b}[31mred\u{1b}[0m",
    "two\nlines\rhere",
    "\u{202e}txt.exe",
    "'; rm -rf / #",
    "日本",
    "0",
    "-rf",
];

const IPS: &[&str] = &[
    "127.0.0.1",
    "::1",
    "0.0.0.0",
    "::",
    "192.168.1.5",
    "10.9.9.9",
    "::ffff:127.0.0.1",
    "::ffff:0.0.0.0",
    "fe80::1",
    "127.0.0.53",
    "255.255.255.255",
    "203.0.113.9",
    "2001:db8::9",
    "1.1.1.1",
];

const PORTS: &[u16] = &[3000, 3001, 5432, 80, 6000, 8080, 1, 65535];

const TARGETS: &[&str] = &[
    "3000",
    "3001",
    "localhost:3000",
    "127.0.0.1:3000",
    "[::1]:3000",
    "0.0.0.0:3000",
    "[::]:3000",
    "192.168.1.5:3000",
    "10.9.9.9:3000",
    "db:5432",
    "http://localhost:3000/x",
    "https://localhost:3000",
    "ws://localhost:3000",
    "postgres://db/x",
    "redis://localhost:3000",
    "http://localhost:6000",
    "http://0.0.0.0:8080",
    "65535",
    "http://shop.com",
    "https://shop.com:3000",
    "app.localhost:3000",
];

/// Bytes that decide; when they are used up every decision is the simplest.
pub struct Draw<'a> {
    bytes: std::slice::Iter<'a, u8>,
}

impl<'a> Draw<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Draw {
            bytes: bytes.iter(),
        }
    }

    fn byte(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or(0)
    }

    fn flag(&mut self) -> bool {
        self.byte() % 2 == 1
    }

    fn pick<T: Clone>(&mut self, pool: &[T]) -> T {
        pool[usize::from(self.byte()) % pool.len()].clone()
    }

    fn number(&mut self) -> u64 {
        let far = [
            0,
            1,
            2,
            40,
            119,
            999,
            65_536,
            u64::from(u32::MAX),
            i64::MAX.unsigned_abs(),
        ];
        self.pick(&far)
    }

    fn small(&mut self) -> u32 {
        u32::try_from(self.number()).unwrap_or(u32::MAX)
    }

    fn word(&mut self) -> String {
        self.pick(WORDS).to_owned()
    }

    fn ip(&mut self) -> IpAddr {
        self.pick(IPS).parse().expect("the pool holds addresses")
    }

    fn port(&mut self) -> u16 {
        self.pick(PORTS)
    }

    fn at(&mut self) -> SocketAddr {
        SocketAddr::new(self.ip(), self.port())
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.flag().then(|| make(self))
    }

    fn many<T>(&mut self, make: impl Fn(&mut Self) -> T) -> Vec<T> {
        let count = self.byte() % 4;
        (0..count).map(|_| make(self)).collect()
    }

    fn gap(&mut self) -> Gap {
        let words = self.word();
        self.pick(&[
            Gap::NotAsked,
            Gap::Forbidden,
            Gap::NotRunning,
            Gap::Unsupported,
            Gap::TooSlow,
            Gap::Failed(words),
        ])
    }

    fn known<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Known<T> {
        if self.byte() % 4 == 3 {
            Known::Unseen(self.gap())
        } else {
            Known::Seen(make(self))
        }
    }

    pub fn target(&mut self) -> Target {
        self.pick(TARGETS).parse().expect("the pool holds targets")
    }

    fn id(&mut self) -> ProcId {
        ProcId {
            pid: self.pick(&[812, 813, 1, 0, u32::MAX]),
            started: self.pick(&[5, 6]),
        }
    }

    fn proto(&mut self) -> Proto {
        self.pick(&[Proto::Tcp, Proto::Tcp, Proto::Udp])
    }

    fn listener(&mut self) -> Listener {
        Listener {
            proto: self.proto(),
            owners: self.known(|d| d.many(Self::id)),
            uid: self.maybe(Self::small),
            v6only: self.known(Self::flag),
            queue: self.known(|d| Queue {
                waiting: d.small(),
                limit: d.small(),
            }),
            cgroup: self.maybe(Self::word),
            interface: self.maybe(Self::small),
            inode: self.number(),
            netns: self.maybe(Self::number),
            ..Listener::at(self.at())
        }
    }

    fn browsers(&mut self) -> Browsers {
        Browsers {
            safari: self.maybe(Self::gap),
            searched: self.many(Self::word),
            profiles: self.many(Self::browser_profile),
            policies: self.known(|d| {
                d.many(|d| BrowserPolicy {
                    browser: d.word(),
                    effect: d.pick(&[
                        PolicyEffect::Blocks,
                        PolicyEffect::Proxies,
                        PolicyEffect::DeniesSites,
                    ]),
                    setting: d.word(),
                    value: d.word(),
                    file: d.word(),
                })
            }),
        }
    }

    fn browser_setting(&mut self) -> BrowserSetting {
        BrowserSetting {
            setting: self.word(),
            private: self.flag(),
            managed: self.flag(),
            file: self.word(),
        }
    }

    fn browser_profile(&mut self) -> BrowserProfile {
        BrowserProfile {
            browser: self.word(),
            gecko: self.flag(),
            name: self.word(),
            version: self.maybe(|d| d.pick(&[0, 141, 142, u32::MAX])),
            hsts: self.known(|d| {
                d.many(|d| HstsEntry {
                    host: d.word(),
                    left_s: d.number(),
                    container: d.maybe(Self::word),
                    file: d.word(),
                })
            }),
            https_only: self.known(|d| d.many(Self::browser_setting)),
            ipv4_only: self.known(|d| d.many(Self::browser_setting)),
            redirects: self.known(|d| {
                d.many(|d| CachedRedirect {
                    url: d.word(),
                    status: d.pick(&[301, 308, 0]),
                    location: d.word(),
                    age_s: d.maybe(Self::number),
                    container: d.maybe(Self::word),
                    file: d.word(),
                })
            }),
            workers: self.known(|d| {
                d.many(|d| ServiceWorker {
                    scope: d.word(),
                    script: d.word(),
                    container: d.maybe(Self::word),
                    file: d.word(),
                })
            }),
            proxy: self.known(|d| {
                d.many(|d| BrowserProxy {
                    server: d.word(),
                    pac: d.flag(),
                    takes: d.flag(),
                    file: d.word(),
                })
            }),
            extensions: self.known(|d| {
                d.many(|d| BrowserExtension {
                    name: d.word(),
                    permission: d.word(),
                    file: d.word(),
                })
            }),
            denied: self.known(|d| {
                d.many(|d| DeniedSite {
                    site: d.word(),
                    setting: d.word(),
                    container: d.maybe(Self::word),
                    file: d.word(),
                })
            }),
        }
    }

    fn framework(&mut self) -> String {
        let mut rows = devdoctor::facts::catalogue().frameworks();
        match rows.nth(usize::from(self.byte())) {
            Some(row) => row.key.clone(),
            None => self.word(),
        }
    }

    fn process(&mut self) -> Process {
        Process {
            id: self.id(),
            parent: self.pick(&[0, 1, 812, 813]),
            comm: self.word(),
            name: self.word(),
            framework: self.maybe(Self::framework),
            argv: self.known(|d| d.many(Self::word)),
            exe: self.known(Self::word),
            exe_deleted: self.flag(),
            cwd: self.known(Self::word),
            project: self.maybe(Self::word),
            state: self.pick(&[
                ProcState::Sleeping,
                ProcState::Running,
                ProcState::Blocked,
                ProcState::Stopped,
                ProcState::Traced,
                ProcState::Zombie,
            ]),
            uid: self.small(),
            user: self.maybe(Self::word),
            tracer: self.maybe(Self::small),
            terminal: self.flag(),
            fds: self.known(|d| FdUse {
                open: d.number(),
                limit: d.number(),
            }),
            cpu: self.known(|d| CpuUse {
                used_ms: u64::from(d.small()),
                over_ms: u64::from(d.small()),
            }),
            age_s: self.number(),
            ports_set: self
                .maybe(|d| (d.pick(&["PORT", "FLASK_RUN_PORT"]).to_owned(), d.port()))
                .into_iter()
                .collect(),
            cgroup: self.maybe(Self::word),
            oldest_child_s: self.maybe(Self::number),
        }
    }

    fn publish(&mut self) -> Publish {
        Publish {
            host_ip: self.maybe(Self::ip),
            host_port: self.maybe(Self::port),
            container_port: self.port(),
            proto: self.proto(),
        }
    }

    fn engine_kind(&mut self) -> EngineKind {
        self.pick(&[EngineKind::Docker, EngineKind::Podman])
    }

    fn container(&mut self) -> Container {
        Container {
            id: self.word(),
            name: self.word(),
            image: self.word(),
            engine: self.engine_kind(),
            state: self.pick(&[
                ContainerState::Running,
                ContainerState::Created,
                ContainerState::Paused,
                ContainerState::Restarting,
                ContainerState::Exited,
                ContainerState::Removing,
                ContainerState::Dead,
            ]),
            exit_code: self.maybe(|d| d.pick(&[0, 1, 137, 139, -1, i64::MIN])),
            oom_killed: self.flag(),
            error: self.maybe(Self::word),
            health: self.maybe(|d| d.pick(&["starting", "healthy", "unhealthy", ""]).to_owned()),
            restarts: self.small(),
            restart_policy: self.maybe(|d| d.pick(&["no", "always", "on-failure"]).to_owned()),
            started_s: self.maybe(Self::number),
            finished_s: self.maybe(Self::number),
            pid: self.maybe(Self::small),
            wants: self.many(Self::publish),
            published: self.many(Self::publish),
            exposed: self.many(|d| PortSpec {
                port: d.port(),
                proto: d.proto(),
            }),
            network_mode: self
                .pick(&["bridge", "host", "none", "shop_default"])
                .to_owned(),
            networks: self.many(|d| Network {
                name: d.word(),
                ip: d.maybe(Self::ip),
                gateway: d.maybe(Self::ip),
                internal: d.known(Self::flag),
            }),
            compose: self.maybe(|d| Compose {
                project: d.word(),
                service: d.word(),
                working_dir: d.maybe(Self::word),
                config_files: d.many(Self::word),
                depends_on: d.many(|d| Dependency {
                    service: d.word(),
                    condition: d
                        .pick(&["service_started", "service_healthy", ""])
                        .to_owned(),
                }),
            }),
            inside: self.known(|d| d.many(Self::listener)),
            log_tail: self.known(|d| d.many(Self::word)),
            failed_dials: self.many(|d| FailedDial {
                host: d.called(),
                port: d.maybe(Self::port),
                how: d.pick(&[
                    DialFailure::Refused,
                    DialFailure::Unresolved,
                    DialFailure::TimedOut,
                ]),
                line: d.word(),
            }),
            dials: self.many(|d| Dialled {
                by: d.word(),
                host: d.called(),
                port: d.port(),
            }),
            extra_hosts: self.many(|d| {
                d.pick(&["host.docker.internal:host-gateway", ":"])
                    .to_owned()
            }),
            endpoint: self
                .pick(&["", "unix:///var/run/docker.sock", "ssh://box"])
                .to_owned(),
            takes: self.known(Self::flag),
            command: self.many(Self::word),
            framework: self.maybe(Self::framework),
        }
    }

    fn called(&mut self) -> String {
        self.pick(&[
            "localhost",
            "127.0.0.1",
            "::1",
            "host.docker.internal",
            "db",
            "10.9.9.9",
        ])
        .to_owned()
    }

    fn next_door(&mut self) -> NextDoor {
        NextDoor {
            host: self.called(),
            service: self.maybe(Self::word),
            takes: self.maybe(Self::flag),
        }
    }

    fn origin(&mut self) -> Origin {
        Origin {
            file: self
                .pick(&[
                    "package.json",
                    "apps/web/vite.config.ts",
                    "compose.yaml",
                    "",
                ])
                .to_owned(),
            line: self.pick(&[1, 6, 0, u32::MAX]),
            column: self.pick(&[1, 9, 0]),
        }
    }

    fn expectation(&mut self) -> Expectation {
        Expectation {
            port: self.maybe(Self::port),
            host: self.maybe(|d| d.pick(&["localhost", "0.0.0.0", "'; rm"]).to_owned()),
            protocol: self.proto(),
            target: self.maybe(Self::port),
            origin: self.origin(),
            by: self.pick(&[
                SetBy::Default,
                SetBy::Flag,
                SetBy::Variable,
                SetBy::EnvFile,
                SetBy::Config,
            ]),
            key: self
                .pick(&["", "PORT", "server.port", "\u{1b}[31m"])
                .to_owned(),
            written: self
                .pick(&["3000", "", "\"${PORT:-3000}:80\"", "\u{202e}3000", "13000"])
                .to_owned(),
            host_origin: self.maybe(Self::origin),
            certain: self.flag(),
        }
    }

    fn service(&mut self) -> Service {
        Service {
            name: self.word(),
            folder: self.pick(&["", "api", "web", "../x"]).to_owned(),
            origin: self.origin(),
            framework: self.maybe(Self::framework),
            runs: self.pick(&[Runs::Process, Runs::Container]),
            start: self.many(|d| d.pick(&["npm", "run", "dev", "--", "\u{1b}[0m"]).to_owned()),
            expects: self.many(Self::expectation),
            unknown: self.many(|d| UnknownSetting {
                key: d.word(),
                origin: d.origin(),
                why: d.word(),
            }),
            strict: self.maybe(Self::origin),
            profiles: self.many(Self::word),
            profile_on: self.flag(),
            compose_project: self.maybe(Self::word),
            group: self.maybe(Self::word),
        }
    }

    fn claims(&mut self) -> Claims {
        Claims {
            services: self.many(Self::service),
            ignored: self.many(|d| IgnoredSetting {
                service: d.word(),
                framework: d.framework(),
                key: d.word(),
                port: d.maybe(Self::port),
                origin: d.origin(),
                why: d.word(),
            }),
            left_out: self.many(|d| LeftOut {
                path: d.word(),
                by_settings: d.flag(),
            }),
            pointers: self.many(|d| Pointer {
                service: d.word(),
                key: d.word(),
                scheme: d.maybe(|d| d.pick(&["http", "postgres"]).to_owned()),
                host: d.word(),
                port: d.port(),
                origin: d.origin(),
                written: d.word(),
                inside: d.flag(),
                paths: d.many(Self::word),
            }),
            broken: self.many(|d| BrokenFile {
                origin: d.origin(),
                what: d.word(),
            }),
            cut: self.flag(),
            changed_s: self.many(|d| (d.word(), d.number())).into_iter().collect(),
        }
    }

    fn protocol(&mut self) -> Protocol {
        self.pick(&[
            Protocol::Http,
            Protocol::Tls,
            Protocol::H2c,
            Protocol::Postgres,
            Protocol::Mysql,
            Protocol::Redis,
            Protocol::Mongodb,
            Protocol::Amqp,
            Protocol::Ssh,
            Protocol::Smtp,
            Protocol::Ftp,
            Protocol::Mqtt,
            Protocol::Kafka,
            Protocol::Other,
        ])
    }

    fn outcome(&mut self) -> Outcome {
        self.pick(&[
            Outcome::Refused,
            Outcome::Answered,
            Outcome::Connected,
            Outcome::Reset,
            Outcome::Closed,
            Outcome::Silent,
            Outcome::TimedOut,
            Outcome::Unreachable,
            Outcome::Denied,
            Outcome::Failed,
        ])
    }

    fn probe(&mut self) -> Probe {
        Probe {
            to: self.at(),
            outcome: self.outcome(),
            errno: self.maybe(|d| d.pick(&[111, 101, 113, 0, i32::MIN])),
            took_us: self.number(),
            greeting: self.known(|d| Greeting {
                asked: d.protocol(),
                spoken: d.maybe(Self::protocol),
                text: d.word(),
                http: d.maybe(|d| Http {
                    status: d.pick(&[200, 302, 403, 404, 502, 511, 0, 65535]),
                    server: d.maybe(Self::word),
                    location: d.maybe(Self::word),
                    sets_cookie: d.flag(),
                    via: d.maybe(Self::word),
                    tunnel_error: d.maybe(|d| {
                        d.pick(&["ERR_NGROK_8012", "ERR_NGROK_3200", "ERR_NGROK_", ""])
                            .to_owned()
                    }),
                    body_start: d.word(),
                }),
                tls: d.maybe(Self::tls),
                refusal: d.maybe(|d| {
                    d.pick(&[
                        "57P03 starting up",
                        "DENIED Redis",
                        "1040 Too many",
                        "",
                        "-x",
                    ])
                    .to_owned()
                }),
                sends_to: d.many(|d| d.pick(&["db:9092", "localhost:3001", ":", ""]).to_owned()),
            }),
        }
    }

    fn tunnel_agent(&mut self) -> TunnelAgent {
        TunnelAgent {
            by: self.maybe(Self::id),
            kind: self.pick(&["ngrok", "cloudflared", ""]).to_owned(),
            names: self.known(|d| {
                d.many(|d| PublicName {
                    name: d.pick(&["a1.ngrok.io", "shop.example.com", ""]).to_owned(),
                    to: d
                        .pick(&["http://localhost:3000", "", "http://me:pw@x:1/"])
                        .to_owned(),
                })
            }),
        }
    }

    fn onward(&mut self) -> Onward {
        Onward {
            port: self.port(),
            by: self.maybe(Self::id),
            carries: self.pick(&[
                Carries::Bytes,
                Carries::Socks,
                Carries::Requests,
                Carries::Tunnel,
            ]),
            host: self.maybe(|d| {
                d.pick(&["127.0.0.1", "localhost", "::1", "'; rm"])
                    .to_owned()
            }),
            to: self.maybe(Self::port),
            scheme: self.maybe(|d| d.pick(&["http", "https", "grpc"]).to_owned()),
            via: self.maybe(Self::word),
            said_by: match self.pick(&[0, 1, 2, 3, 4]) {
                4 => SaidBy::Agent { name: self.word() },
                0 => SaidBy::Argv,
                1 => SaidBy::Connection,
                2 => SaidBy::Kind,
                3 => SaidBy::Bridge,
                _ => SaidBy::File {
                    file: self.word(),
                    line: self.small(),
                    key: self.word(),
                },
            },
            peers: self.known(|d| d.many(Self::at)),
        }
    }

    fn redirect(&mut self) -> Redirect {
        Redirect {
            from: self.word(),
            status: self.pick(&[301, 302, 308, 0]),
            to: self
                .pick(&["https://localhost:3001/", "http://db/", "-rf", ""])
                .to_owned(),
            again: self.flag(),
            cookie: self.flag(),
            met: self.known(|d| d.many(Self::probe)),
        }
    }

    fn tls(&mut self) -> Tls {
        let second = |d: &mut Self| i64::try_from(d.number()).unwrap_or(i64::MAX);
        Tls {
            certificate: self.known(|d| Certificate {
                subject: d.word(),
                issuer: d
                    .pick(&["", "mkcert development CA", "Caddy Local Authority", "-rf"])
                    .to_owned(),
                self_signed: d.flag(),
                names: d.many(Self::word),
                for_host: d.known(Self::flag),
                not_before: d.word(),
                not_after: d.word(),
                begins_in_s: if d.flag() { second(d) } else { -second(d) },
                ends_in_s: if d.flag() { second(d) } else { -second(d) },
                sent: d.small(),
                trusted: d.known(Self::flag),
                store: d.word(),
                authorities: d.small(),
                dotnet: d.flag(),
                mkcert_root: d.maybe(Self::word),
                by_mkcert_root: d.flag(),
            }),
            alert: self.maybe(Self::word),
            only_http2: self.flag(),
        }
    }

    fn resolution(&mut self) -> Resolution {
        Resolution {
            addresses: self.known(|d| d.many(Self::ip)),
            dns: self.known(|d| d.many(Self::ip)),
            took_us: self.number(),
            error: self.maybe(|d| {
                let words = d.word();
                d.pick(&[
                    ResolveError::NotFound,
                    ResolveError::TryAgain,
                    ResolveError::Other(words),
                ])
            }),
            ..Resolution::unseen(
                self.pick(&["localhost", "db", "", "shop.com", "app.localhost"]),
                Gap::NotAsked,
            )
        }
    }

    fn dns_answer(&mut self) -> DnsAnswer {
        DnsAnswer {
            code: self.pick(&[
                DnsCode::Ok,
                DnsCode::NoSuchName,
                DnsCode::Failed,
                DnsCode::Refused,
                DnsCode::Other,
            ]),
            addresses: self.many(Self::ip),
            ttl_s: self.maybe(Self::small),
            signed: self.flag(),
            held_back: self.flag(),
            over_tcp: self.maybe(Self::outcome),
        }
    }

    fn names(&mut self) -> Names {
        Names {
            order: self.known(|d| Order {
                line: d.small(),
                text: d
                    .pick(&["files dns", "dns", "files resolve", "\u{1b}[31m"])
                    .to_owned(),
            }),
            servers: self.known(|d| {
                d.many(|d| NameServer {
                    at: d.at(),
                    file: d.word(),
                    line: d.small(),
                    upstream: d.flag(),
                    outcome: d.known(Self::outcome),
                    errno: d.maybe(|d| d.pick(&[111, 101, -1])),
                    said: d.maybe(Self::dns_answer),
                    took_us: d.number(),
                })
            }),
            search: self.many(Self::word),
            caches: self.many(|d| {
                d.pick(&[
                    NameCache::SystemdResolved,
                    NameCache::Nscd,
                    NameCache::Dnsmasq,
                ])
            }),
            hosts_marked: self.flag(),
        }
    }

    fn outside(&mut self) -> Outside {
        Outside {
            gateways: self.known(|d| {
                d.many(|d| Gateway {
                    ip: d.maybe(Self::ip),
                    ipv6: d.flag(),
                    interface: d.word(),
                    answers: d.known(Self::flag),
                    took_us: d.number(),
                })
            }),
            probes: self.many(Self::probe),
            portal: self.known(|d| PortalCheck {
                url: d.word(),
                status: d.pick(&[204, 302, 200, 511, 0]),
                location: d.maybe(|d| d.pick(&["http://portal.test/", "/", "//", ""]).to_owned()),
            }),
        }
    }

    fn host(&mut self) -> Host {
        Host {
            os: self.pick(&["linux", "macos", "windows", ""]).to_owned(),
            vantage: self.pick(&[
                Vantage::Machine,
                Vantage::Container,
                Vantage::Devcontainer,
                Vantage::Wsl,
                Vantage::Ssh,
                Vantage::Namespace,
            ]),
            user: User {
                uid: self.pick(&[0, 1000]),
                name: self.word(),
            },
            cwd: self.maybe(Self::word),
            addresses: self.known(|d| {
                d.many(|d| Address {
                    ip: d.ip(),
                    prefix: d.pick(&[8, 24, 128, 0, 255]),
                    interface: d.word(),
                    up: d.flag(),
                })
                .into()
            }),
            ipv6: self.known(Self::flag),
            hosts_file: self.known(|d| {
                d.many(|d| HostsEntry {
                    line: d.small(),
                    ip: d.ip(),
                    names: d.many(Self::word),
                })
                .into()
            }),
            bad_proxies: self.many(Self::word),
            proxies: self.many(|d| ProxyVariable {
                name: d
                    .pick(&["http_proxy", "HTTPS_PROXY", "all_proxy"])
                    .to_owned(),
                scheme: d.pick(&["http", "socks5"]).to_owned(),
                host: d.word(),
                port: d.port(),
                reachable: d.maybe(Self::flag),
            }),
            no_proxy: self.maybe(Self::word),
            firewall: self.known(Self::firewall),
            firewall_signs: self.many(Self::word),
            sockets_by: self.maybe(Self::word),
            reached_at: self.maybe(Self::at),
            no_proxy_capital: self.maybe(Self::word),
            node_obeys: self.flag(),
            proxy_settings: self.known(|d| {
                d.many(|d| ProxySetting {
                    by: d.pick(&[
                        ProxyUser::Gnome,
                        ProxyUser::Kde,
                        ProxyUser::Git,
                        ProxyUser::Npm,
                        ProxyUser::Pip,
                        ProxyUser::Docker,
                        ProxyUser::Java,
                    ]),
                    place: d.word(),
                    line: d.small(),
                    key: d.word(),
                    scheme: d.pick(&["http", ""]).to_owned(),
                    host: d.word(),
                    port: d.port(),
                    except: d.many(Self::word),
                    script: d.flag(),
                    reachable: d.maybe(Self::flag),
                })
            }),
            wsl: self.known(|d| Wsl {
                networking: d.pick(&[
                    WslNetworking::Nat,
                    WslNetworking::Mirrored,
                    WslNetworking::Virtioproxy,
                    WslNetworking::None,
                ]),
                localhost_forwarding: d.flag(),
                file: d.maybe(Self::word),
                line: d.maybe(Self::small),
                written: d.maybe(Self::word),
            }),
        }
    }

    fn connection(&mut self) -> Connection {
        Connection {
            at: self.at(),
            to: self.maybe(Self::at),
            state: self.pick(&[
                ConnectionState::Bound,
                ConnectionState::Connecting,
                ConnectionState::Established,
                ConnectionState::Closing,
                ConnectionState::TimeWait,
            ]),
            owners: self.known(|d| d.many(Self::id)),
            uid: self.maybe(Self::small),
            inode: self.number(),
            left_ms: self.maybe(Self::small),
        }
    }

    fn range(&mut self) -> PortRange {
        PortRange {
            first: self.pick(&[2950, 1, 32768, 65535]),
            last: self.pick(&[3049, 1, 60999, 65535]),
            by_hand: self.flag(),
        }
    }

    fn unit(&mut self) -> Unit {
        Unit {
            name: self
                .pick(&["redis-server.service", "web.socket", "\u{1b}[31m", ""])
                .to_owned(),
            manager: self.pick(&[
                Manager::Systemd,
                Manager::SystemdUser,
                Manager::Brew,
                Manager::Windows,
            ]),
            state: self.pick(&[
                UnitState::Active,
                UnitState::Starting,
                UnitState::Inactive,
                UnitState::Failed,
            ]),
            result: self.maybe(Self::word),
            exit_status: self.maybe(|d| d.pick(&[1, 0, 203, i32::MIN])),
            enabled: self.maybe(Self::flag),
            masked: self.flag(),
            starts: self.maybe(Self::word),
            named_in: self.maybe(Self::word),
        }
    }

    fn pid_file(&mut self) -> PidFile {
        PidFile {
            file: self.word(),
            framework: self.framework(),
            pid: self.maybe(|d| d.id().pid),
            holder: self.known(|d| d.many(Self::id)),
            age_s: self.number(),
        }
    }

    fn fate(&mut self) -> Fate {
        self.pick(&[
            Fate::Sent,
            Fate::Local,
            Fate::Blackhole,
            Fate::Prohibit,
            Fate::Unreachable,
            Fate::NoRoute,
            Fate::Unknown,
        ])
    }

    fn route_entry(&mut self) -> RouteEntry {
        RouteEntry {
            network: self.ip(),
            prefix: self.pick(&[0, 8, 16, 24, 128, 255]),
            table: self.pick(&[254, 255, 51820, 0]),
            fate: self.fate(),
            interface: self.maybe(Self::interface_name),
            gateway: self.maybe(Self::ip),
            metric: self.small(),
        }
    }

    fn interface_name(&mut self) -> String {
        self.pick(&["lo", "eth0", "tun0", "wg0", "br-1", "\u{1b}[31m"])
            .to_owned()
    }

    fn way(&mut self) -> Way {
        Way {
            routes: self.known(|d| {
                d.many(|d| Route {
                    to: d.ip(),
                    fate: d.fate(),
                    interface: d.maybe(Self::interface_name),
                    gateway: d.maybe(Self::ip),
                    entry: d.maybe(Self::route_entry),
                    rule: d.maybe(|d| PolicyRule {
                        priority: d.small(),
                        text: d.word(),
                        decides: d.flag(),
                    }),
                    shadowed: d.many(Self::route_entry),
                })
                .into()
            }),
            interfaces: self.known(|d| {
                d.many(|d| Interface {
                    name: d.interface_name(),
                    kind: d.maybe(|d| d.pick(&["loopback", "tun", "bridge", ""]).to_owned()),
                    up: d.flag(),
                })
                .into()
            }),
            ports: self.known(|d| SourcePorts {
                to: d.maybe(Self::at),
                low: d.port(),
                high: d.port(),
                reserved: d.small(),
                taken: d.small(),
                waiting: d.small(),
                unclosed: d.small(),
                holders: d.many(|d| PortHolder {
                    pid: d.small(),
                    name: d.word(),
                    count: d.small(),
                }),
            }),
            tracking: self.known(|d| Tracking {
                count: d.number(),
                max: d.number(),
                dropped: d.maybe(Self::number),
            }),
            confinement: self.known(|d| Confinement {
                seccomp: d.flag(),
                no_new_privileges: d.flag(),
                label: d.maybe(Self::word),
                own_processes: d.flag(),
                to_itself: d.known(|d| d.pick(&[0, 1, 13, 97, i32::MIN])),
            }),
            arriving: self.known(Self::firewall),
            limits: self.known(|d| d.many(Self::unit_limits).into()),
            policy: self.known(|d| Policy {
                selinux: d.flag(),
                apparmor: d.flag(),
                label: d.maybe(|d| d.pick(&["a:b:httpd_t:s0", "shop", "", ":::"]).to_owned()),
                web_may_connect: d.maybe(Self::flag),
                denials: d.known(|d| d.many(Self::denial)),
            }),
        }
    }

    fn unit_limits(&mut self) -> UnitLimits {
        UnitLimits {
            unit: self
                .pick(&["redis-server.service", "system.slice", "a.scope", ""])
                .to_owned(),
            manager: Manager::Systemd,
            whose: self.pick(&[Whose::Server, Whose::Client, Whose::Missing]),
            settings: self.many(|d| UnitSetting {
                key: d
                    .pick(&[
                        "IPAddressDeny",
                        "IPAddressAllow",
                        "SocketBindDeny",
                        "SocketBindAllow",
                        "RestrictAddressFamilies",
                        "PrivateNetwork",
                    ])
                    .to_owned(),
                value: d
                    .pick(&[
                        "any",
                        "localhost",
                        "10.0.0.0/8 ::1",
                        "1.2.3.4/99",
                        "AF_UNIX",
                        "~AF_INET",
                        "tcp:3000",
                        "yes",
                        "\u{1b}[31m",
                        "",
                    ])
                    .to_owned(),
                file: d.maybe(Self::word),
                line: d.maybe(Self::small),
            }),
        }
    }

    fn denial(&mut self) -> Denial {
        Denial {
            by: self.pick(&[Module::Selinux, Module::Apparmor]),
            operation: self
                .pick(&["name_bind", "name_connect", "bind", "connect", ""])
                .to_owned(),
            pid: self.small(),
            comm: self.word(),
            profile: self
                .pick(&["httpd_t", "/usr/sbin/shop", "node", ""])
                .to_owned(),
            port: self.maybe(Self::port),
            port_type: self.maybe(Self::word),
            ago_s: self.maybe(|d| d.pick(&[0, 29, 31, 90_000, u64::MAX])),
            text: self.word(),
        }
    }

    fn firewall(&mut self) -> Firewall {
        Firewall {
            rules: self.many(|d| FirewallRule {
                table: d.word(),
                chain: d.word(),
                handle: d.maybe(Self::number),
                text: d.word(),
                verdict: d.pick(&[
                    FirewallVerdict::Accept,
                    FirewallVerdict::Reject,
                    FirewallVerdict::Drop,
                    FirewallVerdict::Redirect,
                ]),
                counted: d.maybe(Self::number),
                names_port: d.flag(),
                conditional: d.flag(),
                manager: d.maybe(|d| d.pick(&["ufw", "firewalld", ""]).to_owned()),
            }),
            read_by: self.word(),
        }
    }

    pub fn snapshot(&mut self) -> Snapshot {
        Snapshot {
            probes: self.many(Self::probe).into(),
            redirects: self.known(|d| d.many(Self::redirect).into()),
            resolutions: self.many(Self::resolution).into(),
            onward: self.known(|d| d.many(Self::onward).into()),
            tunnels: self.known(|d| d.many(Self::tunnel_agent).into()),
            devices: self.known(|d| {
                d.many(|d| Device {
                    serial: d.word(),
                    state: d.pick(&["device", "offline"]).to_owned(),
                    reversed: d.known(|d| d.many(Self::port)),
                    renumbered: d.many(|d| Renumbered {
                        there: d.port(),
                        here: d.port(),
                    }),
                })
                .into()
            }),
            listeners: self.known(|d| d.many(Self::listener).into()),
            processes: self.known(|d| d.many(Self::process).into()),
            containers: self.known(|d| d.many(Self::container).into()),
            engine_rules: self.known(Self::flag),
            next_door: self.known(|d| d.many(Self::next_door).into()),
            udp: self.known(|d| d.many(Self::listener).into()),
            unix_listeners: self.known(|d| d.many(Self::word).into()),
            elsewhere: self.known(|d| d.many(Self::listener).into()),
            engines: self
                .many(|d| Engine {
                    kind: d.engine_kind(),
                    endpoint: d.word(),
                    chosen_by: d.word(),
                    gap: d.maybe(Self::gap),
                })
                .into(),
            projects: self.known(|d| {
                d.many(|d| Project {
                    root: d.word(),
                    markers: d.many(|d| d.pick(&["compose.yaml", "package.json"]).to_owned()),
                    claims: d.known(|d| d.claims().into()),
                })
                .into()
            }),
            project_processes: self.known(|d| d.many(Self::process).into()),
            departed: self.known(|d| {
                d.many(|d| Departed {
                    port: d.maybe(Self::port),
                    name: d.word(),
                    ended: d.word(),
                    ago_s: d.maybe(Self::number),
                    watcher: d.maybe(Self::id),
                    restarts: d.small(),
                    seen_in: d.word(),
                    id: d.maybe(Self::id),
                    project: d.maybe(Self::word),
                    container: d.maybe(Self::word),
                    held_s: d.maybe(Self::number),
                })
                .into()
            }),
            names: self.known(Self::names),
            outside: self.known(Self::outside),
            host: self.host(),
            way: self.way(),
            taken: self.number(),
            connections: self.known(|d| d.many(Self::connection).into()),
            binding: self.known(|d| Binding {
                unprivileged_from: d.maybe(|d| d.pick(&[1024, 0, 80, 65535])),
                privileged: d.flag(),
                outgoing: d.maybe(Self::range),
                reserved: d.many(Self::range),
            }),
            units: self.known(|d| d.many(Self::unit).into()),
            pid_files: self.known(|d| d.many(Self::pid_file).into()),
            browsers: self.known(|d| d.browsers().into()),
        }
    }
}
