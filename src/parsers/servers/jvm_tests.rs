use crate::parsers::context::Held;

const POM: (&str, &str) = (
    "pom.xml",
    "<artifactId>spring-boot-starter-web</artifactId>",
);

fn told(files: &Held, environment: &[(&str, &str)]) -> Vec<String> {
    let claims = files.claims_with(environment);
    let told = claims.services.iter().flat_map(|service| {
        let unknown = service
            .unknown
            .iter()
            .map(|u| format!("{} ? {}", u.origin, u.why));
        let expects = service.expects.iter().map(|e| {
            format!(
                "{} {:?} {:?} [{}] {:?}",
                e.origin, e.port, e.host, e.written, e.by
            )
        });
        expects.chain(unknown).collect::<Vec<_>>()
    });
    told.collect()
}

#[test]
fn spring_has_profiles_and_placeholders() {
    let files = Held::new([
        POM,
        (
            "src/main/resources/application.yml",
            "spring:\n  profiles:\n    active: dev\nserver:\n  port: ${PORT:8081}\n",
        ),
        (
            "src/main/resources/application-dev.properties",
            "server.address=${bind:127.0.0.1}\nmanagement.server.port=9001\n",
        ),
    ]);
    assert_eq!(
        told(&files, &[]),
        [
            "src/main/resources/application.yml:5:9 Some(8081) Some(\"127.0.0.1\") [${PORT:8081}] Config",
            "src/main/resources/application-dev.properties:2:24 Some(9001) None [9001] Config",
        ]
    );
    assert!(told(&files, &[("PORT", "7")])[0].contains("Some(7)"));
    assert!(told(&files, &[("SERVER_PORT", "6")])[0].contains("Some(6)"));
    let claims = files.claims();
    assert_eq!(claims.services[0].start, ["mvn", "spring-boot:run"]);
}

#[test]
fn what_is_not_set_is_unknown() {
    let files = Held::new([
        (
            "api/build.gradle",
            "implementation 'io.quarkus:quarkus-rest'",
        ),
        ("api/gradlew", ""),
        (
            "api/src/main/resources/application.properties",
            "quarkus.http.port=${MY_PORT}\n%dev.quarkus.http.host=0.0.0.0\n",
        ),
    ]);
    let file = "api/src/main/resources/application.properties";
    assert_eq!(
        told(&files, &[]),
        [format!("{file}:1:19 ? `MY_PORT` is not set")]
    );
    let found = told(&files, &[("MY_PORT", "1")]);
    assert!(found[0].contains("Some(1) Some(\"0.0.0.0\")"), "{found:?}");
    let claims = files.claims();
    assert_eq!(claims.services[0].name, "api");
    assert_eq!(claims.services[0].start, ["./gradlew", "quarkusDev"]);
}

#[test]
fn an_application_without_a_server_is_none() {
    let quiet = "spring.main.web-application-type=none\n";
    let files = Held::new([POM, ("application.properties", quiet)]);
    assert_eq!(told(&files, &[]), [""; 0]);
    let files = Held::new([("application.properties", "a=b\n")]);
    assert_eq!(told(&files, &[]), [""; 0]);
    let files = Held::new([POM, ("application.properties", "a=b\n")]);
    assert_eq!(
        told(&files, &[]),
        ["application.properties:1:1 Some(8080) None [] Default"]
    );
}

#[test]
fn placeholders_in_a_circle_have_an_end() {
    let text = "server.port=${a}\na=${b}${b}\nb=${a}${a}\n";
    let files = Held::new([POM, ("application.properties", text)]);
    assert_eq!(told(&files, &[]).len(), 1);
}
