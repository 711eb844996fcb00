//! What people read when something is denied, or passes with a warning.

use serde_json::json;

use super::cluster::{Ask, Cluster, documents, fixture, the};

#[test]
fn show() {
    for (path, kind) in
        [("202-service-not-headless/bad.yaml", "Deployment"), ("301-name-mismatch/bad.yaml", "StatefulSet")]
    {
        let bad = fixture(path);
        let answer = Cluster::of(&bad).ask(&Ask::create(&the(kind, &bad)));
        println!("{}\n{:?}\n{:?}", answer.denial.unwrap(), answer.warnings, answer.audit);
    }
    let good = fixture("202-service-not-headless/good.yaml");
    let answer = Cluster::of(&good).ask(&Ask::delete(&the("Service", &good)));
    println!("{:?}\n{:?}", answer.warnings, answer.audit);
}
