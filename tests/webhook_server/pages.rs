//! What the program says of itself: the plain port, and the log.

#![cfg(unix)]

use serde_json::Value;

use crate::process::Process;
use crate::running::question;

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_when_there_is_a_certificate() {
    let process = Process::begin("pages", &["--tls-min", "1.2", "--drain-delay", "0s"]);
    process.until(200).await;
    let ready = process.page("/readyz").await;
    assert_eq!(ready.body, "ready\n");
    assert_eq!(process.page("/livez").await.status, 200);
    assert_eq!(process.page("/mutate").await.status, 404);
    process.client().await.unwrap().post("/validate", question("cart")).await.unwrap();
    let metrics = process.page("/metrics").await;
    let kind = metrics.header("content-type").unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    for line in [
        "beamgate_build_info{version=",
        "beamgate_requests_total{webhook=\"validate\",operation=\"create\",kind=\"Pod\",outcome=\"allowed\"} 1",
        "beamgate_request_duration_seconds_bucket{le=\"0.0005\",webhook=\"validate\"}",
        "beamgate_certificate_expiry_seconds 1",
        "beamgate_certificate_reloads_total{outcome=\"served\"} 1",
    ] {
        assert!(metrics.body.contains(line), "{line}: {}", metrics.body);
    }
    // No object has a series.
    assert!(!metrics.body.contains("cart") && !metrics.body.contains("shop"));
    process.signal("-TERM");
    process.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_certificate_it_is_alive_and_not_ready() {
    let nowhere = concat!(env!("CARGO_TARGET_TMPDIR"), "/no-such-folder");
    let process = Process::with("nowhere", nowhere.as_ref(), &["--drain-delay", "0s"]);
    let ready = process.page("/readyz").await;
    assert_eq!((ready.status, ready.body.as_str()), (503, "not ready: there is no certificate\n"));
    assert_eq!(process.page("/livez").await.status, 200);
    assert!(process.client().await.is_err());
    process.signal("-TERM");
    let (status, log) = process.ends().await;
    assert_eq!(status.code(), Some(0));
    assert!(log.iter().any(|line| line.contains("no-such-folder/tls.crt: No such file")), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_the_request_and_no_value_of_it() {
    let process = Process::start("log", &["--log-level", "debug", "--drain-delay", "0s"]).await;
    let mut client = process.client().await.unwrap();
    let spec =
        r#"{"spec": {"containers": [{"name": "cart", "env": [{"name": "RELEASE_COOKIE", "value": "swordfish"}]}]},"#;
    let body = question("cart").replace("\"object\":{", &format!("\"object\":{spec}"));
    for path in ["/mutate", "/validate"] {
        assert_eq!(client.post(path, &body).await.unwrap().status, 200);
    }
    assert_eq!(client.post("/mutate", "{").await.unwrap().status, 400);
    process.signal("-TERM");
    let (_, log) = process.ends().await;
    assert!(!log.iter().any(|line| line.contains("swordfish")));
    let log: Vec<Value> = log.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered: Vec<_> = log.iter().filter(|line| line["message"] == "answered").collect();
    assert_eq!(answered.len(), 2);
    for line in answered {
        for (field, value) in
            [("id", "uid of cart"), ("kind", "Pod"), ("namespace", "shop"), ("name", "cart"), ("operation", "create")]
        {
            assert_eq!(line[field], value, "{line}");
        }
        assert!(line["outcome"].is_string() && line["duration_ms"].is_number() && line["rules"].is_string(), "{line}");
    }
    let unread = log.iter().find(|line| line["message"] == "a request could not be read").unwrap();
    assert!(unread["level"] == "WARN" && unread["why"].as_str().unwrap().starts_with("not an AdmissionReview"));
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_a_log_for_people() {
    let process = Process::start("text", &["--log-format", "text", "--drain-delay", "0s"]).await;
    process.signal("-TERM");
    let (_, log) = process.ends().await;
    assert!(log.iter().any(|line| line.contains("a certificate is served")), "{log:?}");
    assert!(log.iter().all(|line| serde_json::from_str::<Value>(line).is_err()));
}
