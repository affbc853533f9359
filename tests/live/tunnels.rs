//! Public tunnels: the real agent of ngrok with its own interface. Its public end cannot be
//! reached from a test, so that a second network namespace answers in its place, after the
//! errors that ngrok documents; the agent is never connected.

use crate::bring;
use crate::machine::pass_over;
use crate::outside::Internet;
use crate::stage::{Answer, is_inside, tell};

/// The states of the places on the way, in their order.
fn states(answer: &Answer) -> Vec<&str> {
    let hops = answer.json["hops"].as_array().into_iter().flatten();
    hops.map(|hop| hop["state"].as_str().unwrap()).collect()
}

#[test]
fn ngrok() {
    let name = "ngrok";
    if !is_inside()
        && let Err(why) = bring::ngrok()
    {
        return pass_over(name, &why);
    }
    tell(module_path!(), name, |stage| {
        if !stage.needs(&["nsenter"]) {
            return;
        }
        stage.cover(
            "/etc/hosts",
            "127.0.0.1 localhost\n203.0.113.9 shop.ngrok.io\n",
        );
        let internet = Internet::with(stage, &["203.0.113.9/32"]);
        let asked = "http://shop.ngrok.io/";
        let edge = internet.server(stage, "edge 404 ERR_NGROK_3200 203.0.113.9:80");
        stage
            .why(asked)
            .finds("DD723")
            .verdict("error-status")
            .first("says", "none is seen on this machine");
        let agent = bring::ngrok().unwrap();
        let agent = agent.to_str().unwrap();
        let words = [agent, "http", "-subdomain=shop", "-log=stdout", "3000"];
        let agent = stage.program(&words, &stage.work(), "starting web service");
        let answer = stage.why(asked);
        answer
            .finds("DD723")
            .first("says", "runs here, and has no such tunnel");
        answer.first("says", &format!("(pid {})", agent.pid()));
        drop(edge);
        let _edge = internet.server(stage, "edge 502 ERR_NGROK_8012 203.0.113.9:80");
        let answer = stage.why(asked);
        answer.finds("DD723").first("confidence", "likely").first(
            "says",
            "carries shop.ngrok.io to localhost:3000 of this machine, which refuses",
        );
        assert_eq!(states(&answer), ["ok", "unknown", "failed"]);
        // The local server is well by now: what the public end says is another matter.
        let _server = stage.server("serve 127.0.0.1:3000");
        let answer = stage.why(asked);
        answer.finds("DD607");
        assert_eq!(states(&answer), ["ok", "unknown", "ok"]);
    });
}
