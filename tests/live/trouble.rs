//! A cluster that cannot be asked.

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::scene::silent;
use crate::server::{self, kubeconfig, refused};
use crate::{run, said};

#[test]
fn trouble_is_one_line_that_says_what_to_do() {
    fn expired(_: &str) -> (u16, Value) {
        refused(401, "Unauthorized")
    }
    let server = server::serve(expired, silent);
    let config = kubeconfig("live-trouble", &server, &json!({}));
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = kubeconfig("live-gone", &format!("http://{nobody}"), &json!({}));
    let line = |config: &Path, options: &[&str]| {
        let start = Instant::now();
        let output = run(config, &[&["lint", "--with-cluster"], options].concat());
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        said(&output)
    };
    let no_file = Path::new("/nowhere/config");
    assert_eq!(
        line(&config, &[]),
        format!(
            "beamgate: the API server at {server} does not accept the credentials (Unauthorized); log in anew, or choose another --context\n"
        )
    );
    assert_eq!(
        line(&config, &["--context", "prod"]),
        "beamgate: no cluster: there is no context `prod` in the kubeconfig; choose one with --context: it\n"
    );
    let text = line(&gone, &[]);
    assert!(text.starts_with(&format!("beamgate: the API server at http://{nobody} is not reached: ")), "{text}");
    assert!(text.contains("onnection refused") && text.lines().count() == 1, "{text}");
    let text = line(no_file, &[]);
    assert!(text.starts_with("beamgate: no cluster: ") && text.contains("/nowhere/config"), "{text}");
    assert!(text.ends_with("KUBECONFIG names the file, as it does for kubectl\n"), "{text}");
    let text = line(&config, &["--kubeconfig", "/nowhere/config"]);
    assert!(text.contains("/nowhere/config") && text.lines().count() == 1, "{text}");

    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let deaf = kubeconfig("live-deaf", &format!("http://{}", deaf.local_addr().unwrap()), &json!({}));
    assert_eq!(
        line(&deaf, &["--timeout", "1s"]),
        "beamgate: the cluster's API does not answer in time; --timeout gives more\n"
    );
}

#[test]
fn options_for_a_cluster_want_one() {
    for options in [&["--context", "it"] as &[_], &["--kubeconfig", "x"], &["-A"], &["--timeout", "1s"]] {
        let output = run(Path::new("/nowhere"), &[&["lint", "."], options].concat());
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        assert!(said(&output).contains("--with-cluster"), "{}", said(&output));
    }
}
