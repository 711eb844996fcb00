//! Clients that say nothing, or little, or are too many.

use std::time::Duration;

use beamgate::webhook::server::Limits;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::client::Client;
use crate::running::{How, Running, question};

/// Long enough for everything that is bound to happen.
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(400);

fn impatient() -> How {
    How { limits: Limits { handshake: SHORT, head: SHORT, ..Limits::default() }, ..How::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_shake_hands_is_let_go() {
    let running = Running::with(impatient()).await;
    let mut silent = Client::plain(running.address).await.unwrap();
    let mut strange = Client::plain(running.address).await.unwrap();
    strange.send(b"GET /mutate HTTP/1.1\r\n\r\n").await.unwrap();
    assert_eq!(running.client().await.post("/mutate", question("cart")).await.unwrap().status, 200);
    assert!(timeout(LONG, silent.ends()).await.unwrap());
    // An alert comes first.
    while !timeout(LONG, strange.ends()).await.unwrap() {}
    while running.count("beamgate_handshake_failures_total") < 2 {
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_come_ends_the_connection() {
    let running = Running::with(impatient()).await;
    let mut silent = running.client().await;
    assert!(timeout(LONG, silent.ends()).await.unwrap());

    // A byte now and then is no head either; nor is it after an answer.
    let mut slow = running.client().await;
    assert_eq!(slow.post("/mutate", question("cart")).await.unwrap().status, 200);
    let sent = async {
        for byte in b"POST /mutate HTTP/1.1\r\nHost: beamgate.test\r\n".iter().cycle() {
            if slow.send(&[*byte]).await.is_err() {
                return;
            }
            sleep(SHORT / 8).await;
        }
    };
    timeout(LONG, sent).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_kept() {
    let running = Running::with(impatient()).await;
    let mut client = running.client().await;
    for _ in 0..3 {
        assert_eq!(client.post("/mutate", question("cart")).await.unwrap().status, 200);
        sleep(SHORT * 3).await;
    }
    let answer = client.post("/mutate", question("cart")).await.unwrap();
    assert!(answer.status == 200 && !answer.closes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_idle_for_ever_is_closed() {
    let limits = Limits { idle: SHORT, ..Limits::default() };
    let running = Running::with(How { limits, ..How::default() }).await;
    let mut client = running.client().await;
    assert_eq!(client.post("/mutate", question("cart")).await.unwrap().status, 200);
    assert!(timeout(LONG, client.ends()).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let running = Running::start().await;
    let mut client = running.client().await;
    client.send(b"POST /mutate?timeout=500ms HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{").await.unwrap();
    let answer = timeout(LONG, client.answer()).await.unwrap().unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (408, "the body did not come in time\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_connections_are_answered() {
    let running = Running::start().await;
    let mut clients = JoinSet::new();
    let count = files_for(1000);
    for _ in 0..count {
        let client = running.client().await;
        clients.spawn(async move {
            let mut client = client;
            for _ in 0..3 {
                assert_eq!(client.post("/validate", question("takes-50")).await.unwrap().status, 200);
            }
            client
        });
    }
    let clients = timeout(LONG, clients.join_all()).await.unwrap();
    assert_eq!(running.count("beamgate_connections"), count as i64);
    drop(clients);
}

/// So many connections, or as many as the system lets a process have: each of their ends is a file.
fn files_for(connections: usize) -> usize {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let most = getrlimit(Resource::Nofile).maximum;
        setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }).unwrap();
        let most = most.map_or(usize::MAX, |most| usize::try_from(most).unwrap());
        connections.min((most - 200) / 2)
    }
    #[cfg(not(target_os = "linux"))]
    connections.min(100)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_too_many_waits_for_room() {
    let limits = Limits { connections: 2, ..Limits::default() };
    let running = Running::with(How { limits, ..How::default() }).await;
    let (first, mut second) = (running.client().await, running.client().await);
    let third = running.client();
    let mut third = std::pin::pin!(third);
    assert!(timeout(Duration::from_millis(300), third.as_mut()).await.is_err());
    assert_eq!(second.post("/mutate", question("cart")).await.unwrap().status, 200);
    drop(first);
    let mut third = timeout(LONG, third).await.unwrap();
    assert_eq!(third.post("/mutate", question("cart")).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_gives_way_to_one_that_waits() {
    let limits = Limits { connections: 1, yields: SHORT, ..Limits::default() };
    let running = Running::with(How { limits, ..How::default() }).await;
    let mut idle = running.client().await;
    assert_eq!(idle.post("/mutate", question("cart")).await.unwrap().status, 200);
    let mut other = timeout(LONG, running.client()).await.unwrap();
    assert_eq!(other.post("/mutate", question("cart")).await.unwrap().status, 200);
    assert!(timeout(LONG, idle.ends()).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_waits_too_long_for_room_is_closed() {
    let limits = Limits { connections: 1, handshake: SHORT, ..Limits::default() };
    let running = Running::with(How { limits, ..How::default() }).await;
    let _first = running.client().await;
    let mut second = Client::<TcpStream>::plain(running.address).await.unwrap();
    assert!(timeout(LONG, second.ends()).await.unwrap());
    assert_eq!(running.count("beamgate_shed_total"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_share_their_room_and_small_ones_need_none() {
    let running = Running::start().await;
    let large = vec![b'x'; 6 << 20];
    let mut holders = JoinSet::new();
    let refused = loop {
        let mut client = running.client().await;
        // It does not send all that it announces, and so holds what it has sent.
        let head = b"POST /mutate?timeout=30s HTTP/1.1\r\nHost: x\r\nContent-Length: 7000000\r\n\r\n";
        client.send(head).await.unwrap();
        client.send(&large).await.unwrap();
        holders.spawn(async move { client.answer().await });
        if let Ok(first) = timeout(SHORT, holders.join_next()).await {
            break first.unwrap().unwrap();
        }
        assert!(holders.len() < 20);
    };
    let answer = refused.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (503, "too many large requests at once\n"));
    assert_eq!(running.client().await.post("/mutate", question("cart")).await.unwrap().status, 200);
    assert!(running.count("beamgate_shed_total{what=\"room\"}") > 0);
}
