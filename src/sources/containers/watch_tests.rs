//! Engines that are played: what they say, and what they leave unsaid.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Longer than any machine needs, however busy it is.
const LONG: Duration = Duration::from_secs(20);

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
                    Transfer-Encoding: chunked\r\n\r\n";

/// How an engine that is played takes the request for its events.
#[derive(Clone, Copy)]
enum Manner {
    /// It sends these and goes on listening.
    Tells(&'static [&'static str]),
    /// It sends these and hangs up.
    HangsUp(&'static [&'static str]),
    /// It answers no request at all.
    SaysNothing,
    /// It sends the begin of an answer to every request.
    StopsInTheHeader,
}

/// Plays an engine; counts how often its events were asked for.
async fn play(manner: Manner) -> (Endpoint, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(answer(connection, manner, Arc::clone(&count)));
        }
    });
    (Endpoint::chosen(url), asked)
}

async fn answer(mut connection: TcpStream, manner: Manner, asked: Arc<AtomicUsize>) {
    let mut request = [0; 4096];
    let read = connection.read(&mut request).await.unwrap();
    let line = String::from_utf8_lossy(&request[..read]).into_owned();
    let (lines, stays) = match manner {
        Manner::SaysNothing => return std::future::pending().await,
        Manner::StopsInTheHeader => {
            connection.write_all(b"HTTP/1.1 200 O").await.unwrap();
            return std::future::pending().await;
        }
        _ if line.contains("/_ping") => {
            let pong = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK";
            return connection.write_all(pong.as_bytes()).await.unwrap();
        }
        Manner::Tells(lines) => (lines, true),
        Manner::HangsUp(lines) => (lines, false),
    };
    asked.fetch_add(1, Ordering::SeqCst);
    let mut text = HEAD.to_owned();
    for line in lines {
        text.push_str(&format!("{:x}\r\n{line}\n\r\n", line.len() + 1));
    }
    if connection.write_all(text.as_bytes()).await.is_ok() && stays {
        std::future::pending().await
    }
}

fn block_on<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(test)
}

/// A watch that listens to these engines and looks for no others.
fn watch(engines: Vec<Endpoint>) -> Watch {
    let mut watch = Watch::new(true);
    for engine in engines {
        let back = Arc::new(Notify::new());
        let follower = follow(engine, back, Arc::clone(&watch.shared));
        watch.tasks.spawn(follower);
    }
    watch
}

async fn hint(watch: &mut Watch, within: Duration) -> bool {
    timeout(within, watch.next()).await.is_ok()
}

async fn until(what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < LONG, "waited in vain: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

const START: &str = r#"{"Type":"container","Action":"start","Actor":{"ID":"a"},"time":1}"#;
const EXEC: &str = r#"{"Type":"container","Action":"exec_start: true","Actor":{"ID":"a"}}"#;
const HEALTH: &str = r#"{"Type":"container","Action":"health_status: healthy","time":1}"#;
const PULL: &str = r#"{"Type":"image","Action":"pull","time":1}"#;
const JOIN: &str = r#"{"Type":"network","Action":"connect","time":1}"#;

#[test]
fn only_what_changes_a_container_matters() {
    let told = |text: &str| matters(&serde_json::from_str(text).unwrap());
    for text in [START, HEALTH, JOIN] {
        assert!(told(text), "{text}");
    }
    for text in [EXEC, PULL, r#"{"Type":"volume","Action":"create"}"#, "{}"] {
        assert!(!told(text), "{text}");
    }
    // Podman's old way to say it.
    assert!(told(r#"{"Type":"container","Action":"died"}"#));
}

#[test]
fn an_engine_that_talks_is_heard() {
    block_on(async {
        let (engine, _) = play(Manner::Tells(&[EXEC, PULL])).await;
        let mut watch = watch(vec![engine]);
        // That it is listened to is a hint by itself; health checks and images are none.
        assert!(hint(&mut watch, LONG).await);
        assert_eq!(watch.mode(), "docker: listening");
        assert!(!hint(&mut watch, Duration::from_millis(800)).await);
        let (engine, _) = play(Manner::Tells(&[START, START, HEALTH])).await;
        let back = Arc::new(Notify::new());
        watch
            .tasks
            .spawn(follow(engine, back, Arc::clone(&watch.shared)));
        assert!(hint(&mut watch, LONG).await);
        assert!(hint(&mut watch, LONG).await);
        assert!(!hint(&mut watch, Duration::from_millis(800)).await);
    });
}

#[test]
fn engines_that_hang_keep_nobody_waiting() {
    block_on(async {
        let (silent, _) = play(Manner::SaysNothing).await;
        let (half, _) = play(Manner::StopsInTheHeader).await;
        let (well, _) = play(Manner::Tells(&[])).await;
        let mut watch = watch(vec![silent, half, well]);
        assert!(hint(&mut watch, LONG).await);
        assert!(watch.mode().contains("docker: listening"));
        until("both are found to hang", || {
            watch.mode().matches("docker: hangs").count() == 2
        })
        .await;
        assert!(watch.mode().contains("docker: listening"));
    });
}

#[test]
fn an_engine_that_hangs_up_is_asked_again_and_less_and_less_often() {
    block_on(async {
        let (engine, asked) = play(Manner::HangsUp(&[START])).await;
        let mut watch = watch(vec![engine]);
        let began = Instant::now();
        while asked.load(Ordering::SeqCst) < 4 {
            assert!(hint(&mut watch, LONG).await);
        }
        // 0.1, 0.2 and 0.4 seconds lie between.
        assert!(began.elapsed() >= Duration::from_millis(700));
    });
}

#[test]
fn nonsense_and_an_end_in_the_middle_end_nothing() {
    block_on(async {
        let (nonsense, asked) = play(Manner::HangsUp(&["<html>"])).await;
        let (half, half_asked) = play(Manner::HangsUp(&[r#"{"Type":"cont"#])).await;
        let (well, _) = play(Manner::Tells(&[START])).await;
        let mut watch = watch(vec![nonsense, half, well]);
        assert!(hint(&mut watch, LONG).await);
        until("both are asked again", || {
            asked.load(Ordering::SeqCst) > 1 && half_asked.load(Ordering::SeqCst) > 1
        })
        .await;
        assert!(watch.mode().contains("docker: listening"));
    });
}

#[test]
fn a_watch_that_is_off_asks_nobody() {
    block_on(async {
        let mut watch = Watch::new(false);
        assert!(!hint(&mut watch, Duration::from_millis(300)).await);
        assert_eq!(watch.mode(), "off");
    });
}

#[test]
fn a_hint_is_not_lost_by_whoever_did_not_wait_for_it() {
    block_on(async {
        let mut watch = watch(Vec::new());
        watch.tasks.spawn(std::future::pending());
        watch.shared.hint.notify_one();
        assert!(hint(&mut watch, LONG).await);
        watch.shared.hint.notify_one();
        // Too soon after the last one to be told.
        assert!(!hint(&mut watch, Duration::from_millis(1)).await);
        assert!(hint(&mut watch, LONG).await);
    });
}
