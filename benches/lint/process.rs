//! Whole processes: from the start of the program to its end.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4;

/// What a run took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub(crate) time: Duration,
    /// The peak of its resident memory, in bytes.
    pub(crate) memory: u64,
}

/// `beamgate lint` on so many cores. On Linux it is held to them; elsewhere it only starts as many threads.
pub(crate) fn lint(path: &Path, cores: usize) -> io::Result<Run> {
    pin(cores)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_beamgate"));
    command.arg("lint").arg(path).env("RAYON_NUM_THREADS", cores.to_string());
    let start = Instant::now();
    let ended = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?.wait4()?;
    let time = start.elapsed();
    pin(1)?;
    match ended.status.code() {
        Some(0 | 1) => Ok(Run { time, memory: ended.rusage.maxrss }),
        _ => Err(io::Error::other(format!("beamgate ended with {}", ended.status))),
    }
}

/// Holds this process, and those that it starts, to the first `cores` cores.
#[cfg(target_os = "linux")]
pub(crate) fn pin(cores: usize) -> io::Result<()> {
    let mut set = rustix::thread::CpuSet::new();
    (0..cores).for_each(|core| set.set(core));
    Ok(rustix::thread::sched_setaffinity(None, &set)?)
}

/// Other systems do not let processes choose.
#[cfg(not(target_os = "linux"))]
pub(crate) fn pin(_: usize) -> io::Result<()> {
    Ok(())
}
