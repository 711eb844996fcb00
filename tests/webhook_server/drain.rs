//! The end of the process, as its clients see it.

#![cfg(unix)]

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::client::{Client, NAME, trusting};
use crate::running::{Running, question};

const LONG: Duration = Duration::from_secs(60);

/// `beamgate webhook`.
struct Process {
    child: Child,
    address: SocketAddr,
    health: SocketAddr,
    authority: String,
}

impl Process {
    /// Starts it, with a certificate from `beamgate certs`.
    async fn start(name: &str, arguments: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let made = beamgate().args(["certs", "--force", "--dns", NAME, "--out"]).arg(&folder).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let mut child = beamgate()
            .args(["webhook", "--listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0", "--tls-dir"])
            .arg(&folder)
            .args(arguments)
            // Nothing of the machine that the tests run on.
            .env("KUBECONFIG", "/dev/null")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut next = || loop {
            let line: serde_json::Value = serde_json::from_str(&log.next().expect("a log").unwrap()).unwrap();
            if line["message"] == "listening" {
                break line["address"].as_str().unwrap().parse().unwrap();
            }
        };
        let (address, health) = (next(), next());
        std::thread::spawn(move || log.for_each(drop));
        let authority = std::fs::read_to_string(folder.join("ca.crt")).unwrap();
        let process = Self { child, address, health, authority };
        process.until(200).await;
        process
    }

    async fn client(&self) -> std::io::Result<Client> {
        Client::connect(self.address, trusting(&[&self.authority])).await
    }

    /// Waits until `/readyz` answers so.
    async fn until(&self, status: u16) {
        let waited = async {
            while Client::plain(self.health).await.unwrap().get("/readyz").await.unwrap().status != status {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LONG, waited).await.unwrap();
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    async fn ends(mut self) -> ExitStatus {
        let waited = spawn_blocking(move || self.child.wait());
        timeout(LONG, waited).await.expect("it ends").unwrap().unwrap()
    }
}

fn beamgate() -> Command {
    Command::new(PathBuf::from(env!("CARGO_BIN_EXE_beamgate")))
}

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
    assert_eq!(process.ends().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_does_not_keep_it() {
    let process = Process::start("idle", &["--drain-delay", "0s", "--drain-timeout", "2s"]).await;
    let mut client = process.client().await.unwrap();
    assert_eq!(client.post("/validate", question("cart")).await.unwrap().status, 200);
    process.signal("-INT");
    assert_eq!(process.ends().await.code(), Some(0));
    assert!(client.ends().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    let process = Process::start("twice", &["--drain-delay", "3600s"]).await;
    process.signal("-TERM");
    process.until(503).await;
    process.signal("-TERM");
    assert_eq!(process.ends().await.code(), Some(1));
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
