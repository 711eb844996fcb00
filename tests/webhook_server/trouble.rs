//! Panics, and answers that are late.

use std::time::{Duration, Instant};

use crate::running::{Running, question};

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_answers_its_own_question_and_nothing_else() {
    let running = Running::start().await;
    let mut other = running.client().await;
    let slow = tokio::spawn(async move { other.post("/validate", question("takes-500")).await });

    let mut client = running.client().await;
    let judged = client.post("/validate", question("panics")).await.unwrap();
    let response = judged.json()["response"].clone();
    assert_eq!((judged.status, &response["allowed"]), (200, &true.into()));
    let warning = "beamgate did not judge this, and lets it pass: an error inside beamgate";
    assert_eq!((&response["warnings"][0], &response["uid"]), (&warning.into(), &"uid of panics".into()));

    let injected = client.post("/mutate", question("panics")).await.unwrap();
    assert_eq!((injected.status, injected.body.as_str()), (500, "nothing was injected: an error inside beamgate\n"));

    assert_eq!(client.post("/mutate", question("cart")).await.unwrap().status, 200);
    assert_eq!(slow.await.unwrap().unwrap().status, 200);
    assert_eq!(running.count("beamgate_requests_in_flight"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_comes_before_the_api_server_has_gone() {
    let running = Running::start().await;
    let mut client = running.client().await;
    let asked = Instant::now();
    let answer = client.post("/validate?timeout=1s", question("takes-60000")).await.unwrap();
    let response = answer.json()["response"].clone();
    assert_eq!(response["allowed"], true);
    let warning = "beamgate did not judge this, and lets it pass: no time was left";
    assert_eq!(response["warnings"][0], warning);
    assert!(asked.elapsed() < Duration::from_secs(30));
}
