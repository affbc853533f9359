use crate::facts::Claims;
use crate::parsers::context::Held;

/// Each service as `name @folder framework: port by key written place | start`.
fn told(claims: &Claims) -> Vec<String> {
    let one = |service: &crate::facts::Service| {
        let ports = service.expects.iter().map(|expects| {
            let port = expects.port.map_or("-".to_owned(), |port| port.to_string());
            let host = expects.host.iter().map(|host| format!("{host}:"));
            let host: String = host.collect();
            let sure = if expects.certain { "" } else { "?" };
            let by = format!("{:?}", expects.by).to_lowercase();
            format!(" {host}{port}{sure} {by}")
        });
        let ports: String = ports.collect();
        let framework = service.framework.as_deref().unwrap_or("-");
        format!("{} [{}] {framework}{ports}", service.name, service.folder)
    };
    claims.services.iter().map(one).collect()
}

/// The services of one package whose `dev` script is this.
fn dev(line: &str) -> Vec<String> {
    let line = serde_json::to_string(line).unwrap();
    let text = format!("{{\"name\": \"web\", \"scripts\": {{\"dev\": {line}}}}}");
    told(&Held::new([("package.json", &text)]).claims())
}

#[test]
fn a_script_that_starts_a_server_is_a_service() {
    for (line, expected) in [
        ("next dev", "web [] next 3000 default"),
        ("next dev -p 4001", "web [] next 4001 flag"),
        ("next dev --port=4001", "web [] next 4001 flag"),
        ("next dev -p4001", "web [] next 4001 flag"),
        ("PORT=4000 next dev", "web [] next 4000 variable"),
        ("PORT=4000 next dev -p 4001", "web [] next 4001 flag"),
        (
            "cross-env PORT=4000 NODE_ENV=x next dev",
            "web [] next 4000 variable",
        ),
        ("env -u A PORT=4000 next dev", "web [] next 4000 variable"),
        ("set PORT=4000 && next dev", "web [] next 4000 variable"),
        ("export PORT=4000; next dev", "web [] next 4000 variable"),
        ("next dev -p ${PORT:-4000}", "web [] next 4000 flag"),
        ("next dev -p $PORT", "web [] next 3000? default"),
        ("vite --host", "web [] vite 0.0.0.0:5173 default"),
        (
            "vite --host 127.0.0.1 --port 3001",
            "web [] vite 127.0.0.1:3001 flag",
        ),
        ("tsc -b && vite", "web [] vite 5173 default"),
        ("npx -y vite@7 --port 1", "web [] vite 1 flag"),
        ("pnpm exec vite --port 1", "web [] vite 1 flag"),
        ("yarn vite --port 1", "web [] vite 1 flag"),
        ("bunx --bun vite --port 1", "web [] vite 1 flag"),
        ("./node_modules/.bin/vite --port 1", "web [] vite 1 flag"),
        (
            "node --inspect node_modules/.bin/vite --port 1",
            "web [] vite 1 flag",
        ),
        (
            "wait-on http://localhost:1 && vite --port 1",
            "web [] vite 1 flag",
        ),
        ("sh -c 'vite --port 1'", "web [] vite 1 flag"),
        ("cd apps/web && vite --port 1", "web [apps/web] vite 1 flag"),
        ("nodemon --exec \"next dev -p 4\"", "web [] next 4 flag"),
        ("PORT=4000 nodemon server.js", "web [] - 4000? variable"),
        ("tsx watch src/index.ts --port 4100", "web [] - 4100? flag"),
        ("poetry run next dev", "web [] next 3000 default"),
    ] {
        assert_eq!(dev(line), [expected], "{line}");
    }
}

#[test]
fn other_commands_are_none() {
    for line in [
        "vite build",
        "next build",
        "tsc --watch",
        "jest --port 3",
        "PORT=3000 playwright test",
        "docker compose up -d",
        "node scripts/build.js --port 3",
        "",
        "\"",
        "npm install",
        "eslint .",
        "PORT=1 tsx scripts/seed.ts",
    ] {
        assert_eq!(dev(line), [""; 0], "{line}");
    }
}

#[test]
fn a_port_keeps_its_place() {
    let files = Held::new([(
        "package.json",
        "{\n  \"scripts\": {\n    \"dev\": \"X=\\\"a b\\\" next dev -p 4001\"\n  }\n}",
    )]);
    let claims = files.claims();
    let expects = &claims.services[0].expects[0];
    assert_eq!(expects.origin.to_string(), "package.json:3:35");
    assert_eq!(
        (expects.key.as_str(), expects.written.as_str()),
        ("-p", "4001")
    );
}
