use super::normalised;
use crate::facts::{Claims, Proto};
use crate::parsers::context::Held;

/// `web: 127.0.0.1:3000 -> 80 @compose.yaml:4:9`, a line each.
fn ports(claims: &Claims) -> Vec<String> {
    let mut lines = Vec::new();
    for service in &claims.services {
        for wants in &service.expects {
            let host = wants.host.as_deref().unwrap_or("*");
            let port = wants.port.map_or("?".to_owned(), |port| port.to_string());
            let target = wants.target.unwrap_or_default();
            let udp = if wants.protocol == Proto::Udp {
                "/udp"
            } else {
                ""
            };
            let name = &service.name;
            lines.push(format!(
                "{name}: {host}:{port} -> {target}{udp} @{}",
                wants.origin
            ));
        }
    }
    lines
}

#[test]
fn a_service_is_told_with_its_place() {
    let files = Held::new([(
        "compose.yaml",
        "services:\n  web:\n    command: next dev\n    ports:\n      - \"3000:3000\"\n  db:\n    image: postgres\n",
    )]);
    let claims = files.claims();
    assert_eq!(ports(&claims), ["web: *:3000 -> 3000 @compose.yaml:5:9"]);
    let web = claims.service("web").unwrap();
    assert_eq!(web.origin.to_string(), "compose.yaml:2:3");
    assert_eq!(web.framework.as_deref(), Some("next"));
    assert_eq!(web.start, ["docker", "compose", "up", "-d", "web"]);
    assert_eq!(web.expects[0].written, "\"3000:3000\"");
    assert!(web.expects[0].certain);
    assert!(claims.service("db").unwrap().expects.is_empty());
}

#[test]
fn names_are_made_as_compose_makes_them() {
    assert_eq!(normalised("My Shop.v2"), "myshopv2");
    assert_eq!(normalised("_-x_Y-1"), "x_y-1");
}

#[test]
fn the_server_is_found_through_the_image_and_its_scripts() {
    let files = Held::new([
        (
            "compose.yaml",
            "services:\n  web:\n    build: ./web\n    network_mode: host\n    environment: [PORT=4100]\n  \
             api:\n    build: { context: api, target: dev }\n    ports: ['4000:4000']\n",
        ),
        (
            "web/Dockerfile",
            "FROM node\nCMD [\"npm\", \"run\", \"dev\"]\n",
        ),
        (
            "web/package.json",
            "{ \"name\": \"web\", \"scripts\": { \"dev\": \"next dev\" } }",
        ),
        (
            "api/Dockerfile",
            "FROM python AS dev\nCMD uvicorn main:app --port 4000\nFROM dev\nCMD true\n",
        ),
    ]);
    let claims = files.claims_with(&[("PORT", "9999")]);
    let of_compose = |name: &str| {
        let mut all = claims.services.iter();
        all.find(|one| one.compose_project.is_some() && one.start.last().is_some_and(|n| n == name))
            .unwrap()
    };
    assert_eq!(of_compose("api").framework.as_deref(), Some("uvicorn"));
    let web = of_compose("web");
    assert_eq!(web.framework.as_deref(), Some("next"));
    assert_eq!(web.port(), Some(4100), "{web:?}");
    assert!(!web.expects[0].certain);
}

#[test]
fn a_circle_or_a_bomb_of_extends_and_includes_comes_to_an_end() {
    let mut text = "services:\n".to_owned();
    for n in 0..60 {
        text += &format!("  s{n}: {{ extends: s{}, ports: ['{n}:{n}'] }}\n", n + 1);
    }
    let includes = "include: [a.yaml, b.yaml, a.yaml, b.yaml]\nservices: { x: { image: x } }\n";
    let files = Held::new([
        ("compose.yaml", &*text),
        ("in/compose.yaml", includes),
        ("in/a.yaml", includes),
        ("in/b.yaml", includes),
    ]);
    let claims = files.claims();
    assert!(!claims.broken.is_empty());
}

#[test]
fn an_included_project_is_told_once() {
    let files = Held::new([
        ("compose.yaml", "include: [db/compose.yaml]\n"),
        (
            "db/compose.yaml",
            "services: { db: { image: db, ports: ['5432:5432'] } }",
        ),
    ]);
    let claims = files.claims();
    assert_eq!(claims.services.len(), 1, "{claims:?}");
    assert_eq!(
        claims.services[0].start,
        ["docker", "compose", "up", "-d", "db"]
    );
    assert_eq!(claims.services[0].folder, "");
}

#[test]
fn a_file_of_another_name_stands_alone() {
    let text = |port: u16| format!("services: {{ web: {{ image: x, ports: ['{port}:80'] }} }}");
    let files = Held::new([
        ("docker-compose.dev.yml", &*text(3000)),
        ("docker-compose.prod.yml", &*text(80)),
    ]);
    let claims = files.claims();
    let groups: Vec<_> = claims
        .services
        .iter()
        .filter_map(|s| s.group.clone())
        .collect();
    assert_eq!(
        groups,
        ["docker-compose.dev.yml", "docker-compose.prod.yml"]
    );
    let start = [
        "docker",
        "compose",
        "-f",
        "docker-compose.dev.yml",
        "up",
        "-d",
        "web",
    ];
    assert_eq!(claims.services[0].start, start);
}
