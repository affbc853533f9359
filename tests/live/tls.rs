//! Certificates: real ones, made by openssl, and a trust store of the story's own.

use std::fs;

use crate::stage::{Ask, Server, Stage, run, stories};

const URL: &str = "https://localhost:3000/";

/// Makes an authority, `ca.pem`.
fn authority(stage: &Stage) {
    let folder = stage.folder().display().to_string();
    run(&format!(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /O=Story/CN=Story-CA \
         -keyout {folder}/ca.key -out {folder}/ca.pem"
    ));
}

/// Makes a certificate, signed by the authority, with these names, which is valid for so
/// many days from now; those of the past are over.
fn certificate(stage: &Stage, names: &str, days: i64) {
    let folder = stage.folder().display().to_string();
    fs::write(
        format!("{folder}/names"),
        format!("subjectAltName={names}\n"),
    )
    .unwrap();
    run(&format!(
        "openssl req -new -newkey rsa:2048 -nodes -subj /CN=story -keyout {folder}/key.pem \
         -out {folder}/request.pem"
    ));
    let day = |days: i64| {
        let output = std::process::Command::new("date")
            .args(["-u", "-d", &format!("{days} days"), "+%Y%m%d%H%M%SZ"])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    // `openssl x509` takes no date in the past.
    fs::write(
        format!("{folder}/ca.conf"),
        format!(
            "[ca]\ndefault_ca = own\n[own]\ndatabase = {folder}/index\nserial = {folder}/serial\n\
             new_certs_dir = {folder}\ndefault_md = sha256\npolicy = any\n\
             [any]\ncommonName = supplied\n"
        ),
    )
    .unwrap();
    fs::write(format!("{folder}/index"), "").unwrap();
    fs::write(format!("{folder}/serial"), "01\n").unwrap();
    let (from, to) = if days > 0 {
        (day(-1), day(days))
    } else {
        (day(days - 10), day(days))
    };
    run(&format!(
        "openssl ca -batch -notext -config {folder}/ca.conf -cert {folder}/ca.pem \
         -keyfile {folder}/ca.key -in {folder}/request.pem -out {folder}/cert.pem \
         -extfile {folder}/names -startdate {from} -enddate {to}"
    ));
}

/// A server with that certificate.
fn server(stage: &Stage) -> Server {
    server_with(stage, &[])
}

/// The same, with more options.
fn server_with(stage: &Stage, options: &[&str]) -> Server {
    let words = [
        "openssl", "s_server", "-accept", "3000", "-key", "key.pem", "-cert", "cert.pem", "-www",
    ];
    stage.program(&[&words, options].concat(), &stage.folder(), "ACCEPT")
}

/// Asks, where the authority of the story is trusted.
fn trusting(stage: &Stage, target: &str) -> Ask {
    let store = stage.folder().join("ca.pem");
    Ask::new(target).var("SSL_CERT_FILE", &store.display().to_string())
}

stories! {
    fn trusted(stage) {
        if !stage.needs(&["openssl"]) {
            return;
        }
        authority(stage);
        certificate(stage, "DNS:localhost,IP:127.0.0.1", 20);
        let _server = server(stage);
        stage.ask(trusting(stage, URL)).is_well();
        stage.ask(trusting(stage, "https://127.0.0.1:3000/")).is_well();
        // The same server, where somebody else is trusted.
        authority(stage);
        stage
            .ask(trusting(stage, URL))
            .finds("DD603")
            .first("says", "signed by Story-CA, whom this machine does not trust")
            .first("confidence", "likely");
    }

    fn for_another_name(stage) {
        if !stage.needs(&["openssl"]) {
            return;
        }
        authority(stage);
        certificate(stage, "DNS:shop.test", 20);
        let _server = server(stage);
        stage
            .ask(trusting(stage, URL))
            .finds("DD603")
            .first("says", "is for shop.test, not for localhost")
            .first("confidence", "certain");
    }

    fn over(stage) {
        if !stage.needs(&["openssl"]) {
            return;
        }
        authority(stage);
        certificate(stage, "DNS:localhost", -3);
        let _server = server(stage);
        stage
            .ask(trusting(stage, URL))
            .finds("DD603")
            .first("says", "expired 3 days ago")
            .first("confidence", "certain");
    }

    fn signed_by_itself(stage) {
        if !stage.needs(&["openssl"]) {
            return;
        }
        let folder = stage.folder().display().to_string();
        run(&format!(
            "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
             -addext subjectAltName=DNS:localhost -keyout {folder}/key.pem -out {folder}/cert.pem"
        ));
        let _server = server(stage);
        stage
            .why(URL)
            .finds("DD603")
            .first("says", "signed by itself")
            .fix("mkcert localhost 127.0.0.1 ::1");
        // Whoever trusts this very certificate is served.
        fs::copy(format!("{folder}/cert.pem"), format!("{folder}/ca.pem")).unwrap();
        stage.ask(trusting(stage, URL)).is_well();
    }

    fn signed_by_ones_own_mkcert(stage) {
        if !stage.needs(&["openssl"]) {
            return;
        }
        authority(stage);
        certificate(stage, "DNS:localhost", 20);
        let _server = server(stage);
        let root = stage.folder().join("caroot");
        fs::create_dir_all(&root).unwrap();
        fs::copy(stage.folder().join("ca.pem"), root.join("rootCA.pem")).unwrap();
        let root = root.display().to_string();
        stage
            .ask(Ask::new(URL).var("CAROOT", &root))
            .finds("DD603")
            .fix("mkcert -install")
            .fix(&format!("curl --cacert {root}/rootCA.pem https://localhost:3000/"));
    }

    fn no_authority_at_all(stage) {
        if !stage.needs(&["openssl"]) {
            return;
        }
        authority(stage);
        certificate(stage, "DNS:localhost", 20);
        let _server = server(stage);
        let empty = stage.folder().join("empty.pem");
        fs::write(&empty, "").unwrap();
        stage
            .ask(Ask::new(URL).var("SSL_CERT_FILE", &empty.display().to_string()))
            .finds("DD603")
            .first("says", "trusts no certificate authority at all");
    }

    fn only_http2_over_tls_is_well(stage) {
        if !stage.needs(&["openssl"]) {
            return;
        }
        authority(stage);
        certificate(stage, "DNS:localhost", 20);
        let _server = server_with(stage, &["-alpn", "h2"]);
        let answer = stage.ask(trusting(stage, URL));
        answer.is_well();
        assert_eq!(answer.json["probes"][0]["answer"], "HTTP/2 over TLS");
    }

    fn a_certificate_of_the_client_is_wanted(stage) {
        if !stage.needs(&["openssl"]) {
            return;
        }
        authority(stage);
        certificate(stage, "DNS:localhost", 20);
        let _server = server_with(stage, &["-Verify", "1"]);
        stage
            .ask(trusting(stage, URL))
            .finds("DD603")
            .first("says", "wants a certificate of the client");
    }

    fn nothing_in_common(stage) {
        if !stage.needs(&["openssl"]) {
            return;
        }
        authority(stage);
        certificate(stage, "DNS:localhost", 20);
        let _server = server_with(stage, &["-tls1_2", "-cipher", "AES128-SHA"]);
        let answer = stage.ask(trusting(stage, URL));
        answer.finds("DD999").verdict("bad-protocol");
    }
}
