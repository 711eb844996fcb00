//! `beamgate certs`: certificates for development.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use super::managed::lifetime;
use crate::webhook::certificates::issue::Pem;

/// The arguments of `beamgate certs`.
#[derive(Debug, clap::Args)]
pub(super) struct CertsArgs {
    /// The folder to write `ca.crt`, `tls.crt` and `tls.key` to. It is made if it is not there.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,

    /// A name or an address by which the server is asked; may be repeated.
    #[arg(long, value_name = "NAME", required = true, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    dns: Vec<String>,

    /// How long the certificates are valid.
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = lifetime)]
    lifetime: Duration,

    /// Write over files that are there.
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &CertsArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let now = Timestamp::now();
    let authority = Pem::authority(now, args.lifetime)?;
    let leaf = authority.sign(&args.dns, now, now + args.lifetime)?;
    let folder = &args.out;
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    // The key of the authority is not kept: what it signed is all that it will ever sign.
    let files = [("ca.crt", authority.certificate), ("tls.crt", leaf.certificate), ("tls.key", leaf.key)];
    let files = files.map(|(name, text)| (folder.join(name), text));
    // All or none: of two certificates, half of each is worth nothing.
    if let Some((there, _)) = files.iter().find(|(file, _)| !args.force && file.exists()) {
        bail!("{}: is there already; --force writes over it", there.display());
    }
    for (file, text) in files {
        write(&file, &text).with_context(|| file.display().to_string())?;
    }
    writeln!(out, "{}: ca.crt, tls.crt and tls.key for {}", folder.display(), args.dns.join(", "))?;
    Ok(ExitCode::SUCCESS)
}

/// A key is for its owner's eyes only, from its first byte on, whatever was there before.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if file.extension().is_some_and(|extension| extension == "key") {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    // One that was left behind.
    let _ = fs::remove_file(&part);
    options.open(&part)?.write_all(text.as_bytes())?;
    fs::rename(&part, file)
}
