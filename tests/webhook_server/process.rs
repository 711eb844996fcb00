//! The program itself, as a process.

#![cfg(unix)]

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout};

use crate::client::{Client, NAME, Response, trusting};

/// Long enough for everything that is bound to happen.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// `beamgate webhook`.
pub(crate) struct Process {
    child: Child,
    address: SocketAddr,
    health: SocketAddr,
    authority: String,
    log: JoinHandle<Vec<String>>,
}

impl Process {
    /// Starts it, with a certificate from `beamgate certs`.
    pub(crate) async fn start(name: &str, arguments: &[&str]) -> Self {
        let process = Self::begin(name, arguments);
        process.until(200).await;
        process
    }

    /// Starts it, and does not wait until it is ready.
    pub(crate) fn begin(name: &str, arguments: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        Self::with(name, &folder, arguments)
    }

    /// Starts it, with another folder for the certificate than that where one was made.
    pub(crate) fn with(name: &str, served: &Path, arguments: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let made = beamgate().args(["certs", "--force", "--dns", NAME, "--out"]).arg(&folder).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let mut child = beamgate()
            .args(["webhook", "--listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0", "--tls-dir"])
            .arg(served)
            .args(arguments)
            // Nothing of the machine that the tests run on.
            .env("KUBECONFIG", "/dev/null")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut next = || loop {
            let line = log.next().expect("a log").unwrap();
            let Some((_, after)) = line.split_once("listening").and_then(|(_, rest)| rest.split_once("127.0.0.1:"))
            else {
                continue;
            };
            let port: String = after.chars().take_while(char::is_ascii_digit).collect();
            break SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap()));
        };
        let (address, health) = (next(), next());
        let log = spawn_blocking(move || log.map_while(Result::ok).collect());
        let authority = std::fs::read_to_string(folder.join("ca.crt")).unwrap();
        Self { child, address, health, authority, log }
    }

    /// A page of the plain port.
    pub(crate) async fn page(&self, path: &str) -> Response {
        Client::plain(self.health).await.unwrap().get(path).await.unwrap()
    }

    /// A client of it.
    pub(crate) async fn client(&self) -> std::io::Result<Client> {
        Client::connect(self.address, trusting(&[&self.authority])).await
    }

    /// Waits until `/readyz` answers so.
    pub(crate) async fn until(&self, status: u16) {
        let waited = async {
            while self.page("/readyz").await.status != status {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LONG, waited).await.unwrap();
    }

    /// Sends a signal: `-TERM`.
    pub(crate) fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// How it ends, and what it has logged.
    pub(crate) async fn ends(mut self) -> (ExitStatus, Vec<String>) {
        let waited = spawn_blocking(move || self.child.wait());
        let status = timeout(LONG, waited).await.expect("it ends").unwrap().unwrap();
        (status, self.log.await.unwrap())
    }
}

fn beamgate() -> Command {
    Command::new(PathBuf::from(env!("CARGO_BIN_EXE_beamgate")))
}
