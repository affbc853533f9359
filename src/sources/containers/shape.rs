//! The engine's answer about one container, turned into facts. Pure.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bollard::models::{
    ContainerInspectResponse, ContainerStateStatusEnum, NetworkSettings, PortMap,
};

use super::{calls, command, logs, timestamp};
use crate::facts::{
    Compose, Container, ContainerState, Dependency, EngineKind, Known, Network, PortSpec, Proto,
    Publish, clean,
};

/// The container that an engine describes; `now` is in seconds since the Unix epoch.
pub(super) fn container(told: ContainerInspectResponse, now: i64) -> Container {
    let state = told.state.unwrap_or_default();
    let config = told.config.unwrap_or_default();
    let host = told.host_config.unwrap_or_default();
    let network = told.network_settings.unwrap_or_default();
    let status = status(state.status);
    let ended = !matches!(status, ContainerState::Running | ContainerState::Paused);
    let failed = state.exit_code.is_some_and(|code| code != 0);
    let since = |moment: Option<String>| {
        let moment = timestamp::unix_seconds(&moment?)?;
        Some(u64::try_from(now - moment).unwrap_or(0))
    };
    let text = |text: Option<String>| {
        text.map(|text| clean(&text))
            .filter(|text| !text.is_empty())
    };
    let mut words: Vec<String> = config.entrypoint.unwrap_or_default();
    words.extend(config.cmd.unwrap_or_default());
    if words.is_empty() {
        words.extend(told.path);
        words.extend(told.args.unwrap_or_default());
    }
    let dials = calls::given(&config.env.unwrap_or_default(), &words);
    let extra_hosts = host.extra_hosts.unwrap_or_default();
    let declared = config.exposed_ports.unwrap_or_default();
    Container {
        id: clean(&told.id.unwrap_or_default()),
        name: clean(told.name.unwrap_or_default().trim_start_matches('/')),
        image: text(config.image).or(text(told.image)).unwrap_or_default(),
        // Its make is known only when it has told its version.
        engine: EngineKind::default(),
        state: status,
        // A container that was only made has a code if starting it failed.
        exit_code: state
            .exit_code
            .filter(|_| ended && (status != ContainerState::Created || failed)),
        oom_killed: state.oom_killed.unwrap_or(false),
        error: text(state.error),
        health: state
            .health
            .and_then(|health| health.status)
            .map(|status| status.to_string())
            .filter(|status| !status.is_empty() && status != "none"),
        restarts: told
            .restart_count
            .map_or(0, |count| u32::try_from(count).unwrap_or(0)),
        restart_policy: host
            .restart_policy
            .and_then(|policy| policy.name)
            .map(|name| name.to_string())
            .filter(|name| !name.is_empty()),
        started_s: since(state.started_at),
        finished_s: since(state.finished_at).filter(|_| ended),
        pid: state
            .pid
            .and_then(|pid| u32::try_from(pid).ok())
            .filter(|pid| *pid > 0),
        wants: publishes(host.port_bindings.as_ref()),
        published: publishes(network.ports.as_ref()),
        exposed: exposed(&declared, network.ports.as_ref()),
        network_mode: text(host.network_mode).unwrap_or_default(),
        networks: networks(network),
        compose: config.labels.as_ref().and_then(compose),
        inside: Known::default(),
        log_tail: Known::default(),
        failed_dials: Vec::new(),
        dials,
        extra_hosts: extra_hosts.iter().map(|entry| clean(entry)).collect(),
        endpoint: String::new(),
        takes: Known::default(),
        framework: command::framework(&words).map(|row| row.key.clone()),
        command: words.iter().map(|word| clean(&logs::mask(word))).collect(),
    }
}

fn status(told: Option<ContainerStateStatusEnum>) -> ContainerState {
    use ContainerStateStatusEnum as Told;
    match told {
        Some(Told::CREATED) => ContainerState::Created,
        Some(Told::PAUSED) => ContainerState::Paused,
        Some(Told::RESTARTING) => ContainerState::Restarting,
        Some(Told::REMOVING) => ContainerState::Removing,
        Some(Told::EXITED) => ContainerState::Exited,
        Some(Told::DEAD) => ContainerState::Dead,
        Some(Told::RUNNING | Told::STOPPING | Told::EMPTY) | None => ContainerState::Running,
    }
}

