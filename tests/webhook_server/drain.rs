//! The end of the process, as its clients see it.

#![cfg(unix)]

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::process::{LONG, Process};
use crate::running::{Running, question};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_loses_a_request_when_it_ends() {
    let process = Process::start("drain", &["--drain-delay", "2s", "--drain-timeout", "20s"]).await;
    let mut load = Vec::new();
    for _ in 0..4 {
        let mut client = process.client().await.unwrap();
        load.push(tokio::spawn(async move {
            let mut answered = 0;
            loop {
                let answer = client.post("/mutate?timeout=10s", question("cart")).await.expect("an answer");
                assert_eq!(answer.status, 200);
                answered += 1;
                if answer.closes() {
                    return answered;
                }
            }
        }));
    }
    process.signal("-TERM");
    process.until(503).await;
    // The delay: kept connections go on, and new ones are taken.
    let mut fresh = process.client().await.unwrap();
    let answer = fresh.post("/mutate", question("cart")).await.unwrap();
    assert!(answer.status == 200 && !answer.closes());
    for client in load {
        assert!(timeout(LONG, client).await.unwrap().unwrap() > 0);
    }
    // It was told in an answer, or it is after a while.
    assert!(fresh.post("/mutate", question("cart")).await.unwrap().closes());
    assert_eq!(process.ends().await.0.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_does_not_keep_it() {
    let process = Process::start("idle", &["--drain-delay", "0s", "--drain-timeout", "2s"]).await;
    let mut client = process.client().await.unwrap();
    assert_eq!(client.post("/validate", question("cart")).await.unwrap().status, 200);
    process.signal("-INT");
    assert_eq!(process.ends().await.0.code(), Some(0));
    assert!(client.ends().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    let process = Process::start("twice", &["--drain-delay", "3600s"]).await;
    process.signal("-TERM");
    process.until(503).await;
    process.signal("-TERM");
    assert_eq!(process.ends().await.0.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_answered_is_finished() {
    let running = Running::start().await;
    let mut client = running.client().await;
    let slow = tokio::spawn(async move { client.post("/validate", question("takes-3000")).await });
    while running.count("beamgate_requests_in_flight") == 0 {
        sleep(Duration::from_millis(10)).await;
    }
    running.life.end().await;
    let answer = timeout(LONG, slow).await.unwrap().unwrap().unwrap();
    assert!(answer.status == 200 && answer.closes());
    timeout(LONG, running.ended).await.unwrap().unwrap();
}
