//! What comes of a body, and of a path and method that are not ours.

use beamgate::webhook::server::BODY_LIMIT;

use crate::running::{Running, question};

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_with_its_uid() {
    let running = Running::start().await;
    let mut client = running.client().await;
    for path in ["/mutate", "/validate?timeout=5s", "/mutate"] {
        let answer = client.post(path, question("cart")).await.unwrap();
        let response = &answer.json()["response"];
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
        assert_eq!((&response["uid"], &response["allowed"]), (&"uid of cart".into(), &true.into()));
    }
    let denied = client.post("/validate", question("denied")).await.unwrap().json();
    assert_eq!(denied["response"]["status"]["message"], "BG301: no");
    assert_eq!(running.count("beamgate_requests_total{webhook=\"validate\",operation=\"create\",kind=\"Pod\""), 2);
    assert_eq!(running.count("beamgate_request_duration_seconds_count"), 4);
    assert_eq!(running.count("beamgate_requests_in_flight"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_question_is_told_why() {
    let running = Running::start().await;
    let deep = |depth: usize| {
        let object = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        question("cart").replace("{\"metadata\":{\"name\":\"cart\"}}", &object)
    };
    let mut cut = question("cart");
    cut.pop();
    let mut not_utf8 = question("cart").into_bytes();
    not_utf8[30] = 0xff;
    let bodies: [(&str, Vec<u8>, &str); 10] = [
        ("empty", vec![], "the body is empty"),
        ("not JSON", b"kind: AdmissionReview".into(), "not an AdmissionReview: expected value at line 1"),
        ("cut off", cut.into(), "not an AdmissionReview: EOF"),
        ("not UTF-8", not_utf8, "not an AdmissionReview: "),
        ("a list", b"[]".into(), "not an AdmissionReview: "),
        ("no request", br#"{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}"#.into(), "missing field"),
        (
            "an answer",
            br#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{}}"#.into(),
            "missing field",
        ),
        (
            "an older version",
            question("cart").replace("k8s.io/v1", "k8s.io/v1beta1").into(),
            "AdmissionReview of admission.k8s.io/v1beta1: only AdmissionReview of admission.k8s.io/v1 is answered",
        ),
        ("another kind", question("cart").replace("AdmissionReview", "TokenReview").into(), "TokenReview of"),
        ("deeply nested", deep(100_000).into(), "the body is nested too deeply"),
    ];
    let mut client = running.client().await;
    for (what, body, why) in bodies {
        let answer = client.post("/mutate", body).await.unwrap();
        assert_eq!(answer.status, 400, "{what}");
        assert!(answer.body.contains(why), "{what}: {}", answer.body);
    }
    // All of that was on one connection, which still works.
    assert_eq!(client.post("/mutate", deep(127)).await.unwrap().status, 200);
    assert_eq!(running.count("beamgate_requests_total{webhook=\"mutate\",operation=\"unknown\""), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_have_seven_mebibytes_and_not_a_byte_more() {
    let running = Running::start().await;
    let body = |size: usize| {
        let question = question("cart");
        let (head, tail) = question.split_at(question.len() - 1);
        format!("{head}, \"more\": \"{}\"{tail}", "x".repeat(size - question.len() - ", \"more\": \"\"".len()))
    };
    let mut client = running.client().await;
    let full = body(BODY_LIMIT);
    assert_eq!((full.len(), BODY_LIMIT), (7 << 20, 7 * 1024 * 1024));
    assert_eq!(client.post("/mutate", full).await.unwrap().status, 200);
    let answer = client.post("/mutate", body(BODY_LIMIT + 1)).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (413, "the body is larger than 7340032 bytes\n"));
    // Nor where no length was said.
    let mut client = running.client().await;
    client.send(b"POST /mutate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n").await.unwrap();
    let chunk = [format!("{:x}\r\n", 1 << 20).as_bytes(), &[b' '; 1 << 20], b"\r\n"].concat();
    for _ in 0..8 {
        client.send(&chunk).await.unwrap();
    }
    client.send(b"0\r\n\r\n").await.unwrap();
    assert_eq!(client.answer().await.unwrap().status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_quoted_is_short() {
    let running = Running::start().await;
    let body = question("cart").replace("CREATE", &"x".repeat(100_000));
    let answer = running.client().await.post("/mutate", body).await.unwrap();
    assert_eq!(answer.status, 400);
    assert!(answer.body.len() < 400, "{}", answer.body.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_paths_and_methods_are_told_what_there_is() {
    let running = Running::start().await;
    let mut client = running.client().await;
    let answer = client.get("/mutate").await.unwrap();
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
    assert_eq!(answer.body, "an AdmissionReview is sent with POST\n");
    let answer = client.post("/metrics", "").await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (404, "there are /mutate and /validate\n"));
}