/// What a map of `8080/tcp` to host addresses publishes, in the order of the ports.
fn publishes(map: Option<&PortMap>) -> Vec<Publish> {
    let mut found = Vec::new();
    let sorted: BTreeMap<_, _> = map.into_iter().flatten().collect();
    for (key, bindings) in sorted {
        let Some(spec) = port_spec(key) else { continue };
        for binding in bindings.iter().flatten() {
            let host_port = binding.host_port.as_deref().unwrap_or_default();
            found.push(Publish {
                host_ip: binding
                    .host_ip
                    .as_deref()
                    .and_then(|ip| ip.trim_matches(['[', ']']).parse().ok()),
                host_port: host_port.parse().ok().filter(|port| *port != 0),
                container_port: spec.port,
                proto: spec.proto,
            });
        }
    }
    merge_families(found)
}

/// `0.0.0.0` and `[::]` on one port are one mapping on every address.
fn merge_families(mut list: Vec<Publish>) -> Vec<Publish> {
    let v4 = Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let v6 = Some(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    let mut at = 0;
    while at < list.len() {
        if list[at].host_ip == v4 {
            let twin = Publish {
                host_ip: v6,
                ..list[at].clone()
            };
            if let Some(other) = list.iter().position(|publish| *publish == twin) {
                list[at].host_ip = None;
                list.remove(other);
                // What was before us has moved.
                at = at.min(other);
                continue;
            }
        }
        at += 1;
    }
    list.sort_by_key(|publish| (publish.container_port, publish.host_port));
    list.dedup();
    list
}

/// `8080/tcp`, `8080`.
fn port_spec(key: &str) -> Option<PortSpec> {
    let (port, proto) = key.split_once('/').unwrap_or((key, "tcp"));
    let proto = match proto {
        "tcp" => Proto::Tcp,
        "udp" => Proto::Udp,
        _ => return None,
    };
    Some(PortSpec {
        port: port.parse().ok()?,
        proto,
    })
}

fn exposed(declared: &[String], ports: Option<&PortMap>) -> Vec<PortSpec> {
    let mut found: Vec<PortSpec> = declared
        .iter()
        .chain(ports.into_iter().flat_map(PortMap::keys))
        .filter_map(|key| port_spec(key))
        .collect();
    found.sort_by_key(|spec| (spec.port, spec.proto));
    found.dedup();
    found
}

fn networks(settings: NetworkSettings) -> Vec<Network> {
    let sorted: BTreeMap<_, _> = settings.networks.unwrap_or_default().into_iter().collect();
    let address = |text: Option<String>| text.and_then(|text| text.parse().ok());
    sorted
        .into_iter()
        .map(|(name, on)| Network {
            name: clean(&name),
            ip: address(on.ip_address).or(address(on.global_ipv6_address)),
            gateway: address(on.gateway),
            internal: Known::default(),
        })
        .collect()
}

fn compose(labels: &std::collections::HashMap<String, String>) -> Option<Compose> {
    let label = |name: &str| {
        labels
            .get(&format!("com.docker.compose.{name}"))
            .map(|value| clean(value))
            .filter(|value| !value.is_empty())
    };
    Some(Compose {
        project: label("project")?,
        service: label("service")?,
        working_dir: label("project.working_dir"),
        config_files: label("project.config_files")
            .map(|files| files.split(',').map(str::to_owned).collect())
            .unwrap_or_default(),
        depends_on: label("depends_on").map_or_else(Vec::new, |list| dependencies(&list)),
    })
}

/// `db:service_started:false,cache:service_healthy:true`.
fn dependencies(list: &str) -> Vec<Dependency> {
    let entries = list.split(',').map(|entry| {
        let mut parts = entry.split(':');
        let mut next = || parts.next().unwrap_or_default().to_owned();
        Dependency {
            service: next(),
            condition: next(),
        }
    });
    entries.filter(|one| !one.service.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shaped(json: &str) -> Container {
        let told = serde_json::from_str(json).unwrap();
        // 2026-11-22T08:00:00Z
        container(told, 1_795_334_400)
    }

    #[test]
    fn a_stopped_container_keeps_what_it_wanted_to_publish() {
        let container = shaped(
            r#"{"Id":"ab","Name":"/web","RestartCount":2,"Path":"/srv","Args":["x"],
            "State":{"Status":"exited","ExitCode":137,"OOMKilled":true,"Error":"","Pid":0,
              "StartedAt":"2026-11-22T07:58:00.5Z","FinishedAt":"2026-11-22T07:59:00Z"},
            "Config":{"Image":"shop:1","Cmd":["npx","next","dev","--token=s3cret"],"ExposedPorts":{"8080/tcp":{}},
              "Labels":{"com.docker.compose.project":"shop","com.docker.compose.service":"web",
                "com.docker.compose.project.working_dir":"/home/me/shop",
                "com.docker.compose.depends_on":"db:service_started:false,cache:service_healthy:true",
                "com.docker.compose.project.config_files":"/home/me/shop/a.yml,/home/me/shop/b.yml"}},
            "HostConfig":{"NetworkMode":"shop_default","RestartPolicy":{"Name":"on-failure"},
              "PortBindings":{"8080/tcp":[{"HostIp":"127.0.0.1","HostPort":"3000"}],
                              "53/udp":[{"HostIp":"","HostPort":""}]}},
            "NetworkSettings":{"Ports":{},"Networks":{"shop_default":{"IPAddress":""}}}}"#,
        );
        assert_eq!(container.name, "web");
        assert_eq!(container.state, ContainerState::Exited);
        assert_eq!(container.exit_code, Some(137));
        assert!(container.oom_killed);
        assert_eq!(
            (container.started_s, container.finished_s),
            (Some(120), Some(60))
        );
        assert_eq!(container.pid, None);
        assert_eq!(container.published, []);
        assert_eq!(container.wants.len(), 2);
        assert_eq!(container.wants[0].proto, Proto::Udp);
        assert_eq!(container.wants[0].host_port, None);
        assert_eq!(container.wants[1].host_port, Some(3000));
        assert_eq!(
            container.wants[1].host_ip,
            Some("127.0.0.1".parse().unwrap())
        );
        assert_eq!(container.framework.as_deref(), Some("next"));
        assert_eq!(container.command.last().unwrap(), "--token=…");
        assert_eq!(container.restart_policy.as_deref(), Some("on-failure"));
        let compose = container.compose.unwrap();
        assert_eq!(compose.config_files.len(), 2);
        assert_eq!(compose.depends_on.len(), 2);
        assert_eq!(compose.depends_on[1].service, "cache");
        assert_eq!(compose.depends_on[1].condition, "service_healthy");
        assert_eq!(compose.working_dir.as_deref(), Some("/home/me/shop"));
    }

    #[test]
    fn both_families_are_one_mapping() {
        let container = shaped(
            r#"{"Id":"ab","Name":"/web","State":{"Status":"running","Pid":7,"ExitCode":0,
              "Health":{"Status":"starting"},
              "StartedAt":"2026-11-22T07:58:00Z","FinishedAt":"0001-01-01T00:00:00Z"},
            "NetworkSettings":{"Ports":{"8080/tcp":[{"HostIp":"0.0.0.0","HostPort":"3000"},
               {"HostIp":"::","HostPort":"3000"}],"9229/tcp":null},
               "Networks":{"bridge":{"IPAddress":"172.17.0.2"}}}}"#,
        );
        assert_eq!(
            container.published,
            [Publish {
                host_ip: None,
                host_port: Some(3000),
                container_port: 8080,
                proto: Proto::Tcp
            }]
        );
        assert_eq!(container.exposed.len(), 2);
        assert_eq!(container.health.as_deref(), Some("starting"));
        assert_eq!((container.exit_code, container.finished_s), (None, None));
        assert_eq!(
            container.networks[0].ip,
            Some("172.17.0.2".parse().unwrap())
        );
    }

    #[test]
    fn one_family_alone_stays_what_it_is() {
        let container = shaped(
            r#"{"State":{"Status":"running"},"NetworkSettings":{"Ports":{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"80"}]}}}"#,
        );
        assert_eq!(
            container.published[0].host_ip,
            Some("0.0.0.0".parse().unwrap())
        );
    }

    #[test]
    fn a_container_that_could_not_be_started_says_why() {
        let container = shaped(
            r#"{"Name":"/a\u001bb","State":{"Status":"created","ExitCode":128,
              "Error":"driver failed: port is already allocated",
              "StartedAt":"0001-01-01T00:00:00Z","FinishedAt":"0001-01-01T00:00:00Z"}}"#,
        );
        assert_eq!(container.exit_code, Some(128));
        assert!(container.error.is_some());
        assert_eq!(container.name, "a\u{fffd}b");
        assert_eq!(shaped("{}").state, ContainerState::Running);
    }
}
