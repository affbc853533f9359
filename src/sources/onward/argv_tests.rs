use super::*;

fn told(kind: &str, line: &str) -> Vec<String> {
    let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let told = |p: Passage| {
        let port = |port: Option<u16>| port.map_or("?".to_owned(), |port| port.to_string());
        let host = p.host.unwrap_or_default();
        let via = p.via.map(|via| format!(" by {via}")).unwrap_or_default();
        let via_port = p.via_port.map(|p| format!(":{p}")).unwrap_or_default();
        let to = if p.socks {
            "anywhere".to_owned()
        } else {
            port(p.to)
        };
        format!("{} {host} {to}{via}{via_port}", port(p.listens))
    };
    of_command(kind, &argv).into_iter().map(told).collect()
}

#[test]
fn ssh_in_every_spelling() {
    for (line, expected) in [
        (
            "ssh -N -L 3000:localhost:8080 me@box",
            "3000 localhost 8080 by box",
        ),
        (
            "ssh -fNL3000:db:5432 -p 2222 box",
            "3000 db 5432 by box:2222",
        ),
        (
            "ssh box -L 127.0.0.1:3000:10.0.0.7:80",
            "3000 10.0.0.7 80 by box",
        ),
        (
            "ssh -L [::1]:3000:[::1]:80 ssh://me@box:23",
            "3000 ::1 80 by box:23",
        ),
        ("ssh -i key -o LocalForward=3000:x:1 box", "3000 x 1 by box"),
        (
            "ssh -oPort=7 -L *:3000:x:1 box ls -L 4:5:6",
            "3000 x 1 by box:7",
        ),
        ("ssh -ND1080 box", "1080  anywhere by box"),
        ("ssh -N -D [::1]:9050 box", "9050  anywhere by box"),
        (
            "ssh -o DynamicForward=127.0.0.1:9050 me@box",
            "9050  anywhere by box",
        ),
    ] {
        assert_eq!(told("ssh", line), [expected], "{line}");
    }
    for line in [
        "ssh box",
        "ssh -D x box",
        "ssh -L 3000 box",
        "ssh -L",
        "ssh -L 1:/x:2",
    ] {
        assert_eq!(told("ssh", line), [""; 0], "{line}");
    }
}

#[test]
fn an_agent_asks_for_a_name_or_takes_any() {
    let of = |line: &str| {
        let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
        may_be_named(&argv, "shop.ngrok.io")
    };
    for may in [
        "ngrok http 3000",
        "ngrok http -subdomain=shop 3000",
        "ngrok http --url https://shop.ngrok.io 3000",
        "cloudflared tunnel --url http://localhost:3000",
    ] {
        assert!(of(may), "{may}");
    }
    assert!(!of("ngrok http --domain=other.ngrok.app 3000"));
    assert!(!of("ngrok http -subdomain other 3000"));
}

#[test]
fn the_others() {
    for (kind, line, expected) in [
        (
            "socat",
            "socat TCP-LISTEN:3000,fork,reuseaddr TCP:localhost:8080",
            "3000 localhost 8080",
        ),
        (
            "socat",
            "socat -d -d tcp4-connect:10.0.0.1:80,retry=2 tcp-l:3000",
            "3000 10.0.0.1 80",
        ),
        ("socat", "socat TCP-LISTEN:1 TCP6:[::1]:80", "1 ::1 80"),
        (
            "kubectl",
            "kubectl -n shop port-forward svc/web 3000:80",
            "3000 svc/web 80 by the cluster",
        ),
        (
            "kubectl",
            "kubectl port-forward --address 0.0.0.0 pod/x 9090",
            "9090 pod/x 9090 by the cluster",
        ),
        (
            "kubectl",
            "kubectl port-forward pod/x :http",
            "? pod/x ? by the cluster",
        ),
        (
            "systemd-socket-proxyd",
            "/lib/systemd/systemd-socket-proxyd --exit-idle-time=5 127.0.0.1:8080",
            "? 127.0.0.1 8080",
        ),
        (
            "ngrok",
            "ngrok http 3000 --domain x.ngrok.app",
            "? localhost 3000",
        ),
        (
            "ngrok",
            "ngrok http --log=stdout http://127.0.0.1:4000",
            "? 127.0.0.1 4000",
        ),
        (
            "cloudflared",
            "cloudflared tunnel --url http://localhost:3000",
            "? localhost 3000",
        ),
        (
            "cloudflared",
            "cloudflared tunnel --url=localhost:3000/x",
            "? localhost 3000",
        ),
    ] {
        assert_eq!(told(kind, line), [expected], "{line}");
    }
    for (kind, line, expected) in [
        (
            "localtunnel",
            "node lt --port 3000 --local-host 127.0.0.1",
            "? 127.0.0.1 3000",
        ),
        ("localtunnel", "node lt -p 3000", "? localhost 3000"),
        ("devtunnel", "devtunnel host -p 3000", "? localhost 3000"),
        (
            "tailscale-funnel",
            "tailscale funnel --https=443 localhost:3000",
            "? localhost 3000",
        ),
    ] {
        assert_eq!(told(kind, line), [expected], "{line}");
    }
    for (kind, line) in [
        ("localtunnel", "node lt"),
        ("devtunnel", "devtunnel list"),
        ("socat", "socat TCP-LISTEN:3000 EXEC:cat"),
        ("kubectl", "kubectl proxy"),
        ("ngrok", "ngrok start web"),
        ("cloudflared", "cloudflared tunnel run shop"),
        ("vscode", "code"),
        ("ssh", ""),
    ] {
        assert_eq!(told(kind, line), [""; 0], "{line}");
    }
}
