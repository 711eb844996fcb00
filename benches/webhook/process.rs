//! The servers, as processes.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::null::PATCH;

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// `beamgate webhook`.
    Ours(Knows),
    /// The one that reads nothing but the uid.
    Null,
    /// The same, with the same patch for everybody.
    Patching,
}

/// What a webhook watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Knows {
    /// No cluster, whatever the machine that this runs on has.
    Nothing,
    /// That of `KUBECONFIG`.
    TheCluster,
}

/// A folder with certificates.
pub(crate) struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Leaves a patch for the one that patches.
    pub(crate) fn leave(&self, patch: &str) -> io::Result<()> {
        fs::write(self.folder.join(PATCH), patch)
    }

    /// What the clients trust.
    pub(crate) fn authority(&self) -> io::Result<Vec<u8>> {
        fs::read(self.folder.join("ca.crt"))
    }
}

/// Makes certificates for `localhost`.
pub(crate) fn certificates() -> io::Result<Certificates> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("webhook-bench");
    let made = Command::new(env!("CARGO_BIN_EXE_beamgate"))
        .args(["certs", "--force", "--dns", "localhost", "--out"])
        .arg(&folder)
        .stdout(Stdio::null())
        .status()?;
    assert!(made.success());
    Ok(Certificates { folder })
}

/// A server that runs, until it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) authority: Vec<u8>,
    /// How long it took to be ready.
    pub(crate) ready: Duration,
}

impl Server {
    /// Starts one, on the first core.
    pub(crate) fn start(which: Which, certificates: &Certificates) -> io::Result<Self> {
        let (address, health) = (free()?, free()?);
        let mut command = match which {
            Which::Ours(knows) => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_beamgate"));
                command.args(["webhook", "--listen", &address.to_string()]);
                command.args(["--health-listen", &health.to_string(), "--tls-dir"]).arg(&certificates.folder);
                if knows == Knows::Nothing {
                    command.env("KUBECONFIG", "/dev/null");
                }
                command
            }
            Which::Null | Which::Patching => {
                let mut command = Command::new(std::env::current_exe()?);
                command
                    .arg(if which == Which::Null { "null" } else { "patch" })
                    .arg(&certificates.folder)
                    .arg(address.port().to_string());
                command
            }
        };
        pin(0)?;
        let began = Instant::now();
        // As the Deployment has it. The log is written, and not read.
        command.env("MIMALLOC_ALLOW_THP", "0");
        let child = command.stderr(Stdio::null()).spawn();
        pin(1)?;
        let child = child?;
        match which {
            Which::Ours(_) => while !is_ready(health) {},
            Which::Null | Which::Patching => while TcpStream::connect(address).is_err() {},
        }
        Ok(Self { child, address, authority: certificates.authority()?, ready: began.elapsed() })
    }

    /// The processor's time that it has had, in seconds.
    pub(crate) fn processor(&self) -> io::Result<f64> {
        // `man proc_pid_stat`: 14 and 15, in hundredths, counted from behind the name, which may hold spaces.
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks = |at: usize| fields.get(at).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or(f64::NAN);
        Ok((ticks(11) + ticks(12)) / 100.0)
    }

    /// What is resident of it, in MiB.
    pub(crate) fn memory(&self) -> io::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|kib| kib.parse::<f64>().ok());
        Ok(kib.unwrap_or(f64::NAN) / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_ready(health: SocketAddr) -> bool {
    sleep(Duration::from_millis(1));
    let asked = || {
        let mut stream = TcpStream::connect(health)?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        io::Result::Ok(answer)
    };
    asked().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

fn free() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// Holds this thread, and what it starts, to a core.
#[cfg(target_os = "linux")]
pub(crate) fn pin(core: usize) -> io::Result<()> {
    let mut set = rustix::thread::CpuSet::new();
    set.set(core);
    Ok(rustix::thread::sched_setaffinity(None, &set)?)
}

/// Other systems do not let processes choose.
#[cfg(not(target_os = "linux"))]
pub(crate) fn pin(_: usize) -> io::Result<()> {
    Ok(())
}
