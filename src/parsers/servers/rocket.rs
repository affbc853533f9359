//! `Rocket.toml`: a server that is built with Rocket.

use super::{default, service, take_host, take_port};
use crate::facts::{Claims, Origin, SetBy};
use crate::parsers::context::{Context, folder, join};
use crate::parsers::format;

/// The port without a setting.
const PORT: u16 = 8000;

/// The profiles of a build for developing, the strongest first.
const PROFILES: &[&str] = &["global", "debug", "default"];

/// Whether this is Rocket's file.
pub fn takes(name: &str) -> bool {
    name == "Rocket.toml"
}

/// Adds the server that this file configures.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let within = folder(path);
    let crate_there = join(within, "Cargo.toml").is_some_and(|path| cx.files.text(&path).is_ok());
    let Some(tree) = format::open(cx, path, claims) else {
        return;
    };
    if !crate_there {
        return;
    }
    let origin = Origin {
        file: path.to_owned(),
        line: 1,
        column: 1,
    };
    let mut made = service("rocket", within, &origin, &["cargo", "run"]);
    let environment = |name: &str| cx.environment.get(name).map(String::as_str);
    let named = environment("ROCKET_PROFILE");
    let profiles = PROFILES.iter().map(|profile| match *profile {
        "debug" => named.unwrap_or("debug"),
        other => other,
    });
    let find = |key: &str| {
        let mut found = profiles.clone().map(|profile| format!("{profile}.{key}"));
        found.find_map(|path| Some((tree.at(&path)?, path)))
    };
    match (environment("ROCKET_PORT").map(str::parse), find("port")) {
        (Some(Ok(port)), _) => {
            let mut wanted = default(port, &origin);
            wanted.by = SetBy::Variable;
            wanted.key = "ROCKET_PORT".to_owned();
            made.expects.push(wanted);
        }
        (_, Some((value, key))) => take_port(&mut made, &key, value),
        (_, None) => made.expects.push(default(PORT, &origin)),
    }
    if let Some((value, key)) = find("address") {
        take_host(&mut made, &key, value);
    }
    claims.services.push(made);
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    #[test]
    fn the_profile_for_developing_holds() {
        let text = "[default]\nport = 8001\naddress = \"0.0.0.0\"\n[debug]\nport = 8002\n[release]\nport = 80\n";
        let files = Held::new([("Rocket.toml", text), ("Cargo.toml", "")]);
        let claims = files.claims();
        let expects = &claims.services[0].expects[0];
        assert_eq!(expects.port, Some(8002));
        assert_eq!(expects.origin.to_string(), "Rocket.toml:5:8");
        assert_eq!(expects.host.as_deref(), Some("0.0.0.0"));
        let claims = files.claims_with(&[("ROCKET_PORT", "1")]);
        assert_eq!(claims.services[0].port(), Some(1));
    }
}
