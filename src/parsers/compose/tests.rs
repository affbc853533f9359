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
