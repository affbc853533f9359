//! The name, the client itself, and other machines.

use crate::stage::{Ask, Server, Stage, run, stories};

/// Another machine, at 10.9.0.2: a network namespace at the other end of a cable.
fn other_machine(stage: &Stage) -> Server {
    let there = stage.program(
        &["unshare", "--net", "sh", "-c", "echo up; exec sleep 600"],
        &stage.work(),
        "up",
    );
    let pid = there.pid();
    run("ip link add near type veth peer name far");
    run(&format!("ip link set far netns {pid}"));
    run("ip addr add 10.9.0.1/24 dev near");
    run("ip link set near up");
    let inside = format!("nsenter --net --target {pid}");
    run(&format!("{inside} ip addr add 10.9.0.2/24 dev far"));
    run(&format!("{inside} ip link set far up"));
    there
}

stories! {
    fn name_not_found(stage) {
        stage.why("http://db.internal.test:5432").finds("DD101").verdict("unresolved");
    }

    fn hosts_entry(stage) {
        stage.cover("/etc/hosts", "127.0.0.1 localhost\n0.0.0.0 ads.example.com\n");
        stage.why("http://ads.example.com/").finds("DD103");
    }

    fn unsafe_port(stage) {
        let _server = stage.server("serve [::]:6000");
        stage.why("http://localhost:6000/").finds("DD901");
    }

    fn hsts_of_a_domain(stage) {
        stage.cover("/etc/hosts", "127.0.0.1 localhost shop.dev shop.test\n");
        let _server = stage.server("serve [::]:3000");
        stage.why("http://shop.dev:3000").finds("DD902").first("confidence", "certain");
        stage.why("http://shop.test:3000").exits(0);
        // There is no browser in the home of this story.
        let answer = stage.ask(Ask::new("http://shop.test:3000").flag("--browser"));
        assert_eq!(answer.exits(0).json["browsers"], serde_json::json!([]));
    }

    fn remote_refuses(stage) {
        if !stage.needs(&["nsenter"]) {
            return;
        }
        let _there = other_machine(stage);
        stage.why("10.9.0.2:3000").finds("DD911").verdict("refused");
    }

    fn remote_silent(stage) {
        if !stage.needs(&["nsenter", "nft"]) {
            return;
        }
        let there = other_machine(stage);
        let inside = format!("nsenter --net --target {} nft add", there.pid());
        run(&format!("{inside} table inet story"));
        run(&format!(
            "{inside} chain inet story input {{ type filter hook input priority 0 ; }}"
        ));
        run(&format!("{inside} rule inet story input tcp dport 3000 drop"));
        stage.why("10.9.0.2:3000").finds("DD912").verdict("timed-out");
    }
}
