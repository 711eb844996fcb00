//! A certificate in a folder, as the kubelet keeps it there.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use beamgate::webhook::certificates::issue::Pem;
use beamgate::webhook::metrics::Metrics;
use beamgate::webhook::tls::Served;
use beamgate::webhook::tls::files::Files;
use tokio::time::{sleep, timeout};

use crate::client::{Client, trusting};
use crate::running::{How, Running, certificate, question};

const LONG: Duration = Duration::from_secs(60);

/// A mounted Secret: `tls.crt` → `..data/tls.crt`, `..data` → `..2026_1`.
struct Mount {
    folder: PathBuf,
    version: usize,
}

impl Mount {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for file in ["tls.crt", "tls.key"] {
            symlink(Path::new("..data").join(file), folder.join(file)).unwrap();
        }
        Self { folder, version: 0 }
    }

    /// What the kubelet's atomic writer does: a new folder, the link renamed over the old one, the old folder removed.
    fn put(&mut self, certificate: &str, key: &str) {
        let old = self.folder.join(format!("..2026_{}", self.version));
        self.version += 1;
        let new = format!("..2026_{}", self.version);
        fs::create_dir(self.folder.join(&new)).unwrap();
        fs::write(self.folder.join(&new).join("tls.crt"), certificate).unwrap();
        fs::write(self.folder.join(&new).join("tls.key"), key).unwrap();
        symlink(&new, self.folder.join("..data_tmp")).unwrap();
        fs::rename(self.folder.join("..data_tmp"), self.folder.join("..data")).unwrap();
        let _ = fs::remove_dir_all(old);
    }
}

/// A server that follows a folder, and looks of itself only now and then.
async fn following(mount: &Mount, every: Duration) -> Running {
    let metrics = Arc::new(Metrics::default());
    let served = Served::nothing_yet(Arc::clone(&metrics));
    tokio::spawn(Files::new(mount.folder.clone(), Arc::clone(&served)).follow(every));
    let (authority, _) = certificate();
    Running::serving(served, authority, metrics, How::default()).await
}

/// Whether a client that trusts only this authority is answered.
async fn serves(running: &Running, authority: &Pem) -> bool {
    let Ok(mut client) = Client::connect(running.address, trusting(&[&authority.certificate])).await else {
        return false;
    };
    client.post("/mutate", question("cart")).await.is_ok_and(|answer| answer.status == 200)
}

async fn until_it_serves(running: &Running, authority: &Pem) {
    let waited = async {
        while !serves(running, authority).await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, waited).await.expect("the certificate is served");
}

/// The watch alone, and the reading alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_served_without_a_lost_request() {
    for (name, every) in [("watched", LONG * 60), ("polled", Duration::from_millis(200))] {
        let ((old, old_leaf), (new, new_leaf)) = (certificate(), certificate());
        let mut mount = Mount::new(name);
        let running = following(&mount, every).await;
        // It comes late, as where cert-manager has yet to make it.
        mount.put(&old_leaf.certificate, &old_leaf.key);
        until_it_serves(&running, &old).await;

        let (stop, address) = (Arc::new(AtomicBool::new(false)), running.address);
        let (stopped, both) = (Arc::clone(&stop), trusting(&[&old.certificate, &new.certificate]));
        let load = tokio::spawn(async move {
            let mut kept = Client::connect(address, both.clone()).await.unwrap();
            let mut answered = 0;
            while !stopped.load(Ordering::Relaxed) {
                assert_eq!(kept.post("/mutate", question("cart")).await.unwrap().status, 200);
                let mut fresh = Client::connect(address, both.clone()).await.unwrap();
                assert_eq!(fresh.post("/mutate", question("cart")).await.unwrap().status, 200);
                answered += 1;
            }
            answered
        });
        mount.put(&new_leaf.certificate, &new_leaf.key);
        until_it_serves(&running, &new).await;
        assert!(!serves(&running, &old).await);
        stop.store(true, Ordering::Relaxed);
        assert!(load.await.unwrap() > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_broken_leaves_the_old_one() {
    let ((old, old_leaf), (new, new_leaf)) = (certificate(), certificate());
    let mut mount = Mount::new("broken");
    mount.put(&old_leaf.certificate, &old_leaf.key);
    let running = following(&mount, Duration::from_millis(100)).await;
    until_it_serves(&running, &old).await;
    let failed = "beamgate_certificate_reloads_total{outcome=\"failed\"}";
    // Broken, cut off, empty, and a key of another certificate. Each is counted once, however often it is read.
    let cut = &new_leaf.certificate[..200];
    for (certificate, key) in
        [("nonsense", new_leaf.key.as_str()), (cut, &new_leaf.key), ("", ""), (&new_leaf.certificate, &old_leaf.key)]
    {
        let before = running.count(failed);
        mount.put(certificate, key);
        let counted = async {
            while running.count(failed) == before {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LONG, counted).await.unwrap();
        assert!(serves(&running, &old).await);
    }
    mount.put(&new_leaf.certificate, &new_leaf.key);
    until_it_serves(&running, &new).await;
}
